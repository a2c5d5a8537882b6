/* csv_moment.c - the dates of columns such as Deleted At, in any form, and what programs write for no date. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/words.h"
#include "priv/csv.h"

/* Years of what has happened to a row: a date before them is that of a program's day zero (0001, 1601, 1753, 1899-12-30,
 * 1900-01-01), one after them says "never" (9999-12-31). 1970-01-01, and the last day before it in western zones, is zero. */
enum { YEAR_MIN = 1970, YEAR_END = 2099, ZERO_YEAR = 1970 };

/* The same in milliseconds, and the last day of the year 9999 in seconds and in days since 1970. */
static const double year_end_ms = 4070908800e3, last_day_s = 253402214400, last_day = 2932896;

enum { NUMBER_MAX = 32, DAY_S = 86400, DAY_DIGITS = 8 };

/* A number is a date if it is a count of days, seconds or smaller units since some day zero. */
static enum csv_moment read_count(double value)
{
	enum { COUNT_MIN = 10000 };           /* smaller than any date of today in any unit */
	const double micro = 1e14, ms = 1e11; /* larger counts have this unit at least */

	while (value >= micro)
		value /= 1000;
	if (value <= 0 || value == last_day || (value >= last_day_s && value < last_day_s + DAY_S))
		return MOMENT_NEVER;
	if (value >= year_end_ms || (value < ms && value >= year_end_ms / 1000))
		return MOMENT_NEVER;
	return value >= COUNT_MIN ? MOMENT_PAST : MOMENT_NONE;
}

static enum csv_moment read_day(unsigned year, unsigned one, unsigned other)
{
	return year < YEAR_MIN || year >= YEAR_END || (year == ZERO_YEAR && one == 1 && other == 1)
	               ? MOMENT_NEVER
	               : MOMENT_PAST;
}

/* 20260423, or 20260423080000. */
static enum csv_moment read_digits(struct dnc_str value)
{
	unsigned year, month, day;

	if (value.n != 8 && value.n != 14)
		return MOMENT_NONE;
	if (sscanf(value.p, "%4u%2u%2u", &year, &month, &day) != 3 || month > 12 || day > 31)
		return MOMENT_NONE;
	return read_day(year, month, day);
}

/* Names of months and their beginnings, in languages whose letters have no accents there. */
static const char january[] = "jan january januar janeiro enero ene janvier janv gennaio gen";
static const char months[] =
	"jan january januar janeiro enero ene janvier janv gennaio gen feb february februar febrero fevrier febbraio mar march marzo "
	"mars apr april abril abr avril avr aprile may mai mayo maggio mag jun june juni junio juin giugno giu jul july juli "
	"julio juillet juil luglio lug aug august agosto ago sep sept september septiembre septembre settembre set oct "
	"october oktober okt octubre octobre ottobre ott nov november noviembre novembre dec december dezember dez diciembre "
	"dic decembre dicembre";

/* What a date has: its year, its other groups of digits, and words. */
struct date {
	unsigned year, other[3];
	size_t years, others;
	bool worded; /* there are letters, other than the T before a time */
	bool named,
		january; /* there is the name of a month beside digits, and it is that of the first */
	bool alone;      /* there are only digits with - or / between them */
};

/* Takes the digits at AT, with what is before and after them; false if they are too many. Those of a time do not count. */
static bool take_digits(struct date *d, struct dnc_str value, size_t at, size_t n, bool *timed)
{
	const char before = at ? value.p[at - 1] : ' ';
	const char after = at + n < value.n ? value.p[at + n] : ' ';
	unsigned group = 0;

	if (before == ':' || after == ':') {
		*timed = true;
		return true;
	}
	if (*timed && strchr(".,+-", before))
		return true; /* a fraction of a second, or a zone */
	if (n == 3 || n > 4)
		return false;
	for (size_t i = 0; i < n; i++)
		group = group * 10 + (unsigned)(value.p[at + i] - '0');
	if (n == 4)
		d->year = group, d->years++;
	else if (d->others < 3)
		d->other[d->others++] = group;
	return true;
}

/* True if digits stand before AT, or with STEP 1 behind it, with a blank or the like between at most. */
static bool has_digits_beside(struct dnc_str value, size_t at, int step)
{
	for (size_t far = 0; far < 3 && at < value.n; far++, at += (size_t)step)
		if (isdigit((unsigned char)value.p[at]))
			return true;
		else if (!memchr(" -/.,", value.p[at], 5))
			return false;
	return false;
}

