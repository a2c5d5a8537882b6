/* csv_rows.c - cuts a file into rows and fields (RFC 4180, libcsv). */
#include <ctype.h>
#include <stdlib.h>
#include "priv/format.h"

static void on_field(void *field, size_t n, void *ctx)
{
	struct csv_state *csv = ctx;

	if (csv->count < CSV_MAX_COLUMNS) {
		dnc_buf_add(&csv->fields, field, n);
		csv->ends[csv->count] = csv->fields.n;
	}
	csv->count++;
}

static void on_row(int end, void *ctx)
{
	(void)end;
	((struct csv_state *)ctx)->row_done = true;
}

static int start_parser(struct csv_state *csv)
{
	if (csv->ready)
		csv_free(&csv->parser);
	csv->ready = csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) == 0;
	if (csv->ready)
		csv_set_delim(&csv->parser, (unsigned char)csv->delimiter);
	return csv->ready ? 0 : -1;
}

void csv_finish(struct csv_state *csv)
{
	if (csv->ready)
		csv_free(&csv->parser);
	for (size_t i = 0; i < csv->columns; i++)
		free(csv->headers[i]);
	dnc_buf_free(&csv->raw);
	dnc_buf_free(&csv->fields);
}

/* With a map: the row as an object of its headers. */
static int give_plain(struct dnc_source *s)
{
	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	for (size_t i = 0; i < s->csv.columns; i++)
		if (*s->csv.headers[i])
			source_add(s, s->csv.headers[i], field_at(&s->csv, i));
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}

static int check_row(struct dnc_source *s)
{
	const struct csv_state *csv = &s->csv;
	struct dnc_str raw = s->record.raw;

	if (csv->count != csv->columns)
		return source_reject(s, DNC_REJECT_INVALID_ROW, "",
			"%zu fields, the header has %zu", csv->count, csv->columns);
	if (!dnc_json_is_utf8(raw))
		return source_reject(s, DNC_REJECT_INVALID_UTF8, "",
			"not UTF-8; if the file is in Windows-1252, convert it first: iconv -f "
			"WINDOWS-1252 -t UTF-8");
	if (memchr(raw.p, '\0', raw.n))
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "a NUL byte is in the row");
	return s->options.map ? give_plain(s) : s->format->row(s);
}

int csv_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	int rc = 0;

	if (!csv->header_done) {
		rc = csv_read_header(s);
	} else if (csv->fields.n || csv->count > CSV_MAX_COLUMNS) {
		csv->rows++;
		rc = check_row(s);
	}
	dnc_buf_clear(&csv->fields);
	csv->count = 0;
	return rc;
}

/* The row ends before AT. */
static int finish_row(struct dnc_source *s, size_t at)
{
	struct csv_state *csv = &s->csv;
	int rc;

	s->record = (struct dnc_record){.line = csv->first_line,
		.raw = dnc_str_trim((struct dnc_str){csv->raw.p + csv->row, at - csv->row})};
	rc = csv_row(s);
	csv->row_done = false;
	csv->row = at;
	csv->first_line += csv->lines;
	csv->lines = 0;
	return rc;
}

/* Length of the first line of TEXT, with its end. */
static size_t line_length(struct dnc_str text)
{
	const char *nl = memchr(text.p, '\n', text.n), *cr;
	size_t n = nl ? (size_t)(nl - text.p) + 1 : text.n;

	cr = memchr(text.p, '\r', n);
	if (!cr || (nl && cr + 1 == nl))
		return n;
	return (size_t)(cr - text.p) + 1;
}

/* A row that is none: only its first line is rejected. What follows it is read again, because a quote
 * too many must not take the rows after it along. */
static int bad_row(struct dnc_source *s, const char *why)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str rest = {csv->raw.p + csv->row, csv->raw.n - csv->row};
	int rc;

	rest.n = line_length(rest);
	s->record = (struct dnc_record){.line = csv->first_line++, .raw = dnc_str_trim(rest)};
	csv->rows++;
	csv->row += rest.n;
	csv->lines = csv->count = 0;
	csv->row_done = false;
	dnc_buf_clear(&csv->fields);
	if (!csv->header_done)
		rc = source_refuse(
			s, DNC_REFUSED_HEADER, "has no header that can be read: line 1 is %s", why);
	else
		rc = source_reject(s, DNC_REJECT_INVALID_ROW, "", "%s", why);
	return start_parser(csv) < 0 ? -1 : rc;
}

