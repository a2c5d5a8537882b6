/* csv_rows.c - cuts a file into rows. */
#include <ctype.h>
#include <stdlib.h>
#include "base/words.h"
#include "priv/format.h"
#include "unpack/encoding.h"

void csv_finish(struct csv_state *csv)
{
	for (size_t i = 0; i < csv->columns; i++)
		free(csv->headers[i]);
	dnc_buf_free(&csv->raw);
	dnc_buf_free(&csv->fields);
}

/* With a map: the row as an object with the headers as keys. */
static enum dnc_source_result read_plain(struct dnc_source *s)
{
	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	for (size_t i = 0; i < s->csv.columns; i++)
		if (*s->csv.headers[i])
			source_add(s, s->csv.headers[i], field_at(&s->csv, i));
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

static enum dnc_source_result read_row(struct dnc_source *s)
{
	const struct csv_state *csv = &s->csv;
	struct dnc_str raw = s->record.raw;
	enum dnc_source_result rc;

	if (csv->count != csv->columns)
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "%zu %s, the header has %zu",
			csv->count, dnc_plural(csv->count, "field", "fields"), csv->columns);
	if (!dnc_json_is_utf8(raw))
		return source_reject(
			s, DNC_REJECT_INVALID_UTF8, "", "not UTF-8; %s", dnc_encoding_advice(raw));
	if (memchr(raw.p, '\0', raw.n))
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "the row contains a NUL byte");
	if (s->options.map)
		return read_plain(s);
	if (csv->seconds && (rc = csv_check_second(s)))
		return rc;
	return s->format->row(s);
}

enum dnc_source_result csv_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	enum dnc_source_result rc = DNC_SOURCE_MORE;

	bool header = !csv->header_done;

	if (header)
		rc = csv_read_header(s);
	if (!rc && header && !s->options.no_header && s->format->scan)
		rc = csv_check_sample(s);
	if (!rc && (!header || s->options.no_header) &&
		(csv->fields.n || csv->count > CSV_MAX_COLUMNS)) {
		csv->rows++;
		rc = read_row(s);
	}
	dnc_buf_clear(&csv->fields);
	csv->count = 0;
	return rc;
}

/* The row ends at the parser's position. */
static enum dnc_source_result finish_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	enum dnc_source_result rc;

	s->record = (struct dnc_record){.line = csv->first_line,
		.raw = dnc_str_trim((struct dnc_str){csv->raw.p + csv->row, csv->at - csv->row})};
	rc = csv_row(s);
	csv->row = csv->at;
	csv->first_line += csv->lines;
	csv->lines = 0;
	return rc;
}

/* Length of the first line of TEXT, including its end. */
static size_t line_length(struct dnc_str text)
{
	const char *nl = memchr(text.p, '\n', text.n), *cr;
	size_t n = nl ? (size_t)(nl - text.p) + 1 : text.n;

	cr = memchr(text.p, '\r', n);
	if (!cr || (nl && cr + 1 == nl))
		return n;
	return (size_t)(cr - text.p) + 1;
}

/* Rejects the first line of a row that is not CSV. The lines after it are read again, so that a
 * stray quote does not spoil the rows after it. */
static enum dnc_source_result bad_row(struct dnc_source *s, const char *why)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str rest = {csv->raw.p + csv->row, csv->raw.n - csv->row};

	rest.n = line_length(rest);
	s->record = (struct dnc_record){.line = csv->first_line++, .raw = dnc_str_trim(rest)};
	csv->rows++;
	csv->at = csv->row += rest.n;
	csv->lines = csv->count = 0;
	csv->quoted = false;
	dnc_buf_clear(&csv->fields);
	if (!csv->header_done)
		return source_refuse(
			s, DNC_REFUSED_HEADER, "has no valid header: line 1 is %s", why);
	return source_reject(s, DNC_REJECT_INVALID_ROW, "", "%s", why);
}