static void take_word(struct date *d, struct dnc_str value, size_t at, size_t n)
{
	const struct dnc_str word = {value.p + at, n};
	char text[16];

	d->worded |= word.n > 1 || (*word.p != 'T' && *word.p != 'Z');
	d->alone = false;
	if (word.n > sizeof text ||
		!(has_digits_beside(value, at - 1, -1) || has_digits_beside(value, at + n, 1)))
		return;
	for (size_t i = 0; i < word.n; i++)
		text[i] = (char)tolower((unsigned char)word.p[i]);
	d->named |= dnc_words_have(months, (struct dnc_str){text, word.n});
	d->january |= dnc_words_have(january, (struct dnc_str){text, word.n});
}

/* Reads up to three groups of digits, and the words before and among them; false if they are of no date. */
static bool read_parts(struct dnc_str value, struct date *d)
{
	bool timed = false;

	*d = (struct date){.alone = true};
	for (size_t at = 0, n; at < value.n && d->years + d->others < 3; at += n) {
		const unsigned char c = (unsigned char)value.p[at];

		for (n = 1; at + n < value.n; n++) {
			unsigned char next = (unsigned char)value.p[at + n];

			if (isdigit(c) ? !isdigit(next) : !isalpha(c) || !isalpha(next))
				break;
		}
		if (isalpha(c))
			take_word(d, value, at, n);
		else if (isdigit(c) && !take_digits(d, value, at, n, &timed))
			return false;
		d->alone &= isdigit(c) || c == '-' || c == '/';
	}
	return true;
}

/* The day zero of a program with a year of two digits: 1/1/00, 1/0/00, 1/1/01, 1/1/70. */
static bool is_short_zero(unsigned year, unsigned one, unsigned other)
{
	return (year == 0 || year == 1 || year == 70) && one <= 1 && other <= 1;
}

/* The same with a day or a year beside the month alone. */
static bool is_shorter_zero(unsigned month, unsigned year)
{
	return (year == 0 || year == 70) && month <= 1;
}

/* Groups without a year of four digits. */
static enum csv_moment read_short(const struct date *d)
{
	const unsigned *other = d->other;
	bool zero;

	if (d->others == 3)
		zero = is_short_zero(other[2], other[0], other[1]) ||
		       is_short_zero(other[0], other[1], other[2]);
	else if (d->others == 2 && d->named)
		zero = d->january && is_short_zero(other[1], other[0], 1);
	else if (d->others == 2 && d->alone && other[0] <= 12)
		zero = is_shorter_zero(other[0], other[1]);
	else if (d->others == 1 && d->named)
		zero = d->january && is_shorter_zero(1, other[0]);
	else
		return MOMENT_NONE;
	return zero ? MOMENT_NEVER : MOMENT_PAST;
}

/* A day, a month that may have a name, and a year; or a month and one of these. */
static enum csv_moment read_groups(struct dnc_str value)
{
	struct date d;

	if (!read_parts(value, &d) || d.years > 1)
		return MOMENT_NONE;
	if (!d.years)
		return read_short(&d);
	if (d.others == 2)
		return read_day(d.year, d.other[0], d.other[1]);
	if (d.others == 1 && (d.worded || (d.alone && d.other[0] <= 12)))
		return read_day(d.year, d.other[0], d.named && !d.january ? 2 : 1);
	return d.others == 0 && d.named ? read_day(d.year, 1, d.january ? 1 : 2) : MOMENT_NONE;
}

/* True if VALUE is a number and nothing else. TEXT is a copy. */
static bool read_number(struct dnc_str value, char text[NUMBER_MAX], double *number)
{
	char *end;

	if (!value.n || value.n >= NUMBER_MAX)
		return false;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	if (strspn(text, "+-.0123456789eE") != value.n || strcspn(text, "0123456789") == value.n)
		return false;
	*number = strtod(text, &end);
	return !*end;
}

static bool starts_with_day(struct dnc_str value)
{
	size_t n = 0;

	while (n < value.n && isdigit((unsigned char)value.p[n]))
		n++;
	return n == DAY_DIGITS && n < value.n && (value.p[n] == 'T' || value.p[n] == ' ');
}

enum csv_moment csv_moment(struct dnc_str value, double *number)
{
	char text[NUMBER_MAX];
	enum csv_moment read;

	*number = NAN;
	if (!read_number(value, text, number)) {
		/* 20260423T080000Z */
		if (starts_with_day(value))
			return read_digits((struct dnc_str){value.p, DAY_DIGITS});
		return read_groups(value);
	}
	read = read_digits((struct dnc_str){text, value.n});
	return read ? read : read_count(*number);
}
