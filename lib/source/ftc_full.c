/* ftc_full.c - the National Registry's full list. */
#include "priv/format.h"

/* A full list's row: AREA,NUMBER (3 and 7 digits), or ten digits in older downloads. */
static bool read_full(struct dnc_str row, char digits[10])
{
	struct dnc_str area, number;

	if (source_is_digits(row, 10)) {
		memcpy(digits, row.p, 10);
		return true;
	}
	if (!source_cut(row, &area, &number) || !source_is_digits(area, 3) ||
		!source_is_digits(number, 7))
		return false;
	memcpy(digits, area.p, 3);
	memcpy(digits + 3, number.p, 7);
	return true;
}

/* Ten digits alone may be any list of numbers, so "auto" does not choose this format for them. */
static bool detect(struct dnc_str first_line)
{
	struct dnc_str row = dnc_str_trim(first_line);
	char digits[10];

	return row.n == 11 && read_full(row, digits);
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	if (!read_full(dnc_str_trim(line->text), s->digits))
		return source_reject(
			s, DNC_REJECT_INVALID_ROW, "", "neither AREA,NUMBER nor ten digits");
	source_begin_fact(s, DNC_NUMBER_SUPPRESSED, (struct dnc_str){s->digits, sizeof s->digits},
		"federal_dnc", s->options.reason ? s->options.reason : "regulatory", "federal");
	return source_fact(s);
}

const struct format format_ftc_full = {.about = {"ftc-full", "the National Registry's full list",
					       DNC_FORMAT_LIST | DNC_FORMAT_NAMELESS},
	.detect = detect,
	.line = read_line};
