/* tsv.c - rows under a header line, split at tabs (IANA text/tab-separated-values): a quote is a
 * character like any other, and a field has neither tabs nor line ends in it. */
#include "priv/format.h"

static enum csv_scanned split(struct csv_state *csv, struct dnc_str rest)
{
	const char *tab;

	while (rest.n && (rest.p[rest.n - 1] == '\n' || rest.p[rest.n - 1] == '\r'))
		rest.n--;
	do {
		struct dnc_str field = rest;

		tab = memchr(rest.p, '\t', rest.n);
		if (tab) {
			field.n = (size_t)(tab - rest.p);
			rest = (struct dnc_str){tab + 1, rest.n - field.n - 1};
		}
		if (csv->count < CSV_MAX_COLUMNS) {
			dnc_buf_str(&csv->fields, field);
			csv->ends[csv->count] = csv->fields.n;
		}
		csv->count++;
	} while (tab);
	return CSV_ROW;
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	split(&s->csv, line->text);
	return dnc_buf_ok(&s->csv.fields) ? csv_row(s) : DNC_SOURCE_FAILED;
}

const struct format format_tsv = {
	.about = {"tsv", "a header line and rows, separated by tabs, without quoting",
		DNC_FORMAT_HEADER},
	.line = read_line,
	.scan = split,
	.row = csv_read_row,
};
