/* form.c - bodies of HTML forms: https://url.spec.whatwg.org/#application/x-www-form-urlencoded */
#include <ctype.h>
#include "priv/optout.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends PART decoded. False if a percent sign starts no escape. */
static bool decode(struct dnc_buf *out, struct dnc_str part)
{
	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];

		if (c == '%') {
			int high = i + 2 < part.n ? hex_digit(part.p[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(part.p[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' &&
			   !(i == 0 && part.n > 1 && isdigit((unsigned char)part.p[1]))) {
			c = ' ';
		}
		dnc_buf_chr(out, c);
	}
	return true;
}

/* Appends a name or value as a JSON string; TEXT is memory to work in. */
static bool write_part(struct dnc_buf *out, struct dnc_buf *text, struct dnc_str part)
{
	dnc_buf_clear(text);
	if (!decode(text, part))
		return false;
	dnc_json_write_str(out, text->n ? dnc_buf_view(text) : DNC_STR(""));
	return true;
}

static bool write_pair(struct dnc_buf *out, struct dnc_buf *text, struct dnc_str pair)
{
	const char *equals = memchr(pair.p, '=', pair.n);
	struct dnc_str name, value;

	if (!equals || equals == pair.p)
		return false;
	name = (struct dnc_str){pair.p, (size_t)(equals - pair.p)};
	value = (struct dnc_str){equals + 1, pair.n - name.n - 1};
	if (!write_part(out, text, name))
		return false;
	dnc_buf_chr(out, ':');
	return write_part(out, text, value);
}

bool form_write_json(struct dnc_buf *out, struct dnc_str form)
{
	struct dnc_buf text = {0};
	bool ok = true, first = true;

	dnc_buf_chr(out, '{');
	while (ok && form.n) {
		const char *end = memchr(form.p, '&', form.n);
		struct dnc_str pair = {form.p, end ? (size_t)(end - form.p) : form.n};

		form.p += pair.n + (end != NULL);
		form.n -= pair.n + (end != NULL);
		if (!pair.n)
			continue;
		if (!first)
			dnc_buf_chr(out, ',');
		first = false;
		ok = write_pair(out, &text, pair);
	}
	dnc_buf_chr(out, '}');
	if (!dnc_buf_ok(&text))
		out->failed = true;
	dnc_buf_free(&text);
	return ok && !first;
}
