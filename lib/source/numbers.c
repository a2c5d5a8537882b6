/* numbers.c - a phone number in each line. */
#include "priv/format.h"

bool numbers_is_number(struct dnc_str line)
{
	struct dnc_str s = dnc_str_trim(line);
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			digits++;
		else if (!s.p[i] || !strchr("+-.() /", s.p[i]))
			return false;
	}
	return digits >= 7;
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	source_begin_fact(
		s, DNC_NUMBER_SUPPRESSED, dnc_str_trim(line->text), NULL, s->options.reason, NULL);
	return source_fact(s);
}

static void detect(const struct sample *sample, struct verdict *v)
{
	size_t lines, rows = sample_rows(sample, numbers_is_number, &lines);

	if (2 * rows <= lines)
		verdict_set(v, rows ? FORMAT_MAYBE : FORMAT_NO,
			"%zu of %zu lines are a phone number and nothing else", rows, lines);
	else if (!numbers_is_number(sample_first(sample)))
		verdict_set(v, FORMAT_MAYBE, "lines are phone numbers, but the first one is not");
	else if (!sample->options->reason)
		verdict_set(v, FORMAT_MAYBE,
			"%zu of %zu lines are a phone number and nothing else, but this format needs "
			"--reason",
			rows, lines);
	else
		verdict_set(v, FORMAT_SURE, "%zu of %zu lines are a phone number and nothing else",
			rows, lines);
}

const struct format format_numbers = {.about = {"numbers", "one phone number per line",
					      DNC_FORMAT_LIST | DNC_FORMAT_NEEDS_REASON},
	.detect = detect,
	.line = read_line};
