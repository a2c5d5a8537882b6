/* pretty.c - an event as a line for people, and as a paragraph. */
#include <limits.h>
#include "base/clock.h"
#include "base/escape.h"
#include "priv/columns.h"
#include "priv/flatten.h"

/* By rank of severity: dim, plain, yellow, red, white on red. */
static const char *const colors[] = {"\033[2m", "", "\033[33m", "\033[31m", "\033[1;37;41m"};

/* What types are called where there is little room. */
static const struct dnc_str short_types[DNC_TYPES] = {
	[DNC_NUMBER_SUPPRESSED] = DNC_STR("suppressed"),
	[DNC_NUMBER_RELEASED] = DNC_STR("released"),
	[DNC_CHECK_PERFORMED] = DNC_STR("check"),
	[DNC_LIST_SYNCED] = DNC_STR("sync"),
	[DNC_COMPLIANCE_VIOLATION] = DNC_STR("violation"),
	[DNC_PROVIDER_STATUS_CHANGE] = DNC_STR("status"),
};

/* Lines of fewer columns have short types and times of whole seconds. */
enum { WIDE = 110 };

/* Columns of a wide and of a narrow line. */
enum { SEVERITY = 8, TYPE = 22, NUMBER = 13, PROVIDER = 12, PROVIDER_MOST = 20 };
enum { SHORT_TYPE = 10, SHORT_NUMBER = 12, SHORT_PROVIDER = 11 };

/* A line while it is written. */
struct line {
	struct dnc_show *s;
	struct dnc_buf *out;
	unsigned left; /* columns */
};

/* Appends TEXT, cut to MOST columns, and blanks up to WIDTH and one more. */
static void put(struct line *l, struct dnc_str text, unsigned width, unsigned most,
	const char *color, bool number)
{
	struct dnc_show *s = l->s;
	unsigned used, blanks;

	dnc_buf_clear(&s->text);
	dnc_escape(&s->text, text, DNC_ESCAPE_TEXT);
	dnc_buf_clear(&s->cell);
	used = show_cut(&s->cell, dnc_buf_view(&s->text), most < l->left ? most : l->left);
	l->left -= used;
	if (*color)
		dnc_buf_str(l->out, dnc_str(color));
	if (s->options.color && !*color)
		show_highlighted(&s->highlight, l->out, dnc_buf_view(&s->cell), number);
	else
		dnc_buf_str(l->out, dnc_buf_view(&s->cell));
	if (*color)
		dnc_buf_lit(l->out, "\033[0m");
	if (!width)
		return;
	blanks = (used < width ? width - used : 0) + 1;
	blanks = blanks < l->left ? blanks : l->left;
	show_blanks(l->out, blanks);
	l->left -= blanks;
}

static void put_time(struct line *l, int64_t ms, bool wide)
{
	struct show_zone *zone = &l->s->zone;
	char text[SHOW_TIME_BYTES];
	size_t n;

	n = l->s->options.terminal ? show_time_short(zone, text, ms, dnc_clock_tick_ms(), wide)
	                           : show_time(zone, text, ms);
	put(l, (struct dnc_str){text, n}, (unsigned)n, UINT_MAX, "", false);
}

static struct dnc_str or_dash(struct dnc_str s)
{
	return s.n ? s : DNC_STR("-");
}

/* The bytes of the word at the start of S, "+1******0143 ", if it ends as the number of E does; else 0. */
static size_t number_bytes(struct dnc_str s, const struct dnc_event *e)
{
	enum { LAST_DIGITS = 4 };
	const struct dnc_str phone = e->phone_number;
	const char *blank = s.n ? memchr(s.p, ' ', s.n) : NULL;

	if (!blank || s.p[0] != '+' || blank - s.p <= LAST_DIGITS || phone.n <= LAST_DIGITS ||
		memcmp(blank - LAST_DIGITS, phone.p + phone.n - LAST_DIGITS, LAST_DIGITS) != 0)
		return 0;
	return (size_t)(blank - s.p) + 1;
}

