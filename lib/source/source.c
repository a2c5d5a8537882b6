/* source.c - the table of formats, and what they share. */
#include "priv/reader.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* In the order in which "auto" tries them: the most particular first. */
static const struct format formats[] = {
	{"ndjson", ndjson_detect, ndjson_line, NULL},
	{"ftc-reported", reported_detect, reported_line, csv_end},
	{"ftc-change", change_detect, change_line, NULL},
	{"ftc-full", full_detect, full_line, NULL},
	{"numbers", numbers_detect, numbers_line, NULL},
	{"csv", csv_detect, csv_line, csv_end},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

const char *const dnc_source_formats[] = {
	"auto", "ndjson", "csv", "ftc-full", "ftc-change", "ftc-reported", "numbers", NULL};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

struct dnc_source *dnc_source_new(const struct dnc_source_options *options,
	const struct dnc_source_events *events, struct dnc_error *err)
{
	bool automatic = strcmp(options->format, "auto") == 0;
	struct dnc_source *s = calloc(1, sizeof *s);

	if (!s || !(s->parser = dnc_json_parser_new())) {
		dnc_error_nomem(err);
		goto fail;
	}
	s->options = *options;
	s->events = *events;
	if (!automatic && !(s->format = find_format(options->format))) {
		dnc_error_set(err, 0, "%s: no such format", options->format);
		goto fail;
	}
	if (options->map && s->format && strncmp(s->format->name, "ftc-", 4) == 0 &&
		s->format->line != reported_line) {
		dnc_error_set(err, 0, "a map needs records with names: ndjson or csv, not %s",
			s->format->name);
		goto fail;
	}
	return s;
fail:
	dnc_source_free(s);
	return NULL;
}

void dnc_source_free(struct dnc_source *s)
{
	if (!s)
		return;
	dnc_json_parser_free(s->parser);
	dnc_buf_free(&s->event);
	csv_finish(&s->csv);
	free(s);
}

const char *dnc_source_format(const struct dnc_source *s)
{
	return s->format ? s->format->name : "auto";
}

/* The first line that is not blank tells what the stream is. */
static int start(struct dnc_source *s, struct dnc_str first)
{
	const char *what = s->events.refuse ? source_probe(first) : NULL;

	s->started = true;
	if (what)
		return source_refuse(s, DNC_REFUSED_CONTENT, "is %s", what);
	return 0;
}

static int choose_format(struct dnc_source *s, struct dnc_str first)
{
	for (size_t i = 0; i < FORMATS && !s->format; i++)
		if (formats[i].detect(first))
			s->format = &formats[i];
	if (!s->format)
		s->format = find_format("ndjson"); /* its rejects say what is wrong */
	if (s->options.column_count && s->format->end != csv_end)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"is no CSV file, so --column can't name its columns (it looks like %s; "
			"--format says otherwise)",
			s->format->name);
	return 0;
}

int dnc_source_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct dnc_line l = *line;
	int rc;

	s->any = true;
	if (s->refused && s->events.refuse)
		return 0;
	if (l.number == 1 && dnc_str_starts(l.text, DNC_STR("\xEF\xBB\xBF"))) {
		l.text.p += 3; /* a byte order mark, as spreadsheets write */
		l.text.n -= 3;
	}
	s->record = (struct dnc_record){.line = l.number, .raw = l.text};
	if (dnc_str_trim(l.text).n == 0 && !l.too_long && !s->csv.raw.n)
		return 0; /* a blank line is no record */
	if (!s->started) {
		rc = start(s, l.text);
		if (rc < 0 || s->refused)
			return rc;
	}
	if (s->refused)
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "the stream %s", s->why);
	if (l.too_long) {
		rc = s->format && s->format->end == csv_end ? csv_cut(s) : 0;
		if (rc < 0 || s->refused)
			return rc;
		s->record = (struct dnc_record){.line = l.number, .raw = l.text};
		return source_reject(s, DNC_REJECT_TOO_LARGE, "",
			"the record is longer than %zu bytes", s->options.max_record);
	}
	if (!s->format) {
		rc = choose_format(s, l.text);
		if (rc < 0 || s->refused)
			return rc;
	}
	return s->format->line(s, &l);
}

int dnc_source_end(struct dnc_source *s)
{
	return s->format && s->format->end && !s->refused ? s->format->end(s) : 0;
}

const char *dnc_source_nothing(const struct dnc_source *s)
{
	if (s->refused)
		return NULL;
	if (!s->any)
		return "is empty";
	if (!s->started)
		return "holds blank lines only";
	if (s->format && s->format->end == csv_end && !s->csv.rows)
		return s->csv.header_done ? "has a header, but no rows" : "has no rows";
	return NULL;
}

int source_refuse(struct dnc_source *s, enum dnc_refusal kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof s->why, fmt, ap);
	va_end(ap);
	s->refused = true;
	if (s->events.refuse)
		return s->events.refuse(s->events.ctx, kind, s->why);
	return source_reject(s, DNC_REJECT_INVALID_ROW, "", "the stream %s", s->why);
}

static int give_item(void *ctx, struct dnc_str result)
{
	struct dnc_source *s = ctx;

	s->record.item++;
	s->record.event = s->record.raw = result;
	return s->events.record(s->events.ctx, &s->record);
}

static int give_mapped(struct dnc_source *s)
{
	struct dnc_str received = s->record.raw;
	struct dnc_error err;
	int rc;

	s->record.item = 0;
	rc = dnc_map_run(s->options.map, dnc_buf_view(&s->event), give_item, s, &err);
	if (rc <= 0)
		return rc;
	s->record.raw = received;
	s->record.item = 0;
	err.code = DNC_REJECT_MAP_FAILED;
	return s->events.reject(s->events.ctx, &s->record, &err);
}

int source_give(struct dnc_source *s)
{
	if (!dnc_buf_reserve(&s->event, DNC_JSON_PADDING) || !dnc_buf_ok(&s->event))
		return -1;
	if (s->options.map)
		return give_mapped(s);
	s->record.event = dnc_buf_view(&s->event);
	return s->events.record(s->events.ctx, &s->record);
}

int source_reject(
	struct dnc_source *s, enum dnc_reject code, const char *place, const char *fmt, ...)
{
	struct dnc_error err;
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	dnc_error_set(&err, (int)code, "%s", why);
	dnc_error_place(&err, "%s", place);
	return s->events.reject(s->events.ctx, &s->record, &err);
}

void source_begin(struct dnc_source *s, enum dnc_type type)
{
	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	source_add(s, "type", dnc_type_names[type]);
}

void source_add(struct dnc_source *s, const char *key, struct dnc_str value)
{
	if (!value.p)
		return;
	dnc_json_write_key(&s->event, dnc_str(key));
	dnc_json_write_str(&s->event, value);
}

void source_add_origin(
	struct dnc_source *s, const char *provider, const char *reason, const char *source)
{
	const struct dnc_source_options *o = &s->options;

	source_add(s, "provider", dnc_str(o->provider ? o->provider : provider));
	source_add(s, "provider_id", dnc_str(o->provider_id));
	source_add(s, "reason", dnc_str(reason));
	source_add(s, "source", dnc_str(o->source ? o->source : source));
}
