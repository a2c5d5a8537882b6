/* event.c - the reader, which normalizes records to canonical events. */
#include <sodium.h>
#include <stdlib.h>
#include "priv/reader.h"

struct dnc_event_reader *dnc_event_reader_new(const struct dnc_event_options *options)
{
	/* Before this, ids are hashed without the CPU's instructions for it, which takes three times as long. */
	struct dnc_event_reader *r = sodium_init() < 0 ? NULL : calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->options = *options;
	if (!r->options.region)
		r->options.region = "US";
	if (!r->options.source_format)
		r->options.source_format = "ndjson";
	r->beside = (struct dnc_beside_context){
		.region = r->options.region, .strict = r->options.strict_phone};
	r->parser = dnc_json_parser_new();
	if (!r->parser || !dnc_buf_reserve(&r->out, DNC_EVENT_MAX_BYTES * 2)) {
		dnc_event_reader_free(r);
		return NULL;
	}
	dnc_fields_init();
	return r;
}

void dnc_event_reader_free(struct dnc_event_reader *r)
{
	if (!r)
		return;
	dnc_json_parser_free(r->parser);
	dnc_buf_free(&r->out);
	dnc_buf_free(&r->scratch);
	dnc_buf_free(&r->record);
	dnc_beside_finish(&r->beside);
	for (size_t i = 0; i < READER_TEMPLATES; i++)
		template_finish(&r->templates[i]);
	for (size_t i = 0; r->molds && i < MOLDS; i++)
		mold_finish(&r->molds[i]);
	free(r->molds);
	free(r);
}

void dnc_event_reader_format(struct dnc_event_reader *r, const char *source_format)
{
	r->options.source_format = source_format;
}

void dnc_event_reader_position(
	struct dnc_event_reader *r, struct dnc_event_run *run, uint64_t line, uint64_t item)
{
	struct record_position *p = &r->position;
	bool again = p->run == run && p->line == line && p->item == item;

	*p = (struct record_position){run, line, item, again ? p->same + 1 : 0};
}

/* The code of the parser becomes a reject code; DNC_ERROR_NO_MEMORY stays. */
static int json_reject(struct dnc_error *err)
{
	switch (err->code) {
	case DNC_ERROR_NO_MEMORY:
		break;
	case DNC_JSON_EUTF8:
		err->code = DNC_REJECT_INVALID_UTF8;
		break;
	case DNC_JSON_ELIMIT:
		err->code = DNC_REJECT_TOO_LARGE;
		break;
	default:
		err->code = DNC_REJECT_INVALID_JSON;
	}
	return -1;
}

static int normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_beside_context *beside, struct dnc_event *out, struct dnc_error *err)
{
	struct dnc_event_shape shape;
	struct dnc_str line;

	r->doc_of = 0;
	if (dnc_json_parse(r->parser, text, n, &r->doc, err) < 0)
		return json_reject(err);
	if (r->doc.node[0].type != DNC_JSON_OBJECT)
		return draft_reject(
			err, DNC_REJECT_NOT_AN_OBJECT, "", "the record is not a JSON object");
	if (draft_read(&r->draft, &r->doc, &r->options, beside, err) < 0)
		return -1;
	dnc_buf_clear(&r->scratch);
	draft_identify(&r->draft, &r->position, &r->scratch);
	if (!dnc_buf_ok(&r->scratch))
		return dnc_error_nomem(err);
	draft_write(&r->draft, r->options.source_format, &r->out, &shape);
	if (!dnc_buf_reserve(&r->out, DNC_JSON_PADDING) || !dnc_buf_ok(&r->out))
		return dnc_error_nomem(err);
	if (r->out.n > DNC_EVENT_MAX_BYTES)
		return draft_reject(
			err, DNC_REJECT_TOO_LARGE, "", "the event is longer than 32768 bytes");
	line = dnc_buf_view(&r->out);
	if (dnc_str_eq(line, (struct dnc_str){text, n})) {
		line.p = text;
		r->doc_of = r->events + 1; /* the event that is made next */
	}
	return dnc_event_from_shape(r, line, 0, &shape, out) < 0 ? dnc_error_nomem(err) : 0;
}

int dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err)
{
	return normalize(r, text, n, &r->beside, out, err);
}

int reader_normalize_read(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err)
{
	return normalize(r, text, n, NULL, out, err);
}

bool dnc_event_field_is_text(enum dnc_type type, struct dnc_str field)
{
	enum dnc_field f;

	dnc_fields_init();
	f = dnc_field_find(type, field);
	if (f == FIELD_NONE)
		return !dnc_str_eq(field, DNC_STR("event_data")) &&
		       !dnc_str_eq(field, DNC_STR("metadata"));
	return dnc_fields[f].kind == KIND_STRING || dnc_fields[f].kind == KIND_ID ||
	       dnc_fields[f].kind == KIND_TIME || dnc_fields[f].kind == KIND_PHONE ||
	       dnc_fields[f].kind == KIND_ANY;
}
