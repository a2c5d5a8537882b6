/* csv.c - files with a header line: dialer exports and vendor lists. */
#include "base/clock.h"
#include "priv/format.h"

struct dnc_str csv_column(const struct csv_state *csv, const char *field)
{
	for (size_t i = 0; i < csv->columns; i++)
		if (strcmp(csv->headers[i], field) == 0)
			return field_at(csv, i);
	return (struct dnc_str){0};
}

static bool is_time(const char *field)
{
	size_t n = strlen(field);

	return strcmp(field, "timestamp") == 0 || (n > 3 && strcmp(field + n - 3, "_at") == 0);
}

bool csv_add_field(
	struct dnc_source *s, enum dnc_type type, const char *field, struct dnc_str value)
{
	char text[DNC_TIME_LEN];
	int64_t ms;

	if (!value.n || !*field)
		return true;
	if (is_time(field)) {
		bool local = dnc_clock_parse_local(value, &ms);
		bool whole = !local && dnc_clock_parse(value, &ms);

		if (local || (!whole && csv_read_time(value, &ms))) {
			dnc_clock_format(ms, text);
			value = (struct dnc_str){text, sizeof text};
		} else if (!whole && dnc_event_has_field(type, dnc_str(field))) {
			return false;
		}
	}
	source_add(s, field, value);
	return true;
}

enum dnc_source_result csv_reject_time(struct dnc_source *s, const char *field)
{
	return source_reject(s, DNC_REJECT_INVALID_TIMESTAMP, field,
		"%s is not a date that can be read without a guess, as 2026-04-23 08:00 is: convert it with a "
		"map, or keep it as text with --column event_data.NAME=HEADER",
		field);
}

static bool has_column(const void *csv, const char *key)
{
	return csv_column(csv, key).n > 0;
}

enum dnc_source_result csv_read_row(struct dnc_source *s)
{
	struct csv_state *csv = &s->csv;
	struct dnc_str type = csv_column(csv, "type");
	enum dnc_type of = DNC_NUMBER_SUPPRESSED;

	struct dnc_str number = csv_column(csv, "phone_number");
	enum dnc_source_result rc;
	char e164[DNC_PHONE_MAX];
	size_t contrary;

	if (type.n && source_type_by_name(type, &of))
		type = dnc_type_names[of];
	else if (type.n)
		return source_reject(s, DNC_REJECT_UNKNOWN_TYPE, "type",
			"\"%.*s\" is no type of events; if the column says something else, as of a telephone, name "
			"it: --column event_data.phone_type=HEADER",
			type.n > 40 ? 40 : (int)type.n, type.p);
	if (of == DNC_NUMBER_SUPPRESSED && csv_is_contrary(csv, &contrary))
		return source_reject(s, DNC_REJECT_INVALID_ROW, csv->headers[contrary],
			"%s says that the row may be no suppression: make its event with a map, or keep the column "
			"as text with --column event_data.NAME=HEADER",
			csv->headers[contrary]);
	dnc_buf_clear(&s->event);
	dnc_buf_chr(&s->event, '{');
	source_add(s, "type", type.n ? type : dnc_type_names[DNC_NUMBER_SUPPRESSED]);
	if (csv->country &&
		(rc = source_apply_country(s, field_at(csv, csv->country - 1), &number, e164)))
		return rc;
	if (!source_add_cell_number(s, number))
		return source_reject_cell(s);
	for (size_t i = 0; i < csv->columns; i++)
		if (strcmp(csv->headers[i], "type") != 0 &&
			strcmp(csv->headers[i], "phone_number") != 0 &&
			!csv_add_field(s, of, csv->headers[i], field_at(csv, i)))
			return csv_reject_time(s, csv->headers[i]);
	source_add_given(s, has_column, csv);
	dnc_buf_chr(&s->event, '}');
	return source_record(s);
}

const struct format format_csv = {.about = {"csv", "a header line and rows", DNC_FORMAT_HEADER},
	.detect = csv_detect,
	.line = csv_line,
	.next = csv_next,
	.row = csv_read_row};
