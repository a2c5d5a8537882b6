/* csv_numbered.c - the columns of a file without a header (--no-header): their names are their numbers. */
#include <stdio.h>
#include <stdlib.h>
#include "priv/record.h"

/* What the fields of a column are that are not empty. */
struct looks {
	size_t filled, numbers, starts; /* fields; numbers; those that start with a number */
};

static void look_at(const struct dnc_source *s, struct looks *l, struct dnc_str field)
{
	int64_t ms;

	l->filled += dnc_str_trim(field).n > 0;
	if (csv_read_time(field, &ms))
		return; /* "2026-11-25 10" starts like a number */
	l->numbers += source_is_cell_number(s, field);
	l->starts += csv_starts_with_number(s, field);
}

/* Looks at the rows that were kept, or at the first one. */
static void look_at_rows(const struct dnc_source *s, struct looks looks[CSV_MAX_COLUMNS])
{
	const struct csv_state *csv = &s->csv;
	const struct sample sample = {.text = dnc_buf_view(&s->kept.text),
		.lines = s->kept.lines,
		.count = s->kept.count};
	struct dnc_str line;

	if (!s->kept.count)
		for (size_t i = 0; i < csv->count; i++)
			look_at(s, &looks[i], field_at(csv, i));
	for (size_t n = 0; sample_next(&sample, &n, &line);) {
		struct csv_cut cut = {.rest = line, .delimiter = csv->delimiter, .more = true};

		if (csv_count_fields(line, csv->delimiter) != csv->count)
			continue;
		for (size_t i = 0; i < csv->count && csv_cut_field(&cut); i++)
			look_at(s, &looks[i], cut.field);
	}
}

/* Names the one column with phone numbers: more than half of its fields are such, and in no other column more than a tenth
 * starts with one. */
static enum dnc_source_result find_phone(struct dnc_source *s)
{
	struct looks looks[CSV_MAX_COLUMNS] = {0};
	struct csv_state *csv = &s->csv;
	size_t found = csv->count;

	look_at_rows(s, looks);
	for (size_t i = 0; i < csv->count; i++) {
		if (csv->headers[i] || 10 * looks[i].starts <= looks[i].filled)
			continue;
		if (found < csv->count)
			return source_refuse(s, DNC_REFUSED_HEADER,
				"has phone numbers in columns %zu and %zu; give --column phone_number=%zu or "
				"--column phone_number=%zu",
				found + 1, i + 1, found + 1, i + 1);
		found = i;
	}
	if (found == csv->count || 2 * looks[found].numbers <= looks[found].filled)
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no column of phone numbers; give --column phone_number=N, the number of the "
			"column from 1 to %zu",
			csv->count);
	csv->headers[found] = strdup("phone_number");
	return csv->headers[found] ? DNC_SOURCE_MORE : DNC_SOURCE_FAILED;
}

static bool names_number(const char *field)
{
	return strcmp(field, "phone_number") == 0 || strcmp(field, "type") == 0;
}

bool csv_tells_by_rows(const struct dnc_source_options *o)
{
	if (o->map)
		return false;
	for (size_t i = 0; i < o->column_count; i++)
		if (o->no_header ? names_number(o->columns[i].field)
				 : strcmp(o->columns[i].field, "phone_number") == 0)
			return false;
	return true;
}

enum dnc_source_result csv_name_by_number(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	enum dnc_source_result rc = s->options.map ? DNC_SOURCE_MORE : csv_name_chosen(s);
	bool chosen[CSV_MAX_COLUMNS], tell = csv_tells_by_rows(&s->options);

	for (size_t i = 0; i < csv->count; i++)
		chosen[i] = csv->headers[i];
	if (!rc && tell)
		rc = find_phone(s);
	for (size_t i = 0; !rc && i < csv->count; i++)
		if (!csv->headers[i] && asprintf(&csv->headers[i], "column_%zu", i + 1) < 0) {
			csv->headers[i] = NULL;
			rc = DNC_SOURCE_FAILED;
		}
	if (!rc && tell)
		csv_mark_seconds(s, chosen);
	return rc;
}
