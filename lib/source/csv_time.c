/* csv_time.c - dates and times as databases and spreadsheets write them. What has the month and the day in an order that
 * only the writer knows (4/5/2026) is none of them. */
#include "base/clock.h"
#include "priv/csv.h"

/* The RFC 3339 text that is being made. */
struct text {
	char p[48];
	size_t n;
};

static bool take(struct dnc_str *s, struct text *t, size_t n)
{
	if (s->n < n || sizeof t->p - t->n < n)
		return false;
	memcpy(t->p + t->n, s->p, n);
	t->n += n;
	s->p += n;
	s->n -= n;
	return true;
}

static bool add(struct text *t, const char *literal)
{
	struct dnc_str s = dnc_str(literal);

	return take(&s, t, s.n);
}

/* True if S has a character from ANY_OF first, which is passed over. */
static bool skip(struct dnc_str *s, const char *any_of)
{
	if (!s->n || !s->p[0] || !strchr(any_of, s->p[0]))
		return false;
	s->p++, s->n--;
	return true;
}

/* 2026-04-23, 2026/04/23 or 20260423. */
static bool read_date(struct dnc_str *s, struct text *t)
{
	const char *mark;

	if (s->n < 8)
		return false;
	mark = s->p[4] == '-' ? "-" : s->p[4] == '/' ? "/" : "";
	if (!take(s, t, 4))
		return false;
	for (int i = 0; i < 2; i++)
		if ((*mark && !skip(s, mark)) || !add(t, "-") || !take(s, t, 2))
			return false;
	return true;
}

/* 08:00 or 08:00:00, with a fraction. */
static bool read_clock(struct dnc_str *s, struct text *t)
{
	if (!take(s, t, 5))
		return false;
	if (!s->n || s->p[0] != ':')
		return add(t, ":00");
	if (!take(s, t, 3))
		return false;
	while (s->n && (s->p[0] == '.' || (s->p[0] >= '0' && s->p[0] <= '9')))
		if (!take(s, t, 1))
			return false;
	return true;
}

/* Nothing, Z, UTC, +02:00, +0200 or +02. */
static bool read_offset(struct dnc_str *s, struct text *t)
{
	while (skip(s, " "))
		;
	if (!s->n || dnc_str_caseeq(*s, DNC_STR("Z")) || dnc_str_caseeq(*s, DNC_STR("UTC"))) {
		s->n = 0;
		return add(t, "Z");
	}
	if ((s->p[0] != '+' && s->p[0] != '-') || !take(s, t, 3))
		return false;
	if (!s->n)
		return add(t, ":00");
	skip(s, ":");
	return add(t, ":") && take(s, t, 2) && !s->n;
}

bool csv_read_time(struct dnc_str s, int64_t *ms)
{
	struct text t = {0};

	s = dnc_str_trim(s);
	if (!read_date(&s, &t) || !add(&t, "T"))
		return false;
	if (!s.n)
		return add(&t, "00:00:00Z") && dnc_clock_parse((struct dnc_str){t.p, t.n}, ms);
	if (!skip(&s, "Tt "))
		return false;
	while (skip(&s, " "))
		;
	return read_clock(&s, &t) && read_offset(&s, &t) &&
	       dnc_clock_parse((struct dnc_str){t.p, t.n}, ms);
}
