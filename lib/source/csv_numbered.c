/* csv_numbered.c - the columns of a file without a header (--no-header): their names are their numbers. */
#include <stdio.h>
#include <stdlib.h>
#include "phone/phone.h"
#include "priv/record.h"

bool csv_holds_number(const struct dnc_source *s, struct dnc_str field)
{
	char e164[DNC_PHONE_MAX];
	size_t n;

	return dnc_phone_normalize(dnc_str_trim(field), s->options.region, false, e164, &n) ==
	       DNC_PHONE_OK;
}

/* True if FIELD is a number or starts with one: "2025550143, x4". */
static bool starts_with_number(const struct dnc_source *s, struct dnc_str field)
{
	struct dnc_str start = {field.p, 0};

	while (start.n < field.n && strchr("+-.() /0123456789", field.p[start.n]) &&
		field.p[start.n])
		start.n++;
	return csv_holds_number(s, field) || csv_holds_number(s, start);
}

/* Names the one column whose field in the first row is a phone number. */
static enum dnc_source_result find_phone(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	size_t found = csv->count;

	for (size_t i = 0; i < csv->count; i++) {
		if (csv->headers[i] || !starts_with_number(s, field_at(csv, i)))
			continue;
		if (found < csv->count)
			return source_refuse(s, DNC_REFUSED_HEADER,
				"has phone numbers in columns %zu and %zu of its first row; give "
				"--column phone_number=%zu or --column phone_number=%zu",
				found + 1, i + 1, found + 1, i + 1);
		found = i;
	}
	if (found == csv->count || !csv_holds_number(s, field_at(csv, found)))
		return source_refuse(s, DNC_REFUSED_HEADER,
			"has no phone number in its first row; give --column phone_number=N, the number of "
			"the column from 1 to %zu",
			csv->count);
	csv->headers[found] = strdup("phone_number");
	return csv->headers[found] ? DNC_SOURCE_MORE : DNC_SOURCE_FAILED;
}

enum dnc_source_result csv_name_by_number(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	enum dnc_source_result rc = s->options.map ? DNC_SOURCE_MORE : csv_name_chosen(s);
	bool named = s->options.map;

	for (size_t i = 0; i < csv->count; i++)
		named |= csv->headers[i] && (strcmp(csv->headers[i], "phone_number") == 0 ||
						    strcmp(csv->headers[i], "type") == 0);
	if (!rc && !named)
		rc = find_phone(s);
	for (size_t i = 0; !rc && i < csv->count; i++)
		if (!csv->headers[i] && asprintf(&csv->headers[i], "column_%zu", i + 1) < 0) {
			csv->headers[i] = NULL;
			rc = DNC_SOURCE_FAILED;
		}
	return rc;
}
