/* sheet.c - telephone numbers as spreadsheets write them into CSV. */
#include <ctype.h>
#include "phone/phone.h"
#include "priv/record.h"

/* A number of the North American plan has ten digits, with its country code eleven. */
enum { NANP_DIGITS = 10, CELL_MAX = CSV_CELL_DIGITS };

/* Removes what marks a cell as text: ="2025550143" and '2025550143. */
static struct dnc_str without_marks(struct dnc_str cell)
{
	if (cell.n > 3 && dnc_str_starts(cell, DNC_STR("=\"")) && cell.p[cell.n - 1] == '"')
		return (struct dnc_str){cell.p + 2, cell.n - 3};
	if (cell.n > 1 && cell.p[0] == '\'')
		return (struct dnc_str){cell.p + 1, cell.n - 1};
	return cell;
}

static size_t parse_digits(struct dnc_str *s, char *out)
{
	size_t n = 0;

	while (n < s->n && isdigit((unsigned char)s->p[n]))
		n++;
	memcpy(out, s->p, n);
	s->p += n;
	s->n -= n;
	return n;
}

/* The exponent of "E+10"; 0 if S is empty, -1 if it is something else. */
static int exponent(struct dnc_str s)
{
	char digits[CELL_MAX];
	size_t n;

	if (!s.n)
		return 0;
	if (s.p[0] != 'E' && s.p[0] != 'e')
		return -1;
	s.p++, s.n--;
	if (s.n && s.p[0] == '+')
		s.p++, s.n--;
	n = parse_digits(&s, digits);
	if (s.n || n < 1 || n > 2)
		return -1;
	return n == 2 ? (digits[0] - '0') * 10 + digits[1] - '0' : digits[0] - '0';
}

/* Writes the digits of a whole number with a fraction of zeros, or with an exponent that loses no
 * digit, if they can be a number of the North American plan. In other plans lengths vary, so that
 * one digit more or less would be another number. Returns their count, or 0. */
static size_t whole_digits(struct dnc_str cell, char digits[CELL_MAX])
{
	size_t whole, fraction, n;
	bool comma;
	int shift;

	if (!cell.n || cell.n > CELL_MAX || !(whole = parse_digits(&cell, digits)) || !cell.n ||
		(cell.p[0] != '.' && cell.p[0] != ','))
		return 0;
	comma = cell.p[0] == ',';
	cell.p++, cell.n--;
	fraction = parse_digits(&cell, digits + whole);
	shift = exponent(cell);
	if (comma && shift <= 0)
		return 0; /* 1,415 may be two fields, or thousands */
	n = whole + (size_t)(shift < 0 ? 0 : shift);
	if (!fraction || shift < 0 || (shift && whole != 1) || n > whole + fraction)
		return 0;
	for (size_t i = n; i < whole + fraction; i++)
		if (digits[i] != '0')
			return 0;
	return n == NANP_DIGITS || (n == NANP_DIGITS + 1 && digits[0] == '1') ? n : 0;
}

/* True for a number with an exponent, which is how a spreadsheet shows one that is too wide for its column. */
static bool has_exponent(struct dnc_str cell)
{
	char digits[CELL_MAX];

	if (!cell.n || cell.n > CELL_MAX || !parse_digits(&cell, digits))
		return false;
	if (cell.n && (cell.p[0] == '.' || cell.p[0] == ',')) {
		cell.p++, cell.n--;
		parse_digits(&cell, digits);
	}
	return exponent(cell) > 0;
}

bool source_cell_number(struct dnc_source *s, struct dnc_str cell, struct dnc_str *number,
	char digits[CSV_CELL_DIGITS])
{
	size_t n;

	*number = without_marks(cell);
	n = number->n ? whole_digits(dnc_str_trim(*number), digits) : 0;
	if (n && dnc_phone_region_nanp(s->options.region))
		*number = (struct dnc_str){digits, n};
	else if (has_exponent(dnc_str_trim(*number)))
		return false;
	return true;
}

bool source_add_cell_number(struct dnc_source *s, struct dnc_str cell)
{
	char digits[CSV_CELL_DIGITS];
	struct dnc_str number;

	if (!source_cell_number(s, cell, &number, digits))
		return false;
	source_add_number(s, number);
	return true;
}

enum dnc_source_result source_reject_cell(struct dnc_source *s)
{
	return source_reject(s, DNC_REJECT_INVALID_PHONE_NUMBER, "phone_number",
		"phone_number was shortened by a spreadsheet, which shows it with an exponent: its last "
		"digits may be lost; format the column as text or as a number without decimals, and export it "
		"again");
}

bool source_is_cell_number(const struct dnc_source *s, struct dnc_str cell)
{
	struct dnc_str number = dnc_str_trim(without_marks(dnc_str_trim(cell)));
	char digits[CELL_MAX], e164[DNC_PHONE_MAX];
	size_t n;

	return whole_digits(number, digits) || has_exponent(number) ||
	       dnc_phone_normalize(number, s->options.region, false, e164, &n) == DNC_PHONE_OK;
}