/* Parses the next line of what was gathered. */
static enum dnc_source_result parse_line(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str line = {csv->raw.p + csv->at, csv->raw.n - csv->at};
	bool first = csv->at == csv->row;
	enum csv_scanned scanned;

	line.n = line_length(line);
	csv->at += line.n;
	if (first && !dnc_str_trim(line).n) {
		csv->row = csv->at;
		csv->first_line++;
		return DNC_SOURCE_MORE;
	}
	csv->lines++;
	scanned = csv_scan(csv, line);
	if (!dnc_buf_ok(&csv->fields))
		return DNC_SOURCE_FAILED;
	if (scanned == CSV_WRONG)
		return bad_row(s, "not CSV: a quote is misplaced");
	if (scanned == CSV_ROW)
		return finish_row(s);
	if (csv->at - csv->row > s->options.max_record)
		return bad_row(s, "not CSV: a quoted field does not end");
	return DNC_SOURCE_MORE;
}

/* Removes the rows that were read from the buffer. */
static void drop_rows(struct csv_state *csv)
{
	csv->ended = false;
	if (!csv->row)
		return;
	memmove(csv->raw.p, csv->raw.p + csv->row, csv->raw.n - csv->row);
	csv->raw.n -= csv->row;
	csv->at = csv->raw.n;
	csv->row = 0;
}

/* The next line of what was gathered for a header that can't be read. */
static enum dnc_source_result reject_line(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str line = {csv->raw.p + csv->row, csv->raw.n - csv->row};

	line.n = line_length(line);
	csv->at = csv->row += line.n;
	s->record = (struct dnc_record){.line = csv->first_line++, .raw = dnc_str_trim(line)};
	return s->options.reject_lines && s->record.raw.n ? source_reject_refused(s)
	                                                  : DNC_SOURCE_MORE;
}

enum dnc_source_result csv_next(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	enum dnc_source_result rc = DNC_SOURCE_MORE;

	while (!rc && csv->row < csv->raw.n) {
		if (s->refused)
			rc = reject_line(s);
		else if (csv->at < csv->raw.n)
			rc = parse_line(s);
		else if (csv->ended)
			rc = bad_row(s, "not CSV: a quoted field does not end");
		else
			break;
	}
	if (!rc)
		drop_rows(csv);
	return rc;
}

/* The line is not trimmed, because the separator may be a tab. */
char csv_read_separator(struct dnc_str line)
{
	char c;

	if (line.n > 2 && line.p[0] == '"' && line.p[line.n - 1] == '"')
		line = (struct dnc_str){line.p + 1, line.n - 2};
	if (line.n != 5 || !dnc_str_caseeq((struct dnc_str){line.p, 4}, DNC_STR("sep=")))
		return 0;
	c = line.p[4];
	return c == '\t' || (ispunct((unsigned char)c) && c != '"') ? c : 0;
}

/* A row has several lines if a quoted field has line ends in it. */
enum dnc_source_result csv_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct csv_state *csv = &s->csv;
	bool first = !csv->header_done && !csv->raw.n;
	char separator;

	if (first && (separator = csv_read_separator(line->text))) {
		if (!csv->delimiter)
			csv->delimiter = separator;
		return DNC_SOURCE_MORE;
	}
	if (first && documents_start(line->text))
		return source_refuse(s, DNC_REFUSED_HEADER,
			"starts with JSON instead of a header; try --format=ndjson");
	if (!csv->delimiter)
		csv->delimiter = csv_guess_delimiter(line->text);
	if (!csv->raw.n)
		csv->first_line = line->number;
	dnc_buf_add(&csv->raw, line->text.p, line->text.n + line->end_n);
	if (!line->end_n)
		dnc_buf_chr(&csv->raw, '\n');
	if (!dnc_buf_ok(&csv->raw))
		return DNC_SOURCE_FAILED;
	return csv_next(s);
}
