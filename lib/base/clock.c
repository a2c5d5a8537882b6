#include "clock.h"
#include <time.h>

/* The first millisecond of year 1 and the first of year 10000, which four digits cannot write. */
#define YEAR_1_MS     INT64_C(-62135596800000)
#define YEAR_10000_MS INT64_C(253402300800000)

bool dnc_clock_in_range(int64_t ms)
{
	return ms >= YEAR_1_MS && ms < YEAR_10000_MS;
}

static int64_t read_clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t dnc_clock_now_ms(void)
{
	return read_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t dnc_clock_mono_ns(void)
{
	return read_clock_ns(CLOCK_MONOTONIC);
}

int64_t dnc_clock_thread_ns(void)
{
	return read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t dnc_clock_mono_ms(void)
{
	return dnc_clock_mono_ns() / 1000000;
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Counting years from
 * March puts the leap day at the year's end; 146097 days are 400 years. */
static int64_t days_from_date(int64_t y, int m, int d)
{
	int64_t era, year_of_era, day_of_year;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static void date_from_days(int64_t days, int *y, int *m, int *d)
{
	int64_t era, day_of_era, year_of_era, day_of_year, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	*d = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	*m = (int)(month < 10 ? month + 3 : month - 9);
	*y = (int)(year_of_era + era * 400 + (*m <= 2));
}

static void put_digits(char *p, int width, int v)
{
	while (width-- > 0) {
		p[width] = (char)('0' + v % 10);
		v /= 10;
	}
}

void dnc_clock_format(int64_t ms, char out[DNC_TIME_LEN])
{
	int64_t days = ms / DNC_DAY_MS, rest = ms % DNC_DAY_MS;
	int y, m, d, r;

	if (rest < 0) {
		rest += DNC_DAY_MS;
		days--;
	}
	r = (int)rest;
	date_from_days(days, &y, &m, &d);
	memcpy(out, "0000-00-00T00:00:00.000Z", DNC_TIME_LEN);
	put_digits(out, 4, y);
	put_digits(out + 5, 2, m);
	put_digits(out + 8, 2, d);
	put_digits(out + 11, 2, r / 3600000);
	put_digits(out + 14, 2, r / 60000 % 60);
	put_digits(out + 17, 2, r / 1000 % 60);
	put_digits(out + 20, 3, r % 1000);
}

/* Reads exactly WIDTH digits and removes them from the front of S. */
static bool read_digits(struct dnc_str *s, int width, int *out)
{
	int v = 0;

	if (s->n < (size_t)width)
		return false;
	for (int i = 0; i < width; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += width;
	s->n -= (size_t)width;
	*out = v;
	return true;
}

static bool read_char(struct dnc_str *s, const char *any_of)
{
	if (!s->n || !s->p[0] || !strchr(any_of, s->p[0]))
		return false;
	s->p++;
	s->n--;
	return true;
}

static bool read_date(struct dnc_str *s, int64_t *ms)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y, m, d;

	if (!read_digits(s, 4, &y) || !read_char(s, "-") || !read_digits(s, 2, &m) ||
		!read_char(s, "-") || !read_digits(s, 2, &d))
		return false;
	if (m < 1 || m > 12 || d < 1 || d > month_days[m - 1])
		return false;
	if (m == 2 && d == 29 && (y % 4 || (y % 100 == 0 && y % 400)))
		return false;
	*ms = days_from_date(y, m, d) * DNC_DAY_MS;
	return true;
}

static bool read_time(struct dnc_str *s, int64_t *ms, bool *leap)
{
	int h, m, sec, milli = 0;

	if (!read_digits(s, 2, &h) || !read_char(s, ":") || !read_digits(s, 2, &m) ||
		!read_char(s, ":") || !read_digits(s, 2, &sec))
		return false;
	if (h > 23 || m > 59 || sec > 60)
		return false;
	if (read_char(s, ".")) {
		int digit, scale = 100;

		if (!s->n || s->p[0] < '0' || s->p[0] > '9')
			return false;
		while (read_digits(s, 1, &digit)) {
			milli += digit * scale;
			scale /= 10;
		}
	}
	*leap = sec == 60;
	*ms += h * INT64_C(3600000) + m * INT64_C(60000) + sec * INT64_C(1000) + milli;
	return true;
}

/* A leap second comes after 23:59:59 UTC on the last day of a month, so that the next minute, as
 * which it counts, is the first of one. */
static bool is_leap_second(int64_t ms)
{
	int y, m, d;

	if (ms % DNC_DAY_MS < 0 || ms % DNC_DAY_MS >= 1000)
		return false;
	date_from_days(ms / DNC_DAY_MS, &y, &m, &d);
	return d == 1;
}

static bool read_offset(struct dnc_str *s, int64_t *ms)
{
	int h, m, sign = 1;

	if (read_char(s, "Zz"))
		return true;
	if (read_char(s, "-"))
		sign = -1;
	else if (!read_char(s, "+"))
		return false;
	if (!read_digits(s, 2, &h) || !read_char(s, ":") || !read_digits(s, 2, &m) || h > 23 ||
		m > 59)
		return false;
	*ms -= sign * (h * INT64_C(3600000) + m * INT64_C(60000));
	return true;
}

bool dnc_clock_parse_any_year(struct dnc_str s, int64_t *ms)
{
	int64_t t;
	bool leap;

	if (!read_date(&s, &t) || !read_char(&s, "Tt ") || !read_time(&s, &t, &leap) ||
		!read_offset(&s, &t) || s.n || (leap && !is_leap_second(t)))
		return false;
	*ms = t;
	return true;
}

bool dnc_clock_parse(struct dnc_str s, int64_t *ms)
{
	int64_t t;

	if (!dnc_clock_parse_any_year(s, &t) || !dnc_clock_in_range(t))
		return false;
	*ms = t;
	return true;
}

bool dnc_clock_parse_local(struct dnc_str s, int64_t *ms)
{
	int64_t t;
	bool leap = false;

	if (!read_date(&s, &t))
		return false;
	if (s.n && (!read_char(&s, "T ") || !read_time(&s, &t, &leap) || s.n))
		return false;
	if (!dnc_clock_in_range(t) || (leap && !is_leap_second(t)))
		return false;
	*ms = t;
	return true;
}

bool dnc_clock_parse_span(struct dnc_str s, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', DNC_DAY_MS},
		{'w', 7 * DNC_DAY_MS}};
	int64_t v = 0;
	int digit;

	if (s.n < 2 || s.n > 7)
		return false;
	while (s.n > 1) {
		if (!read_digits(&s, 1, &digit))
			return false;
		v = v * 10 + digit;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (units[i].unit == s.p[0]) {
			*ms = v * units[i].ms;
			return true;
		}
	return false;
}
