/* csv_second.c - columns whose headers say little, such as Home or Number 2, or that have none, and whose fields are phone numbers beside the one
 * that is read. */
#include "phone/phone.h"
#include "priv/record.h"

/* What column I may hold, by its header, or, without one, by its fields alone. */
static enum csv_second second_at(const struct dnc_source *s, size_t i)
{
	const struct csv_state *csv = &s->csv;
	struct dnc_str header = field_at(csv, i);

	if (s->options.no_header || csv_header_may_be_number(header))
		return SECOND_NAMED;
	if (csv->contrary[i] || dnc_event_has_field(DNC_TYPES, dnc_str(csv->headers[i])) ||
		csv_header_excludes_number(header, false))
		return SECOND_NEVER;
	return csv_header_excludes_number(header, true) ? SECOND_WRITTEN : SECOND_PLAIN;
}

void csv_mark_seconds(struct dnc_source *s, const bool chosen[CSV_MAX_COLUMNS])
{
	struct csv_state *csv = &s->csv;
	size_t phone = 0;

	while (phone < csv->count && strcmp(csv->headers[phone], "phone_number") != 0)
		phone++;
	if (phone == csv->count || chosen[phone])
		return;
	csv->phone = phone;
	csv->asks = true;
	for (size_t i = 0; i < csv->count; i++)
		if (i != phone && !chosen[i] && !csv->beside[i]) {
			csv->second[i] = (uint8_t)second_at(s, i);
			csv->seconds += csv->second[i] == SECOND_NAMED;
		}
}

/* A number of the row, in E.164. */
struct normal {
	char e164[DNC_PHONE_MAX];
	struct dnc_str text; /* empty if there is none */
};

/* Reads FIELD as the row's number is read. False if it is no number, or has lost digits. */
static bool normalize(struct dnc_source *s, struct dnc_str field, struct normal *number)
{
	struct csv_number cell;
	size_t n = 0;
	bool ok = csv_read_number(s, dnc_str_trim(field), &cell) == DNC_SOURCE_MORE &&
	          dnc_phone_normalize(dnc_str_trim(cell.read), s->options.region, false,
			  number->e164, &n) == DNC_PHONE_OK;

	number->text = (struct dnc_str){number->e164, ok ? n : 0};
	return ok;
}

/* A date that starts like a number; without a header also one that is all digits. */
static bool is_time(const struct dnc_source *s, struct dnc_str field)
{
	int64_t ms;

	return csv_read_time(field, &ms) &&
	       (s->options.no_header || !source_is_digits(field, field.n));
}

/* True if FIELD holds a number that is not FIRST, which is WRITTEN so in the row. */
static bool holds_another(struct dnc_source *s, struct dnc_str field, struct dnc_str written,
	const struct normal *first)
{
	struct normal second;

	field = dnc_str_trim(field);
	if (!field.n || dnc_str_eq(field, dnc_str_trim(written)) || is_time(s, field))
		return false;
	if (normalize(s, field, &second))
		return !dnc_str_eq(first->text, second.text);
	return csv_starts_with_number(s, field);
}

size_t csv_find_second(struct dnc_source *s)
{
	const struct csv_state *csv = &s->csv;
	struct dnc_str written = field_at(csv, csv->phone);
	struct normal first;
	bool read = false;

	for (size_t i = 0; i < csv->columns; i++) {
		struct dnc_str field = field_at(csv, i);

		if (csv->second[i] != SECOND_NAMED || !field.n || dnc_str_eq(field, written))
			continue;
		if (!read)
			normalize(s, written, &first);
		read = true;
		if (holds_another(s, field, written, &first))
			return i;
	}
	return csv->columns;
}

enum dnc_source_result csv_refuse_second(struct dnc_source *s, size_t column, uint64_t line)
{
	const char *header = s->csv.headers[column];

	return source_refuse(s, DNC_REFUSED_HEADER,
		"has a phone number in the column \"%s\", too, as in line %llu: select the one that "
		"counts with --column phone_number=HEADER, and read the file once more for the other, or "
		"keep the column as text with --column event_data.%s=HEADER",
		header, (unsigned long long)line, header);
}

enum dnc_source_result csv_check_second(struct dnc_source *s)
{
	const struct csv_state *csv = &s->csv;
	size_t i = csv_find_second(s);

	if (i == csv->columns)
		return DNC_SOURCE_MORE;
	/* Nothing of the file was read yet; without a header the rows that were kept are like it. */
	if (csv->rows == 1 && !s->options.no_header)
		return csv_refuse_second(s, i, s->record.line);
	return source_reject(s, DNC_REJECT_INVALID_ROW, csv->headers[i],
		"%s holds a second phone number: select the one that counts with --column "
		"phone_number=%s, and read the file once more for the other",
		csv->headers[i], s->options.no_header ? "N" : "HEADER");
}
