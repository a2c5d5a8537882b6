/* utf8.h - the sequences of UTF-8 (RFC 3629). Thread safe. */
#pragma once
#include <stddef.h>

/* Returns the length of the sequence of two bytes and more at P, of which N bytes (at least one) can be read; 0 if there
 * is none. */
static inline size_t dnc_utf8_length(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char from, to, second_from, second_to, length;
	} forms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
		{0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
		{0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
		{0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (p[0] < forms[i].from || p[0] > forms[i].to)
			continue;
		if (n < forms[i].length || p[1] < forms[i].second_from || p[1] > forms[i].second_to)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((p[k] & 0xC0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* Returns how many of the N bytes at TEXT are left without a sequence at their end that was cut. */
static inline size_t dnc_utf8_whole(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t back = 1; back <= 3 && back <= n; back++)
		if ((p[n - back] & 0xC0) != 0x80)
			return p[n - back] < 0xC0 || dnc_utf8_length(p + n - back, back) ? n
			                                                                 : n - back;
	return n;
}