/* The bytes of the name at the start of S, "federal_dnc ", if it is the provider of E; else 0. */
static size_t provider_bytes(struct dnc_str s, const struct dnc_event *e)
{
	const struct dnc_str name = e->provider;

	return name.n && s.n > name.n && s.p[name.n] == ' ' && dnc_str_starts(s, name) ? name.n + 1
	                                                                               : 0;
}

/* The bytes at the start of S that say what the type says: "suppressed: ", "list sync: ". */
static size_t type_bytes(struct dnc_str s)
{
	static const struct dnc_str words[] = {DNC_STR("suppressed: "), DNC_STR("released: "),
		DNC_STR("checked: "), DNC_STR("violation: "), DNC_STR("list sync: ")};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (s.n > words[i].n && dnc_str_starts(s, words[i]))
			return words[i].n;
	return 0;
}

/* The summary without the words at its start that the columns before it have. */
static struct dnc_str rest_of_summary(const struct dnc_event *e)
{
	struct dnc_str s = e->summary;
	size_t n = number_bytes(s, e);

	n = n ? n : provider_bytes(s, e);
	if (n) {
		n += type_bytes((struct dnc_str){s.p + n, s.n - n});
		s = (struct dnc_str){s.p + n, s.n - n};
	}
	return s;
}

/* Appends the line, cut to COLUMNS unless that is 0. */
static void write_line(
	struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e, unsigned columns)
{
	struct line line = {s, out, columns ? columns : UINT_MAX};
	struct dnc_str type = dnc_type_names[e->type];
	const char *color = s->options.color ? colors[e->severity->rank] : "";
	bool wide = !columns || columns >= WIDE;

	put_time(&line, e->timestamp_ms, wide);
	put(&line, e->severity->name, SEVERITY, UINT_MAX, color, false);
	put(&line, wide ? (struct dnc_str){type.p + 4, type.n - 4} : short_types[e->type],
		wide ? TYPE : SHORT_TYPE, UINT_MAX, "", false);
	put(&line, or_dash(e->phone_number), wide ? NUMBER : SHORT_NUMBER, UINT_MAX, "", true);
	put(&line, or_dash(e->provider), wide ? PROVIDER : SHORT_PROVIDER,
		columns ? wide ? PROVIDER_MOST : SHORT_PROVIDER : UINT_MAX, "", false);
	put(&line, wide ? e->summary : rest_of_summary(e), 0, UINT_MAX, "", false);
}

void show_pretty(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	write_line(s, out, e, s->columns);
}

enum { NAME = 30 };

static void write_member(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_str name, const struct show_value *v)
{
	bool number = dnc_str_eq(name, DNC_STR("phone_number"));
	size_t before = s->text.n;
	unsigned used;

	/* NAME may be in S->text, which moves when it grows: what is added after it is removed again. */
	dnc_buf_clear(&s->cell);
	dnc_escape(&s->cell, name, DNC_ESCAPE_TEXT);
	dnc_buf_lit(out, "\n    ");
	used = show_columns(dnc_buf_view(&s->cell));
	if (s->options.color)
		dnc_buf_lit(out, "\033[2m");
	dnc_buf_str(out, dnc_buf_view(&s->cell));
	if (s->options.color)
		dnc_buf_lit(out, "\033[0m");
	show_blanks(out, (used < NAME ? NAME - used : 0) + 1);
	dnc_buf_clear(&s->cell);
	show_value_write(&s->cell, e, v);
	dnc_escape(&s->text, dnc_buf_view(&s->cell), v->text ? DNC_ESCAPE_TEXT : DNC_ESCAPE_JSON);
	if (s->options.color)
		show_highlighted(&s->highlight, out,
			(struct dnc_str){s->text.p + before, s->text.n - before}, number);
	else
		dnc_buf_add(out, s->text.p + before, s->text.n - before);
	s->text.n = before;
}

void show_verbose(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	write_line(s, out, e, 0);
	show_flatten(s, e, write_member, out);
}
