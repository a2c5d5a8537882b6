/* tokens.h - what a token of a JSON text is, RFC 8259. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "base/str.h"

static inline const char *token_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* RFC 8259 section 6: [-] int [frac] [exp]. */
static inline bool token_is_number(struct dnc_str s)
{
	const char *p = s.p, *end = s.p + s.n, *from;

	p += p < end && *p == '-';
	from = p;
	p = token_digits(p, end);
	if (p == from || (*from == '0' && p > from + 1))
		return false;
	if (p < end && *p == '.') {
		from = ++p;
		p = token_digits(p, end);
		if (p == from)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		from = p;
		p = token_digits(p, end);
		if (p == from)
			return false;
	}
	return p == end;
}

static inline bool token_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The token at TEXT + FROM, without the blanks between it and TO. */
static inline struct dnc_str token(const char *text, uint32_t from, uint32_t to)
{
	struct dnc_str s = {text + from, to - from};

	while (s.n > 1 && token_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}
