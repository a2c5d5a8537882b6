/* unescape.c - the content of a JSON string, RFC 8259 section 7. */
#include "json.h"

static unsigned read_hex(const char *p)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		value = value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static char *write_utf8(char *out, unsigned code)
{
	int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};

	*out++ = (char)(first[more] | code >> 6 * more);
	while (more--)
		*out++ = (char)(0x80 | (code >> 6 * more & 0x3f));
	return out;
}

/* The escape after the backslash at P. Returns where the text goes on. */
static const char *read_escape(const char *p, char **out)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *name = strchr(names, p[1]);
	unsigned code;

	if (name) {
		*(*out)++ = means[name - names];
		return p + 2;
	}
	code = read_hex(p + 2);
	p += 6;
	if (code >= 0xd800 && code < 0xdc00) { /* the first of two surrogates */
		code = 0x10000 + ((code - 0xd800) << 10 | (read_hex(p + 2) - 0xdc00));
		p += 6;
	}
	*out = write_utf8(*out, code);
	return p;
}

size_t dnc_json_unescape(char *out, struct dnc_str content)
{
	const char *p = content.p, *end = p + content.n;
	char *to = out;

	while (p < end) {
		const char *escape = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((escape ? escape : end) - p);

		memmove(to, p, plain);
		to += plain;
		p += plain;
		if (escape)
			p = read_escape(p, &to);
	}
	return (size_t)(to - out);
}
