#include "priv/wide.h"
#include <ctype.h>
#include <jv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A double holds all integers of EXACT_DIGITS digits exactly; the largest one has 309 digits before
 * its point. */
enum { EXACT_DIGITS = 15, DOUBLE_DIGITS = 310 };

/* Up to this number no two integers are the same double. */
static const double EXACT_MAX = 9007199254740991.0;

static bool is_exact(struct dnc_str literal)
{
	char text[DOUBLE_DIGITS + 2];
	jv written;
	bool same;

	if (literal.n <= EXACT_DIGITS)
		return true;
	if (literal.n >= sizeof text)
		return false;
	memcpy(text, literal.p, literal.n);
	text[literal.n] = '\0';
	written = jv_dump_string(jv_number(strtod(text, NULL)), 0);
	same = strcmp(jv_string_value(written), text) == 0;
	jv_free(written);
	return same;
}

/* Removes the first token from S: a string, a number, or any other byte. Sets *INTEGER. */
static struct dnc_str next_token(struct dnc_str *s, bool *integer)
{
	struct dnc_str token = {s->p, 1};
	bool number = s->p[0] == '-' || isdigit((unsigned char)s->p[0]);

	*integer = number;
	if (s->p[0] == '"') {
		while (token.n < s->n && s->p[token.n] != '"')
			token.n += s->p[token.n] == '\\' ? 2 : 1;
		token.n += 1;
	}
	while (number && token.n < s->n && s->p[token.n] &&
		strchr("0123456789+-.eE", s->p[token.n])) {
		*integer &= isdigit((unsigned char)s->p[token.n]) != 0;
		token.n++;
	}
	if (token.n > s->n)
		token.n = s->n;
	s->p += token.n;
	s->n -= token.n;
	return token;
}

struct dnc_str wide_find(struct dnc_str json)
{
	while (json.n) {
		bool integer;
		struct dnc_str token = next_token(&json, &integer);

		if (integer && !is_exact(token))
			return token;
	}
	return (struct dnc_str){0};
}

static void add_double(struct dnc_buf *b, struct dnc_str literal, int step)
{
	char text[DOUBLE_DIGITS + 2];
	double value;

	if (literal.n >= sizeof text) { /* past the largest double */
		dnc_buf_str(b, literal);
		return;
	}
	memcpy(text, literal.p, literal.n);
	text[literal.n] = '\0';
	value = strtod(text, NULL);
	if (step)
		value = nextafter(value, step < 0 ? -INFINITY : INFINITY);
	if (isinf(value))
		dnc_buf_str(b, literal);
	else
		dnc_buf_printf(b, "%.0f", value);
}

void wide_replace(struct dnc_buf *b, struct dnc_str json, int step)
{
	while (json.n) {
		bool integer;
		struct dnc_str token = next_token(&json, &integer);

		if (integer && !is_exact(token))
			add_double(b, token, step);
		else
			dnc_buf_str(b, token);
	}
}

/* The value of a number; infinite if it is too long. */
static double value_of(struct dnc_str literal)
{
	char text[DOUBLE_DIGITS + 2];

	if (literal.n >= sizeof text)
		return INFINITY;
	memcpy(text, literal.p, literal.n);
	text[literal.n] = '\0';
	return strtod(text, NULL);
}

static bool is_number(struct dnc_str token)
{
	return token.p[0] == '-' || isdigit((unsigned char)token.p[0]);
}

/* True if RECORD has the number NUMBER, in the same digits or in so few that a double holds them
 * exactly. */
static bool is_in(struct dnc_str record, struct dnc_str number)
{
	double value = value_of(number);

	while (record.n) {
		bool integer;
		struct dnc_str token = next_token(&record, &integer);

		if (is_number(token) &&
			(dnc_str_eq(token, number) ||
				(token.n <= EXACT_DIGITS && !(value_of(token) < value) &&
					!(value_of(token) > value))))
			return true;
	}
	return false;
}

struct dnc_str wide_made(struct dnc_str record, struct dnc_str result)
{
	while (result.n) {
		bool integer;
		struct dnc_str token = next_token(&result, &integer);

		if (is_number(token) && (token.n > EXACT_DIGITS || !integer) &&
			fabs(value_of(token)) > EXACT_MAX && !is_in(record, token))
			return token;
	}
	return (struct dnc_str){0};
}

/* Length of the number at the start of S, in the syntax of a program, without a sign. */
static size_t number_length(struct dnc_str s, bool *integer)
{
	size_t n = 0;

	*integer = true;
	while (n < s.n) {
		bool sign = n && (s.p[n] == '+' || s.p[n] == '-') && (s.p[n - 1] | 32) == 'e';

		if (!isdigit((unsigned char)s.p[n]) && s.p[n] != '.' && (s.p[n] | 32) != 'e' &&
			!sign)
			break;
		*integer &= isdigit((unsigned char)s.p[n]) != 0;
		n++;
	}
	return n;
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

/* Length of what has no number in it at the start of S. Strings are skipped with their
 * interpolations \( ): numbers there are checked in the results. */
static size_t skipped_length(struct dnc_str s)
{
	size_t n = 1;

	if (s.p[0] == '"') {
		while (n < s.n && s.p[n] != '"')
			n += s.p[n] == '\\' ? 2 : 1;
		n++;
	} else if (s.p[0] == '#') {
		while (n < s.n && s.p[n] != '\n')
			n++;
	} else if (in_name(s.p[0])) {
		while (n < s.n && in_name(s.p[n]))
			n++;
	}
	return n < s.n ? n : s.n;
}

struct dnc_str wide_in_program(struct dnc_str s)
{
	while (s.n) {
		bool number = isdigit((unsigned char)s.p[0]), integer = false;
		struct dnc_str token = {
			s.p, number ? number_length(s, &integer) : skipped_length(s)};

		if (number && ((integer && !is_exact(token)) || isinf(value_of(token))))
			return token;
		s.p += token.n;
		s.n -= token.n;
	}
	return (struct dnc_str){0};
}
