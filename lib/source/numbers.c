/* numbers.c - a phone number in each line. */
#include "priv/format.h"

bool numbers_detect(struct dnc_str first_line)
{
	struct dnc_str s = dnc_str_trim(first_line);
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

const struct format format_numbers = {.about = {"numbers", "one phone number per line",
					      DNC_FORMAT_LIST | DNC_FORMAT_NEEDS_REASON},
	.detect = numbers_detect,
	.line = read_line};
