/* str.h - a view of text: a pointer and a length, not terminated by a NUL.
 *
 * Views own nothing and are valid as long as the memory they point to; on the event path they point into
 * the line that was read, so that nothing is copied. A missing value has p == NULL, an empty one n == 0 and
 * p != NULL. All functions are thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct dnc_str {
	const char *p;
	size_t n;
};

/* A view of a string literal; the length is known to the compiler. */
#define DNC_STR(literal) ((struct dnc_str){(literal), sizeof(literal) - 1})

/* For printf's "%.*s". */
#define DNC_STR_ARG(s) (int)(s).n, (s).p

/* A view of a C string; NULL gives a missing value. */
static inline struct dnc_str dnc_str(const char *s)
{
	return (struct dnc_str){s, s ? strlen(s) : 0};
}

static inline bool dnc_str_eq(struct dnc_str a, struct dnc_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* True if A and B are equal but for the case of ASCII letters, in any locale. */
static inline bool dnc_str_caseeq(struct dnc_str a, struct dnc_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

		if (x >= 'A' && x <= 'Z')
			x = (unsigned char)(x + 32);
		if (y >= 'A' && y <= 'Z')
			y = (unsigned char)(y + 32);
		if (x != y)
			return false;
	}
	return true;
}

static inline bool dnc_str_starts(struct dnc_str s, struct dnc_str prefix)
{
	return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static inline bool dnc_chr_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* S without blanks, tabs and line ends at its start and end. */
static inline struct dnc_str dnc_str_trim(struct dnc_str s)
{
	while (s.n && dnc_chr_is_blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && dnc_chr_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}
