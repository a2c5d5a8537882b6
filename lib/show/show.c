#include "show.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "priv/show.h"

/* In the order of enum dnc_show_format and DNC_SHOW_NAMES. */
static const struct show_format formats[DNC_SHOW_FORMATS] = {
	{.name = "pretty", .foreign = true, .event = show_pretty},
	{.name = "verbose", .takes_fields = true, .foreign = true, .event = show_verbose},
	{.name = "json", .takes_fields = true, .foreign = true, .event = show_json},
	{.name = "json-pretty", .takes_fields = true, .foreign = true, .event = show_json_pretty},
	{.name = "csv",
		.takes_fields = true,
		.columns = "seq,timestamp,type,severity,phone_number,provider,summary,id",
		.event = show_csv,
		.header = show_csv_header},
	{.name = "tsv",
		.takes_fields = true,
		.columns = "seq,timestamp,type,severity,phone_number,provider,summary,id",
		.event = show_tsv,
		.header = show_tsv_header},
	{.name = "logfmt", .takes_fields = true, .event = show_logfmt},
	{.name = "cloudevents", .event = show_cloudevents},
	{.name = "template", .event = show_template},
};

static int read_options(struct dnc_show *s, const struct dnc_show_options *o, struct dnc_error *err)
{
	const char *fields = o->fields ? o->fields : s->format->columns;

	if (o->fields && !s->format->takes_fields)
		dnc_error_set(
			err, EINVAL, "the format %s has no fields to choose", s->format->name);
	else if (!fields || show_fields_read(&s->fields, fields, err) == 0)
		fields = NULL;
	if (fields) {
		dnc_error_place(err, "--fields");
		return -1;
	}
	if (o->template && show_template_read(&s->template, o->template, err) < 0) {
		dnc_error_place(err, "--template");
		return -1;
	}
	return o->color && o->filter ? show_highlight_read(&s->highlight, o->filter, err) : 0;
}

struct dnc_show *dnc_show_new(const struct dnc_show_options *options, struct dnc_error *err)
{
	struct dnc_show *s = calloc(1, sizeof *s);

	if (!s) {
		dnc_error_nomem(err);
		return NULL;
	}
	s->options = *options;
	s->options.fields = s->options.template = s->options.filter = NULL;
	s->format = &formats[options->format];
	s->chosen = options->fields != NULL;
	s->zone.local = options->local;
	s->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	s->parser = dnc_json_parser_new();
	if (!s->reader || !s->parser)
		dnc_error_nomem(err);
	else if (read_options(s, options, err) == 0)
		return s;
	dnc_show_free(s);
	return NULL;
}

void dnc_show_free(struct dnc_show *s)
{
	if (!s)
		return;
	show_fields_free(&s->fields);
	show_template_free(&s->template);
	show_highlight_free(&s->highlight);
	dnc_event_reader_free(s->reader);
	dnc_json_parser_free(s->parser);
	dnc_buf_free(&s->cell);
	dnc_buf_free(&s->text);
	free(s);
}

void dnc_show_columns(struct dnc_show *s, unsigned columns)
{
	s->columns = columns;
}

bool dnc_show_header(struct dnc_show *s, struct dnc_buf *out)
{
	if (s->format->header)
		s->format->header(s, out);
	return s->format->header != NULL;
}

static enum dnc_shown shown(const struct dnc_show *s, const struct dnc_buf *out)
{
	return dnc_buf_ok(out) && dnc_buf_ok(&s->cell) && dnc_buf_ok(&s->text)
	               ? DNC_SHOWN
	               : DNC_SHOWN_NO_MEMORY;
}

/* JSON that is no canonical event. */
static enum dnc_shown show_foreign(struct dnc_show *s, struct dnc_buf *out, struct dnc_str text)
{
	struct dnc_error err;
	struct dnc_json doc;

	if (dnc_json_parse(s->parser, text.p, text.n, &doc, &err) < 0)
		return err.code == DNC_ERROR_NO_MEMORY ? DNC_SHOWN_NO_MEMORY : DNC_SHOWN_INVALID;
	if (doc.node[0].type != DNC_JSON_OBJECT)
		return DNC_SHOWN_INVALID;
	if (!s->format->foreign)
		return DNC_SHOWN_FOREIGN;
	dnc_buf_clear(&s->cell);
	dnc_json_write_node(&s->cell, &doc, 0);
	if (s->options.terminal || s->options.format < DNC_SHOW_JSON)
		dnc_escape(out, dnc_buf_view(&s->cell), DNC_ESCAPE_JSON);
	else
		dnc_buf_str(out, dnc_buf_view(&s->cell));
	return shown(s, out);
}

enum dnc_shown dnc_show_event(struct dnc_show *s, struct dnc_buf *out, struct dnc_str text)
{
	struct dnc_event event;

	if (dnc_event_parse(s->reader, text.p, text.n, &event) < 0)
		return dnc_event_reader_no_memory(s->reader) ? DNC_SHOWN_NO_MEMORY
		                                             : show_foreign(s, out, text);
	dnc_buf_clear(&s->cell);
	dnc_buf_clear(&s->text);
	s->format->event(s, out, &event);
	return shown(s, out);
}

enum dnc_shown dnc_show_json(struct dnc_show *s, struct dnc_buf *out, struct dnc_str text, bool raw)
{
	struct dnc_error err;
	struct dnc_json doc;

	dnc_buf_clear(&s->cell);
	dnc_buf_clear(&s->text);
	if (!raw && s->options.format == DNC_SHOW_JSON) {
		show_json_text(s, out, text);
		return shown(s, out);
	}
	if (dnc_json_parse(s->parser, text.p, text.n, &doc, &err) < 0)
		return err.code == DNC_ERROR_NO_MEMORY ? DNC_SHOWN_NO_MEMORY : DNC_SHOWN_INVALID;
	if (raw && doc.node[0].type == DNC_JSON_STRING)
		dnc_buf_str(&s->text, doc.node[0].text);
	else if (s->options.format == DNC_SHOW_JSON_PRETTY)
		show_indented(&s->text, &doc, 0);
	else
		dnc_buf_str(&s->text, text);
	show_json_text(s, out, dnc_buf_view(&s->text));
	return shown(s, out);
}
