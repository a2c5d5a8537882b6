/* lists.c - files with a number in each line: the National Registry's and plain ones. */
#include "base/clock.h"
#include "priv/reader.h"

static bool all_digits(struct dnc_str s, size_t n)
{
	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* Cuts S at its first comma; false when there is none. */
static bool cut(struct dnc_str s, struct dnc_str *head, struct dnc_str *tail)
{
	const char *comma = memchr(s.p, ',', s.n);

	if (!comma)
		return false;
	*head = (struct dnc_str){s.p, (size_t)(comma - s.p)};
	*tail = (struct dnc_str){comma + 1, s.n - head->n - 1};
	return true;
}

/* A change list's row: NUMBER,TIMESTAMP,A|D. */
struct change {
	struct dnc_str number, time;
	int64_t ms;
	char action;
};

static const char *read_change(struct dnc_str row, struct change *c)
{
	struct dnc_str rest;

	if (!cut(row, &c->number, &rest) || !cut(rest, &c->time, &rest))
		return "not NUMBER,TIMESTAMP,A|D";
	if (!dnc_clock_parse_local(c->time, &c->ms))
		return "the second field is no date-time";
	if (rest.n != 1 || (rest.p[0] != 'A' && rest.p[0] != 'D'))
		return "the third field is neither A (added) nor D (deleted)";
	c->action = rest.p[0];
	return all_digits(c->number, 10) ? NULL : "the first field is not ten digits";
}

bool change_detect(struct dnc_str first_line)
{
	struct change c;

	return !read_change(dnc_str_trim(first_line), &c);
}

int change_line(struct dnc_source *s, const struct dnc_line *line)
{
	struct change c;
	const char *why = read_change(dnc_str_trim(line->text), &c);
	bool added;
	char text[DNC_TIME_LEN];
	struct dnc_str time = {text, sizeof text};

	if (why)
		return source_reject(s, DNC_REJECT_INVALID_ROW, "", "%s", why);
	added = c.action == 'A';
	dnc_clock_format(c.ms, text);
	source_begin(s, added ? DNC_NUMBER_SUPPRESSED : DNC_NUMBER_RELEASED);
	source_add(s, "phone_number", c.number);
	if (added)
		source_add_origin(s, "federal_dnc",
			s->options.reason ? s->options.reason : "regulatory", "federal");
	else
		source_add_origin(s, "federal_dnc", "regulatory_change", "federal");
	source_add(s, "timestamp", time);
	source_add(s, added ? "suppressed_at" : "released_at", time);
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}

/* A full list's row: AREA,NUMBER (3 and 7 digits), or ten digits in older downloads. */
static bool read_full(struct dnc_str row, char digits[10])
{
	struct dnc_str area, number;

	if (all_digits(row, 10)) {
		memcpy(digits, row.p, 10);
		return true;
	}
	if (!cut(row, &area, &number) || !all_digits(area, 3) || !all_digits(number, 7))
		return false;
	memcpy(digits, area.p, 3);
	memcpy(digits + 3, number.p, 7);
	return true;
}

/* Ten digits alone are not taken for the federal list: nothing says that they are. */
bool full_detect(struct dnc_str first_line)
{
	struct dnc_str row = dnc_str_trim(first_line);
	char digits[10];

	return row.n == 11 && read_full(row, digits);
}

int full_line(struct dnc_source *s, const struct dnc_line *line)
{
	char digits[10];

	if (!read_full(dnc_str_trim(line->text), digits))
		return source_reject(
			s, DNC_REJECT_INVALID_ROW, "", "neither AREA,NUMBER nor ten digits");
	source_begin(s, DNC_NUMBER_SUPPRESSED);
	source_add(s, "phone_number", (struct dnc_str){digits, sizeof digits});
	source_add_origin(
		s, "federal_dnc", s->options.reason ? s->options.reason : "regulatory", "federal");
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}

/* One number in a line, as people write it. */
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

int numbers_line(struct dnc_source *s, const struct dnc_line *line)
{
	source_begin(s, DNC_NUMBER_SUPPRESSED);
	source_add(s, "phone_number", dnc_str_trim(line->text));
	source_add_origin(s, NULL, s->options.reason, NULL);
	dnc_buf_chr(&s->event, '}');
	return source_give(s);
}
