/* ftc_full.c - the National Registry's full list. */
#include "base/words.h"
#include "priv/format.h"
#include "priv/ftc.h"

/* A full list's row: AREA,NUMBER (3 and 7 digits), or ten digits in older downloads. */
static bool read_full(struct dnc_str row, char digits[10])
{
	if (row.n == 10) {
		memcpy(digits, row.p, 10);
	} else if (row.n == 11 && row.p[3] == ',') {
		memcpy(digits, row.p, 3);
		memcpy(digits + 3, row.p + 4, 7);
	} else {
		return false;
	}
	return source_is_digits((struct dnc_str){digits, 10}, 10);
}

static bool is_row(struct dnc_str line)
{
	char digits[10];

	return read_full(line, digits);
}

/* True if the row has its comma: ten digits alone may be any list of numbers. */
static bool is_certain(struct dnc_str line)
{
	return line.n == 11 && is_row(line);
}

static void detect(const struct sample *sample, struct verdict *v)
{
	size_t lines, certain = sample_rows(sample, is_certain, &lines);
	size_t rows = sample_rows(sample, is_row, &lines);

	if (2 * rows <= lines)
		verdict_set(v, rows ? FORMAT_MAYBE : FORMAT_NO, "%zu of %zu %s AREA,NUMBER", rows,
			lines, dnc_plural(lines, "line is", "lines are"));
	else if (2 * certain > lines)
		verdict_set(v, FORMAT_SURE, "%zu of %zu %s AREA,NUMBER", certain, lines,
			dnc_plural(lines, "line is", "lines are"));
	else if (sample->options->reason)
		verdict_set(v, FORMAT_NO, "lines of ten digits with --reason are numbers");
	else
		verdict_set(v, FORMAT_MAYBE,
			"%zu of %zu %s ten digits, as in older downloads of the registry", rows,
			lines, dnc_plural(lines, "line is", "lines are"));
}

enum dnc_source_result ftc_full_event(struct dnc_source *s, struct dnc_str number)
{
	source_begin_fact(s, DNC_NUMBER_SUPPRESSED, number, "federal_dnc", "regulatory", "federal");
	return source_fact(s);
}

bool ftc_is_header(struct dnc_source *s, struct dnc_str line)
{
	bool first = !s->headed;

	s->headed = true;
	for (size_t i = 0; first && i < line.n; i++)
		first = line.p[i] < '0' || line.p[i] > '9';
	return first && memchr(line.p, ',', line.n);
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct dnc_str row = dnc_str_trim(line->text);

	if (!s->headed && ftc_is_header(s, row))
		return DNC_SOURCE_MORE;
	if (!read_full(row, s->digits))
		return source_reject(
			s, DNC_REJECT_INVALID_ROW, "", "neither AREA,NUMBER nor ten digits");
	return ftc_full_event(s, (struct dnc_str){s->digits, sizeof s->digits});
}

static bool is_full(const struct dnc_source *s)
{
	(void)s;
	return true;
}

const struct format format_ftc_full = {
	.about = {"ftc-full", "the National Registry's full list",
		DNC_FORMAT_LIST | DNC_FORMAT_NAMELESS | DNC_FORMAT_LAYOUT},
	.origin = {"federal_dnc", "federal", "regulatory", "regulatory_change"},
	.detect = detect,
	.line = read_line,
	.full = is_full};