/* Reads what was gathered from AT on, where a line starts. */
static int read_rows(struct dnc_source *s, size_t at)
{
	struct csv_state *csv = &s->csv;
	int rc = 0;

	while (rc == 0 && at < csv->raw.n && !s->refused) {
		struct dnc_str line = {csv->raw.p + at, csv->raw.n - at};

		line.n = line_length(line);
		if (at == csv->row && !dnc_str_trim(line).n) {
			csv->row = at += line.n;
			csv->first_line++;
			continue;
		}
		at += line.n;
		csv->lines++;
		if (csv_parse(&csv->parser, line.p, line.n, on_field, on_row, csv) != line.n)
			rc = bad_row(s, "not CSV: a quote is where none may be");
		else if (csv->row_done)
			rc = finish_row(s, at);
		else if (at - csv->row > s->options.max_record)
			rc = bad_row(s, "not CSV: a quoted field does not end");
		else
			continue;
		at = csv->row;
	}
	return rc;
}

/* Takes the rows that were read out of the buffer. */
static void drop_rows(struct csv_state *csv)
{
	if (!csv->row)
		return;
	memmove(csv->raw.p, csv->raw.p + csv->row, csv->raw.n - csv->row);
	csv->raw.n -= csv->row;
	csv->row = 0;
}

/* The separator that "sep=;" names, which spreadsheets write and read before the header; 0 when the line
 * is none. A tab at its end is not trimmed. */
static char read_separator(struct dnc_str line)
{
	char c;

	if (line.n > 2 && line.p[0] == '"' && line.p[line.n - 1] == '"')
		line = (struct dnc_str){line.p + 1, line.n - 2};
	if (line.n != 5 || !dnc_str_caseeq((struct dnc_str){line.p, 4}, DNC_STR("sep=")))
		return 0;
	c = line.p[4];
	return c == '\t' || (ispunct((unsigned char)c) && c != '"') ? c : 0;
}

/* A row may go over several lines, when a quoted field holds line ends. */
int csv_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct csv_state *csv = &s->csv;
	size_t at = csv->raw.n;
	bool first = !csv->header_done && !at;
	int rc;

	if (!csv->delimiter && (csv->delimiter = read_separator(line->text)))
		return 0;
	if (first && ndjson_detect(line->text))
		return source_refuse(s, DNC_REFUSED_HEADER,
			"starts with JSON instead of a header; try --format=ndjson");
	if (first && line->text.n && line->text.p[0] == '[')
		return source_refuse(s, DNC_REFUSED_HEADER,
			"starts with a JSON array; make lines of its elements first: jq -c '.[]' FILE "
			"| dnc-ingest --format=ndjson ...");
	if (!csv->delimiter)
		csv->delimiter = csv_guess_delimiter(line->text);
	if (!csv->ready && start_parser(csv) < 0)
		return -1;
	if (!at)
		csv->first_line = line->number;
	dnc_buf_add(&csv->raw, line->text.p, line->text.n + line->end_n);
	if (!line->end_n)
		dnc_buf_chr(&csv->raw, '\n');
	if (!dnc_buf_ok(&csv->raw))
		return -1;
	rc = read_rows(s, at);
	drop_rows(csv);
	return rc;
}

/* What is left is a row whose quoted field does not end, and rows after it. */
int csv_end(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	int rc = 0;

	while (rc == 0 && csv->row < csv->raw.n && !s->refused) {
		rc = bad_row(s, "not CSV: a quoted field does not end");
		if (rc == 0)
			rc = read_rows(s, csv->row);
	}
	dnc_buf_clear(&csv->raw);
	csv->row = 0;
	return rc;
}

int csv_cut(struct dnc_source *s)
{
	int rc = csv_end(s);

	if (rc < 0 || s->refused)
		return rc;
	if (!s->csv.header_done)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no header that can be read: line %llu is longer than %zu bytes",
			(unsigned long long)s->record.line, s->options.max_record);
	s->csv.rows++;
	return 0;
}
