#include "addresses.h"

const char *const dnc_address_heads[] = {
	"unix:", "fd:", "file:", "exec:", "http://", "https://", "ws://", "wss://", NULL};

static bool begins(struct dnc_str text, const char *const *heads)
{
	for (; *heads; heads++)
		if (dnc_str_starts(text, dnc_str(*heads)))
			return true;
	return false;
}

static size_t span(struct dnc_str text, const char *characters)
{
	size_t n = 0;

	while (n < text.n && text.p[n] && strchr(characters, text.p[n]))
		n++;
	return n;
}

static void advance(struct dnc_str *text, size_t n)
{
	text->p += n;
	text->n -= n;
}

struct dnc_str dnc_address_next(
	struct dnc_str *rest, const char *separators, const char *const *heads)
{
	struct dnc_str one = {rest->p, 0}, left = *rest;

	while (left.n) {
		size_t n = span(left, separators);
		struct dnc_str behind = {left.p + n, left.n - n};

		if (n && begins(behind, heads)) {
			*rest = behind;
			return one;
		}
		n = n ? n : 1;
		one.n += n;
		advance(&left, n);
	}
	*rest = left;
	return one;
}
