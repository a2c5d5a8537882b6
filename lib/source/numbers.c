/* numbers.c - a phone number in each line. */
#include "base/words.h"
#include "phone/phone.h"
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

/* The number without a comment after it: a "#" or ";" between blanks. What has the digits of another number is no comment,
 * so that no number is passed over; "#7" is an extension. */
static struct dnc_str without_comment(struct dnc_str line)
{
	for (size_t i = 1; i < line.n; i++) {
		struct dnc_str comment = {line.p + i, line.n - i};

		if (sample_is_comment(comment) && dnc_chr_is_blank(line.p[i - 1]) &&
			(i + 1 == line.n || dnc_chr_is_blank(line.p[i + 1])))
			return dnc_phone_digits(comment) < 7
			               ? dnc_str_trim((struct dnc_str){line.p, i})
			               : line;
	}
	return line;
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct dnc_str number = dnc_str_trim(line->text);

	if (sample_is_comment(number))
		return DNC_SOURCE_MORE;
	source_begin_fact(
		s, DNC_NUMBER_SUPPRESSED, without_comment(number), NULL, s->options.reason, NULL);
	return source_fact(s);
}

static bool is_row(struct dnc_str line)
{
	return numbers_is_number(without_comment(line));
}

static void detect(const struct sample *sample, struct verdict *v)
{
	size_t lines, rows = sample_rows(sample, is_row, &lines);

	if (2 * rows <= lines)
		verdict_set(v, rows ? FORMAT_MAYBE : FORMAT_NO,
			"%zu of %zu %s a phone number and nothing else", rows, lines,
			dnc_plural(lines, "line is", "lines are"));
	else if (!is_row(sample_first(sample)))
		verdict_set(v, FORMAT_MAYBE, "lines are phone numbers, but the first one is not");
	else if (!sample->options->reason)
		verdict_set(v, FORMAT_MAYBE,
			"%zu of %zu %s a phone number and nothing else, but this format needs --reason",
			rows, lines, dnc_plural(lines, "line is", "lines are"));
	else
		verdict_set(v, FORMAT_SURE, "%zu of %zu %s a phone number and nothing else", rows,
			lines, dnc_plural(lines, "line is", "lines are"));
}

const struct format format_numbers = {.about = {"numbers", "one phone number per line",
					      DNC_FORMAT_LIST | DNC_FORMAT_NEEDS_REASON},
	.detect = detect,
	.line = read_line};
