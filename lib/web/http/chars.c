#include "web/http/chars.h"

enum {
	V = HTTP_VALUE,
	TV = HTTP_TOKEN | HTTP_VALUE,
	QV = HTTP_QUERY | HTTP_VALUE,
	TQV = TV | QV,
	PQV = HTTP_PATH | QV,
	TPQV = HTTP_TOKEN | PQV,
	ALL = HTTP_HOST | TPQV,
};

/* clang-format off */
const unsigned char http_chars[256] = {
	['\t'] = V, [' '] = V, ['"'] = V, ['<'] = V, ['>'] = V, [0x80 ... 0xff] = V,
	['#'] = TV,
	['?'] = QV, ['['] = QV, ['\\'] = QV, [']'] = QV, ['{'] = QV, ['}'] = QV,
	['^'] = TQV, ['`'] = TQV, ['|'] = TQV,
	['('] = PQV, [')'] = PQV, [','] = PQV, ['/'] = PQV, [':'] = PQV, [';'] = PQV, ['='] = PQV,
	['@'] = PQV,
	['!'] = TPQV, ['$'] = TPQV, ['%'] = TPQV, ['&'] = TPQV, ['\''] = TPQV, ['*'] = TPQV,
	['+'] = TPQV,
	['-'] = ALL, ['.'] = ALL, ['_'] = ALL, ['~'] = ALL,
	['0' ... '9'] = ALL, ['A' ... 'Z'] = ALL, ['a' ... 'z'] = ALL,
};
/* clang-format on */

bool http_all_are(struct dnc_str s, enum http_chars chars)
{
	for (size_t i = 0; i < s.n; i++)
		if (!http_char_is(s.p[i], chars))
			return false;
	return true;
}

int http_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
