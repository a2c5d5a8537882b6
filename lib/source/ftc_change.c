/* ftc_change.c - the National Registry's change list. */
#include "base/clock.h"
#include "base/words.h"
#include "priv/format.h"
#include "priv/ftc.h"

/* A change list's row: NUMBER,TIMESTAMP,A|D. */
struct change {
	struct dnc_str number, time;
	int64_t ms;
	char action;
};

static const char *read_change(struct dnc_str row, struct change *c)
{
	struct dnc_str rest;

	if (!source_cut(row, &c->number, &rest) || !source_cut(rest, &c->time, &rest))
		return "not NUMBER,TIMESTAMP,A|D";
	if (!dnc_clock_parse_local(c->time, &c->ms) || c->ms < DNC_EVENT_TIME_MIN)
		return "the second field is not a date-time";
	if (rest.n != 1 || (rest.p[0] != 'A' && rest.p[0] != 'D'))
		return "the third field is neither A (added) nor D (deleted)";
	c->action = rest.p[0];
	return source_is_digits(c->number, 10) ? NULL : "the first field is not ten digits";
}

static bool is_row(struct dnc_str line)
{
	struct change c;

	return !read_change(line, &c);
}

static void detect(const struct sample *sample, struct verdict *v)
{
	size_t lines, rows = sample_rows(sample, is_row, &lines);

	enum likeness likeness = rows ? FORMAT_MAYBE : FORMAT_NO;

	/* No other format has such a row; but under a header a vendor may give the letters another meaning. */
	if (sample_first(sample).p && csv_names_number(sample_first(sample))) {
		verdict_set(v, likeness,
			"%zu of %zu %s NUMBER,TIMESTAMP,A|D, but its header names columns", rows,
			lines, dnc_plural(lines, "line is", "lines are"));
		return;
	}
	if (rows && (2 * rows > lines || is_row(sample_first(sample))))
		likeness = FORMAT_SURE;
	verdict_set(v, likeness, "%zu of %zu %s NUMBER,TIMESTAMP,A|D", rows, lines,
		dnc_plural(lines, "line is", "lines are"));
}

enum dnc_source_result ftc_change_event(
	struct dnc_source *s, struct dnc_str number, int64_t ms, bool added)
{
	if (added)
		source_begin_fact(
			s, DNC_NUMBER_SUPPRESSED, number, "federal_dnc", "regulatory", "federal");
	else
		source_begin_fact(s, DNC_NUMBER_RELEASED, number, "federal_dnc",
			"regulatory_change", "federal");
	s->fact.dated = true;
	s->fact.at_ms = ms;
	return source_fact(s);
}

static enum dnc_source_result read_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct dnc_str row = dnc_str_trim(line->text);
	struct change c;
	const char *why;

	if (!s->headed && ftc_is_header(s, row))
		return DNC_SOURCE_MORE;
	why = read_change(row, &c);
	if (why)
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "%s", why);
	return ftc_change_event(s, c.number, c.ms, c.action == 'A');
}

const struct format format_ftc_change = {
	.about = {"ftc-change", "the National Registry's change list",
		DNC_FORMAT_LIST | DNC_FORMAT_NAMELESS | DNC_FORMAT_CHANGES | DNC_FORMAT_LAYOUT |
			DNC_FORMAT_ORDERED},
	.origin = {"federal_dnc", "federal", "regulatory", "regulatory_change"},
	.detect = detect,
	.line = read_line};
