#include "wide.h"
#include <ctype.h>
#include <jv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* All integers of so many digits are held exactly; the longest double has 309 before its point. */
enum { EXACT_DIGITS = 15, DOUBLE_DIGITS = 310 };

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

/* Takes what comes first in S: a string, a number, or any other byte. Sets INTEGER when it is one. */
static struct dnc_str take_token(struct dnc_str *s, bool *integer)
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
		struct dnc_str token = take_token(&json, &integer);

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
		struct dnc_str token = take_token(&json, &integer);

		if (integer && !is_exact(token))
			add_double(b, token, step);
		else
			dnc_buf_str(b, token);
	}
}
