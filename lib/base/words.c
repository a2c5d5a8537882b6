#include "words.h"
#include <stdint.h>

bool dnc_words_have(const char *words, struct dnc_str word)
{
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");

		if (n && dnc_str_eq((struct dnc_str){p, n}, word))
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment; both at most DNC_WORD_MAX long. */
static size_t distance(struct dnc_str a, struct dnc_str b)
{
	uint8_t row[3][DNC_WORD_MAX + 1]; /* of the last two letters of A and of this one */

	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a.n; i++) {
		uint8_t *now = row[i % 3], *before = row[(i + 2) % 3],
			*two_before = row[(i + 1) % 3];

		now[0] = (uint8_t)i;
		for (size_t j = 1; j <= b.n; j++) {
			char x = lower(a.p[i - 1]), y = lower(b.p[j - 1]);
			size_t d = least(before[j], now[j - 1]) + 1u;

			d = least(d, before[j - 1] + (x == y ? 0u : 1u));
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) && lower(a.p[i - 2]) == y)
				d = least(d, two_before[j - 2] + 1u);
			now[j] = (uint8_t)d;
		}
	}
	return row[a.n % 3][b.n];
}

struct dnc_nearest dnc_nearest_start(struct dnc_str typed)
{
	size_t most = typed.n < 3 ? 1 : typed.n / 3;

	return (struct dnc_nearest){.typed = typed, .distance = most + 1};
}

void dnc_nearest_try(struct dnc_nearest *n, struct dnc_str candidate)
{
	size_t d;

	if (!n->typed.n || n->typed.n > DNC_WORD_MAX || !candidate.n || candidate.n > DNC_WORD_MAX)
		return;
	d = distance(n->typed, candidate);
	if (d < n->distance && d < candidate.n) {
		n->distance = d;
		n->best = candidate;
	}
}

struct dnc_str dnc_words_nearest(const char *words, struct dnc_str typed)
{
	struct dnc_nearest near = dnc_nearest_start(typed);
	struct dnc_str longer = {0};

	for (const char *p = words; *p;) {
		struct dnc_str word = {p, strcspn(p, " ")};
		size_t n = least(word.n, typed.n);

		dnc_nearest_try(&near, word);
		if (n >= 3 && !longer.p &&
			dnc_str_caseeq((struct dnc_str){p, n}, (struct dnc_str){typed.p, n}))
			longer = word;
		p += word.n + (p[word.n] == ' ');
	}
	return near.best.p ? near.best : longer;
}

bool dnc_words_check(const char *words, struct dnc_str word, struct dnc_buf *why)
{
	/* Of two words the nearest may be the wrong one (of RS256, HS256): both are shown. */
	enum { FEW = 2 };
	struct dnc_str near = {0};
	size_t blanks = 0;

	if (dnc_words_have(words, word))
		return true;
	for (const char *p = words; (p = strchr(p, ' ')); p++)
		blanks++;
	if (blanks + 1 > FEW)
		near = dnc_words_nearest(words, word);
	dnc_buf_printf(why, "\"%.*s\" is ", DNC_STR_ARG(word));
	if (near.p)
		dnc_buf_printf(why, "unknown; did you mean \"%.*s\"?", DNC_STR_ARG(near));
	else
		dnc_buf_lit(why, "not one of ");
	for (const char *p = words; !near.p && *p; p++) {
		if (*p != ' ')
			dnc_buf_chr(why, *p);
		else if (p[1])
			dnc_buf_lit(why, ", ");
	}
	return false;
}
