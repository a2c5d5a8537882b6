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

int64_t dnc_clock_tick_ms(void)
{
	return read_clock_ns(CLOCK_REALTIME_COARSE) / 1000000;
}

int64_t dnc_clock_mono_ns(void)
{
	return read_clock_ns(CLOCK_MONOTONIC);
}

int64_t dnc_clock_boot_ms(void)
{
	return read_clock_ns(CLOCK_BOOTTIME) / 1000000;
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

/* Writes V, which is less than 100. */
static inline void put_two(char *p, unsigned v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

/* Writes the time that is MS after midnight. */
static inline void put_time(char out[DNC_TIME_LEN], unsigned ms)
{
	put_two(out + 11, ms / 3600000);
	put_two(out + 14, ms / 60000 % 60);
	put_two(out + 17, ms / 1000 % 60);
	put_two(out + 20, ms % 1000 / 10);
	out[22] = (char)('0' + ms % 10);
}

void dnc_clock_format(int64_t ms, char out[DNC_TIME_LEN])
{
	int64_t days = ms / DNC_DAY_MS, rest = ms % DNC_DAY_MS;
	int y, m, d;

	if (rest < 0) {
		rest += DNC_DAY_MS;
		days--;
	}
	date_from_days(days, &y, &m, &d);
	memcpy(out, "0000-00-00T00:00:00.000Z", DNC_TIME_LEN);
	put_two(out, (unsigned)y / 100);
	put_two(out + 2, (unsigned)y % 100);
	put_two(out + 5, (unsigned)m);
	put_two(out + 8, (unsigned)d);
	put_time(out, (unsigned)rest);
}

void dnc_clock_format_again(int64_t before, int64_t ms, char out[DNC_TIME_LEN])
{
	if (before >= 0 && ms >= 0 && before / DNC_DAY_MS == ms / DNC_DAY_MS)
		put_time(out, (unsigned)(ms % DNC_DAY_MS));
	else
		dnc_clock_format(ms, out);
}

static inline void take(struct dnc_str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

/* Reads one digit and removes it from the front of S. */
static inline bool read_digit(struct dnc_str *s, int *out)
{
	if (!s->n || s->p[0] < '0' || s->p[0] > '9')
		return false;
	*out = s->p[0] - '0';
	take(s, 1);
	return true;
}

/* Reads the two digits at P. */
static inline bool two_digits(const char *p, int *out)
{
	unsigned tens = (unsigned)p[0] - '0', ones = (unsigned)p[1] - '0';

	*out = (int)(tens * 10 + ones);
	return tens < 10 && ones < 10;
}

static inline bool read_char(struct dnc_str *s, const char *any_of)
{
	for (; s->n && *any_of; any_of++)
		if (s->p[0] == *any_of) {
			take(s, 1);
			return true;
		}
	return false;
}

static bool read_date(struct dnc_str *s, int64_t *ms)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int century, y, m, d;

	if (s->n < sizeof "0000-00-00" - 1 || !two_digits(s->p, &century) ||
		!two_digits(s->p + 2, &y) || s->p[4] != '-' || !two_digits(s->p + 5, &m) ||
		s->p[7] != '-' || !two_digits(s->p + 8, &d))
		return false;
	take(s, sizeof "0000-00-00" - 1);
	y += century * 100;
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

	if (s->n < sizeof "00:00:00" - 1 || !two_digits(s->p, &h) || s->p[2] != ':' ||
		!two_digits(s->p + 3, &m) || s->p[5] != ':' || !two_digits(s->p + 6, &sec))
		return false;
	take(s, sizeof "00:00:00" - 1);
	if (h > 23 || m > 59 || sec > 60)
		return false;
	if (read_char(s, ".")) {
		int digit, scale = 100;

		if (!s->n || s->p[0] < '0' || s->p[0] > '9')
			return false;
		while (read_digit(s, &digit)) {
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
	if (s->n < sizeof "00:00" - 1 || !two_digits(s->p, &h) || s->p[2] != ':' ||
		!two_digits(s->p + 3, &m) || h > 23 || m > 59)
		return false;
	take(s, sizeof "00:00" - 1);
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
		if (!read_digit(&s, &digit))
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
