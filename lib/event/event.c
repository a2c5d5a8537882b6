/* event.c - records to canonical events, and canonical events to their parts. */
#include <stdlib.h>
#include "base/clock.h"
#include "priv/draft.h"

struct dnc_event_reader {
	struct dnc_event_options options;
	struct dnc_json_parser *parser;
	struct dnc_json view; /* of the line dnc_event_parse() took apart last */
	struct draft draft;
	struct record_place place; /* of the record that comes next */
	struct dnc_buf out, scratch;
};

struct dnc_event_reader *dnc_event_reader_new(const struct dnc_event_options *options)
{
	struct dnc_event_reader *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->options = *options;
	if (!r->options.region)
		r->options.region = "US";
	if (!r->options.source_format)
		r->options.source_format = "ndjson";
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
	free(r);
}

void dnc_event_reader_format(struct dnc_event_reader *r, const char *source_format)
{
	r->options.source_format = source_format;
}

void dnc_event_reader_place(
	struct dnc_event_reader *r, struct dnc_event_run *run, uint64_t line, uint64_t item)
{
	struct record_place *p = &r->place;
	bool again = p->run == run && p->line == line && p->item == item;

	*p = (struct record_place){run, line, item, again ? p->same + 1 : 0};
}

static int json_reject(struct dnc_error *err)
{
	switch (err->code) {
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

int dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_str *out,
	struct dnc_error *err)
{
	struct dnc_json doc;

	if (dnc_json_parse(r->parser, text, n, &doc, err) < 0)
		return json_reject(err);
	if (doc.node[0].type != DNC_JSON_OBJECT)
		return draft_reject(
			err, DNC_REJECT_NOT_AN_OBJECT, "", "the record is not a JSON object");
	if (draft_read(&r->draft, &doc, &r->options, err) < 0)
		return -1;
	draft_identify(&r->draft, &r->place, &r->scratch);
	if (!dnc_buf_ok(&r->scratch))
		return dnc_error_nomem(err);
	draft_write(&r->draft, r->options.source_format, &r->out);
	if (!dnc_buf_reserve(&r->out, DNC_JSON_PADDING) || !dnc_buf_ok(&r->out))
		return dnc_error_nomem(err);
	if (r->out.n > DNC_EVENT_MAX_BYTES)
		return draft_reject(
			err, DNC_REJECT_TOO_LARGE, "", "the event is longer than 32768 bytes");
	*out = dnc_buf_view(&r->out);
	if (n == out->n && memcmp(text, out->p, n) == 0)
		out->p = text;
	return 0;
}

/* The canonical keys in their order, and where a view keeps them. */
static const struct view_key {
	struct dnc_str name;
	size_t slot; /* offset of a struct dnc_str in struct dnc_event, 0 for none */
	bool required;
} view_keys[] = {
	{DNC_STR("seq"), 0, false},
	{DNC_STR("id"), offsetof(struct dnc_event, id), true},
	{DNC_STR("type"), 0, true},
	{DNC_STR("phone_number"), offsetof(struct dnc_event, phone_number), false},
	{DNC_STR("provider"), offsetof(struct dnc_event, provider), false},
	{DNC_STR("provider_id"), offsetof(struct dnc_event, provider_id), false},
	{DNC_STR("severity"), 0, true},
	{DNC_STR("timestamp"), 0, true},
	{DNC_STR("summary"), offsetof(struct dnc_event, summary), true},
	{DNC_STR("event_data"), 0, true},
	{DNC_STR("metadata"), 0, true},
};

enum {
	VIEW_SEQ = 0,
	VIEW_TYPE = 2,
	VIEW_SEVERITY = 6,
	VIEW_TIMESTAMP,
	VIEW_SUMMARY,
	VIEW_EVENT_DATA,
	VIEW_METADATA,
	VIEW_KEYS
};

static bool view_value(struct dnc_event *e, int key, uint32_t at)
{
	const struct dnc_json_node *node = &e->doc->node[at];
	int64_t seq;

	switch (key) {
	case VIEW_SEQ:
		if (!dnc_json_int(node, &seq) || seq < 1)
			return false;
		e->seq = (uint64_t)seq;
		return true;
	case VIEW_TYPE:
		return dnc_type_from_name(node->text, &e->type);
	case VIEW_SEVERITY:
		e->severity = dnc_severity_from_name(node->text);
		return e->severity;
	case VIEW_TIMESTAMP:
		return node->text.n == DNC_TIME_LEN &&
		       dnc_clock_parse_any_year(node->text, &e->timestamp_ms);
	case VIEW_EVENT_DATA:
		e->event_data = at;
		return node->type == DNC_JSON_OBJECT;
	case VIEW_METADATA:
		e->metadata = at;
		return node->type == DNC_JSON_OBJECT &&
		       dnc_json_get(e->doc, at, DNC_STR("ingested_at"));
	default:
		*(struct dnc_str *)((char *)e + view_keys[key].slot) = node->text;
		return node->type == DNC_JSON_STRING;
	}
}

int dnc_event_parse(struct dnc_event_reader *r, const char *text, size_t n, struct dnc_event *out)
{
	struct dnc_json *doc = &r->view;
	uint32_t at = 1;

	if (n > DNC_EVENT_MAX_BYTES + 32 || dnc_json_parse(r->parser, text, n, doc, NULL) < 0)
		return -1;
	if (doc->node[0].type != DNC_JSON_OBJECT || !doc->compact)
		return -1;
	*out = (struct dnc_event){.line = {text, n}, .doc = doc};
	for (int key = 0; key < VIEW_KEYS; key++) {
		bool there = at < doc->count && dnc_str_eq(doc->node[at].key, view_keys[key].name);

		if (!there && view_keys[key].required)
			return -1;
		if (there && !view_value(out, key, at))
			return -1;
		if (there)
			at = doc->node[at].next;
	}
	return at == doc->count ? 0 : -1;
}

bool dnc_event_takes_text(enum dnc_type type, struct dnc_str field)
{
	enum dnc_field f;

	dnc_fields_init();
	f = dnc_field_find(type, field);
	if (f == FIELD_NONE)
		return !dnc_str_eq(field, DNC_STR("event_data")) &&
		       !dnc_str_eq(field, DNC_STR("metadata"));
	return dnc_fields[f].kind == KIND_STRING || dnc_fields[f].kind == KIND_TIME ||
	       dnc_fields[f].kind == KIND_PHONE || dnc_fields[f].kind == KIND_ANY;
}
