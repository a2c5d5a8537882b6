/* csv_chosen.c - the columns that --column names. */
#include <ctype.h>
#include <stdlib.h>
#include "base/words.h"
#include "priv/record.h"

/* The number of a column, from 1; 0 if TEXT is none. */
static size_t column_number(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		if (!isdigit((unsigned char)*p) || p - text == 4)
			return 0;
		n = 10 * n + (size_t)(*p - '0');
	}
	return n;
}

static enum dnc_source_result refuse_missing(struct dnc_source *s, const char *wanted)
{
	struct dnc_nearest near = dnc_nearest_start(dnc_str(wanted));

	for (size_t i = 0; i < s->csv.count; i++)
		dnc_nearest_try(&near, dnc_str_trim(field_at(&s->csv, i)));
	if (!near.best.p)
		return csv_refuse_header(s, "has no header \"", dnc_str(wanted),
			"\", which --column names", (struct dnc_str){0}, "", true);
	return csv_refuse_header(s, "has no header \"", dnc_str(wanted),
		"\", which --column names; did you mean \"", near.best, "\"?", true);
}

/* The column that --column names WANTED: by its header, else by its number. */
static enum dnc_source_result find_chosen(struct dnc_source *s, const char *wanted, size_t *found)
{
	struct csv_state *csv = &s->csv;
	size_t number = column_number(wanted);

	*found = CSV_MAX_COLUMNS;
	for (size_t i = 0; i < csv->count && !s->options.no_header; i++) {
		struct dnc_str header = field_at(csv, i);

		if (!dnc_str_caseeq(dnc_str_trim(header), dnc_str(wanted)))
			continue;
		if (*found != CSV_MAX_COLUMNS)
			return csv_refuse_header(s, "has the header \"", header,
				"\", which --column names, twice; give the number of its column",
				(struct dnc_str){0}, "", true);
		*found = i;
	}
	if (*found != CSV_MAX_COLUMNS)
		return DNC_SOURCE_MORE;
	*found = number - 1;
	if (number && number <= csv->count)
		return DNC_SOURCE_MORE;
	if (number)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no column %zu, which --column names: its first row has %zu", number,
			csv->count);
	if (s->options.no_header)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no header (--no-header), so that --column must give the number of a column "
			"from 1 instead of \"%s\"",
			wanted);
	return refuse_missing(s, wanted);
}

enum dnc_source_result csv_name_chosen(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;

	for (size_t k = 0; k < s->options.column_count; k++) {
		const struct dnc_column *c = &s->options.columns[k];
		size_t found;
		enum dnc_source_result rc = find_chosen(s, c->header, &found);

		if (rc)
			return rc;
		if (csv->headers[found])
			return source_refuse(s, DNC_REFUSED_HEADER,
				"has one column, number %zu, for two fields of --column: %s and %s",
				found + 1, csv->headers[found], c->field);
		if (!(csv->headers[found] = strdup(c->field)))
			return DNC_SOURCE_FAILED;
		/* Whoever names this column says that its rows are releases: their type must say so, too. */
		if (strcmp(c->field, "released_at") == 0)
			csv->contrary[found] = csv_contrary_header(dnc_str(c->field));
	}
	return DNC_SOURCE_MORE;
}
