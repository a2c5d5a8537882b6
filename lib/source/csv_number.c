/* csv_number.c - telephone numbers in the fields of a row. */
#include <ctype.h>
#include "priv/record.h"

enum dnc_source_result csv_read_number(
	struct dnc_source *s, struct dnc_str written, struct csv_number *number)
{
	const struct csv_state *csv = &s->csv;
	enum dnc_source_result rc = DNC_SOURCE_MORE;
	struct dnc_error err;

	number->beside = dnc_beside_number(written);
	for (unsigned kind = 0; !rc && csv->kinds_beside >> kind; kind++)
		for (size_t i = 0; !rc && csv->kinds_beside >> kind & 1 && i < csv->columns; i++)
			if (csv->beside[i] == kind && kind &&
				dnc_beside_apply(&s->beside, kind, dnc_str(csv->headers[i]),
					field_at(csv, i), &number->beside, &err) < 0)
				rc = source_reject_beside(s, &err);
	if (!rc && !source_cell_number(s, number->beside.read, &number->read, number->digits))
		rc = source_reject_cell(s);
	return rc;
}

/* Bytes of a field in which a number is looked for, and the digits of one that text follows: a shorter one is a postal code
 * or a house number. */
enum { START_MAX = 64, DIGITS_MIN = 7 };

bool csv_starts_with_number(const struct dnc_source *s, struct dnc_str field)
{
	struct dnc_str start = {field.p, 0};
	size_t digits = 0;
	bool found = source_is_cell_number(s, field);

	if (dnc_str_starts(field, DNC_STR("tel:")))
		start.n = 4;
	/* Up to each end of digits: what follows may be another number, or anything. */
	for (size_t i = start.n; !found && i < field.n && i < START_MAX; i++) {
		if (!field.p[i] || !strchr("+-.() /0123456789", field.p[i]))
			break;
		start.n = i + 1;
		digits += isdigit((unsigned char)field.p[i]) != 0;
		found = digits >= DIGITS_MIN && isdigit((unsigned char)field.p[i]) &&
		        (start.n == field.n || !isdigit((unsigned char)field.p[start.n])) &&
		        source_is_cell_number(s, start);
	}
	return found;
}
