/* source.c - the table of formats, and a stream that is read by one of them. */
#include <stdlib.h>
#include "priv/format.h"

/* In the order in which "auto" tries them: the most particular first. */
static const struct format *const formats[] = {
	&format_ndjson, &format_ftc_reported, &format_ftc_change, &format_ftc_full, &format_numbers,
	&format_csv, &format_tsv, /* only by name: "auto" reads tabs as CSV */
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

const struct dnc_format *dnc_format_at(size_t index)
{
	return index < FORMATS ? &formats[index]->about : NULL;
}

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->about.name, name) == 0)
			return formats[i];
	return NULL;
}

const struct dnc_format *dnc_format_find(const char *name)
{
	const struct format *f = find_format(name);

	return f ? &f->about : NULL;
}

static bool has_header(const struct dnc_source *s)
{
	return s->format && s->format->about.flags & DNC_FORMAT_HEADER;
}

struct dnc_source *dnc_source_new(const struct dnc_source_options *options, struct dnc_error *err)
{
	bool automatic = strcmp(options->format, "auto") == 0;
	struct dnc_source *s = calloc(1, sizeof *s);

	if (!s || !(s->parser = dnc_json_parser_new())) {
		dnc_error_nomem(err);
		goto fail;
	}
	s->options = *options;
	if (!automatic && !(s->format = find_format(options->format))) {
		dnc_error_set(err, 0, "%s: unknown format", options->format);
		goto fail;
	}
	if (options->map && s->format && s->format->about.flags & DNC_FORMAT_NAMELESS) {
		dnc_error_set(err, 0,
			"a map requires records with named fields, which %s does not have",
			s->format->about.name);
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
	return s->format ? s->format->about.name : "auto";
}

/* The first line that is not blank shows what the stream is. */
static enum dnc_source_result probe(struct dnc_source *s, struct dnc_str first)
{
	const char *what = s->options.reject_lines ? NULL : source_probe(first);

	s->started = true;
	return what ? source_refuse(s, DNC_REFUSED_CONTENT, "is %s", what) : DNC_SOURCE_MORE;
}

static enum dnc_source_result choose_format(struct dnc_source *s, struct dnc_str first)
{
	for (size_t i = 0; i < FORMATS && !s->format; i++)
		if (formats[i]->detect && formats[i]->detect(first))
			s->format = formats[i];
	if (!s->format)
		s->format = &format_ndjson; /* its rejects say what is wrong */
	if (s->options.column_count && !has_header(s))
		return source_refuse(s, DNC_REFUSED_HEADER,
			"is not a CSV file, so --column can't be used (it looks like %s; if it "
			"is CSV, use --format=csv)",
			s->format->about.name);
	return DNC_SOURCE_MORE;
}

/* The first bytes of a line that is too long. */
static enum dnc_source_result reject_too_long(struct dnc_source *s)
{
	if (has_header(s) && !s->csv.header_done)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no header that can be read: line %llu is longer than %zu bytes",
			(unsigned long long)s->record.line, s->options.max_record);
	s->csv.rows += has_header(s);
	return source_reject(s, DNC_REJECT_TOO_LARGE, "", "the record is longer than %zu bytes",
		s->options.max_record);
}

/* Reads the line that waits. */
static enum dnc_source_result read_line(struct dnc_source *s)
{
	struct dnc_line *l = &s->line;
	enum dnc_source_result rc;

	s->waiting = false;
	if (s->refused && !s->options.reject_lines)
		return DNC_SOURCE_MORE;
	if (l->number == 1 && dnc_str_starts(l->text, DNC_STR("\xEF\xBB\xBF"))) {
		l->text.p += 3; /* a byte order mark, as spreadsheets write */
		l->text.n -= 3;
	}
	s->record = (struct dnc_record){.line = l->number, .raw = l->text};
	if (dnc_str_trim(l->text).n == 0 && !l->too_long && !s->csv.raw.n)
		return DNC_SOURCE_MORE; /* a blank line is no record */
	if (!s->started && (rc = probe(s, l->text)))
		return rc;
	if (s->refused)
		return source_reject_refused(s);
	if (l->too_long)
		return reject_too_long(s);
	if (!s->format && (rc = choose_format(s, l->text)))
		return rc;
	return s->format->line(s, l);
}

void dnc_source_feed(struct dnc_source *s, const struct dnc_line *line)
{
	s->line = *line;
	s->waiting = s->any = true;
	s->csv.ended = line->too_long; /* no row goes on after it */
}

void dnc_source_end(struct dnc_source *s)
{
	s->csv.ended = true;
}

enum dnc_source_result dnc_source_next(
	struct dnc_source *s, struct dnc_record *record, struct dnc_error *err)
{
	enum dnc_source_result rc = s->mapping ? source_next_item(s) : DNC_SOURCE_MORE;

	if (!rc && s->format && s->format->next)
		rc = s->format->next(s);
	if (!rc && s->waiting)
		rc = read_line(s);
	if (rc > DNC_SOURCE_MORE)
		*record = s->record;
	if (rc == DNC_SOURCE_REJECT)
		*err = s->err;
	else if (rc == DNC_SOURCE_FAILED)
		dnc_error_nomem(err);
	return rc;
}

const char *dnc_source_refusal(const struct dnc_source *s, enum dnc_refusal *kind)
{
	*kind = s->refusal;
	return s->why;
}

const char *dnc_source_nothing(const struct dnc_source *s)
{
	if (s->refused)
		return NULL;
	if (!s->any)
		return "is empty";
	if (!s->started)
		return "contains only blank lines";
	if (has_header(s) && !s->csv.rows)
		return s->csv.header_done ? "has a header, but no rows" : "has no rows";
	return NULL;
}
