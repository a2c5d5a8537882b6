/* json.c - the parts of json.h that need no parser. */
#include "json.h"
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/utf8.h"

uint32_t dnc_json_get(const struct dnc_json *doc, uint32_t object, struct dnc_str key)
{
	uint32_t end = doc->node[object].next;

	if (doc->node[object].type != DNC_JSON_OBJECT)
		return 0;
	for (uint32_t i = object + 1; i < end; i = doc->node[i].next)
		if (dnc_str_eq(doc->node[i].key, key))
			return i;
	return 0;
}

uint32_t dnc_json_value(const struct dnc_json *doc, uint32_t object, struct dnc_str key)
{
	uint32_t at = dnc_json_get(doc, object, key);

	return at && doc->node[at].type != DNC_JSON_NULL ? at : 0;
}

bool dnc_json_int(const struct dnc_json_node *node, int64_t *out)
{
	struct dnc_str s = node->raw;
	bool negative = s.n && s.p[0] == '-';
	uint64_t v = 0;

	if (node->type != DNC_JSON_NUMBER || s.n > 20)
		return false;
	for (size_t i = negative; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10u, &v) ||
			__builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	}
	if (v > (uint64_t)INT64_MAX)
		return false;
	*out = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

bool dnc_json_is_whole(const struct dnc_json_node *node)
{
	struct dnc_str s = node->raw;
	size_t sign = s.n && s.p[0] == '-';

	if (node->type != DNC_JSON_NUMBER)
		return false;
	for (size_t i = sign; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > sign;
}

bool dnc_json_double(const struct dnc_json_node *node, double *out)
{
	char text[64];

	if (node->type != DNC_JSON_NUMBER || node->raw.n >= sizeof text)
		return false;
	memcpy(text, node->raw.p, node->raw.n);
	text[node->raw.n] = '\0';
	/* The commands never call setlocale(LC_NUMERIC): the point is a point. */
	*out = strtod(text, NULL);
	return true;
}

bool dnc_json_is_utf8(struct dnc_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint64_t eight;

	for (size_t i = 0; i < s.n;) {
		size_t length = 1;

		if (s.n - i >= sizeof eight) {
			memcpy(&eight, p + i, sizeof eight);
			if (!(eight & UINT64_C(0x8080808080808080))) {
				i += sizeof eight;
				continue;
			}
		}
		if (p[i] >= 0x80 && !(length = dnc_utf8_length(p + i, s.n - i)))
			return false;
		i += length;
	}
	return true;
}

/* True if EIGHT bytes of text are ASCII that a string literal has as it is. */
static bool are_plain(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
	uint64_t quote = eight ^ (ones * '"'), slash = eight ^ (ones * '\\');

	/* A top bit is set where a byte is over 0x7F, under 0x20, or equal to one of both. */
	return !((eight | (eight - ones * 0x20) | (quote - ones) | (slash - ones)) & tops);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The number of plain bytes at the start of S; it may be less than there are. */
static size_t plain_bytes(struct dnc_str s)
{
	uint64_t eight;
	size_t n = 0;

	if (s.n >= sizeof eight) {
		for (; n + sizeof eight <= s.n; n += sizeof eight) {
			memcpy(&eight, s.p + n, sizeof eight);
			if (!are_plain(eight))
				return n;
		}
		memcpy(&eight, s.p + s.n - sizeof eight, sizeof eight);
		return are_plain(eight) ? s.n : n;
	}
	if (s.n >= 4) { /* two halves, which may overlap */
		uint32_t half[2];

		memcpy(&half[0], s.p, sizeof half[0]);
		memcpy(&half[1], s.p + s.n - sizeof half[1], sizeof half[1]);
		if (are_plain(half[0] | (uint64_t)half[1] << 32))
			return s.n;
	}
	while (n < s.n && is_plain((unsigned char)s.p[n]))
		n++;
	return n;
}

/* Writes S, all of whose bytes are plain, with its quotes to P. Returns the end. */
static inline char *put_plain(char *p, struct dnc_str s)
{
	*p++ = '"';
	if (s.n)
		memcpy(p, s.p, s.n);
	p += s.n;
	*p++ = '"';
	return p;
}

static void write_escape(struct dnc_buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c >= 0x80) {
		dnc_buf_lit(b, "\xEF\xBF\xBD");
	} else if (c == '"' || c == '\\') {
		dnc_buf_chr(b, '\\');
		dnc_buf_chr(b, (char)c);
	} else if (c == '\n') {
		dnc_buf_lit(b, "\\n");
	} else if (c == '\t') {
		dnc_buf_lit(b, "\\t");
	} else {
		dnc_buf_lit(b, "\\u00");
		dnc_buf_chr(b, hex[c >> 4]);
		dnc_buf_chr(b, hex[c & 15]);
	}
}

void dnc_json_write_str(struct dnc_buf *b, struct dnc_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t from = 0, i = plain_bytes(s);

	if (i == s.n) {
		if (dnc_buf_reserve(b, s.n + 2))
			b->n = (size_t)(put_plain(b->p + b->n, s) - b->p);
		return;
	}
	dnc_buf_chr(b, '"');
	while (i < s.n) {
		unsigned char c = p[i];

		if (is_plain(c)) {
			i++;
			continue;
		}
		if (c >= 0x80) {
			size_t length = dnc_utf8_length(p + i, s.n - i);

			if (length) {
				i += length;
				continue;
			}
		}
		dnc_buf_add(b, s.p + from, i - from);
		write_escape(b, c);
		from = ++i;
		i += plain_bytes((struct dnc_str){s.p + i, s.n - i});
	}
	dnc_buf_add(b, s.p + from, s.n - from);
	dnc_buf_chr(b, '"');
}

void dnc_json_write_visible(struct dnc_buf *b, struct dnc_str s)
{
	dnc_buf_chr(b, '"');
	dnc_escape(b, s, DNC_ESCAPE_STRING);
	dnc_buf_chr(b, '"');
}

void dnc_json_write_key(struct dnc_buf *b, struct dnc_str key)
{
	bool comma = b->n && b->p[b->n - 1] != '{';
	char *p;

	if (plain_bytes(key) == key.n) {
		if (!dnc_buf_reserve(b, key.n + 4))
			return;
		p = b->p + b->n;
		*p = ','; /* or it is overwritten */
		p = put_plain(p + comma, key);
		*p++ = ':';
		b->n = (size_t)(p - b->p);
		return;
	}
	if (comma)
		dnc_buf_chr(b, ',');
	dnc_json_write_str(b, key);
	dnc_buf_chr(b, ':');
}

void dnc_json_write_node(struct dnc_buf *b, const struct dnc_json *doc, uint32_t index)
{
	const struct dnc_json_node *node = &doc->node[index];
	bool object = node->type == DNC_JSON_OBJECT;

	if (node->type < DNC_JSON_ARRAY) {
		dnc_buf_str(b, node->raw);
		return;
	}
	dnc_buf_chr(b, object ? '{' : '[');
	for (uint32_t i = index + 1; i < node->next; i = doc->node[i].next) {
		if (i > index + 1)
			dnc_buf_chr(b, ',');
		if (object) {
			dnc_json_write_str(b, doc->node[i].key);
			dnc_buf_chr(b, ':');
		}
		dnc_json_write_node(b, doc, i);
	}
	dnc_buf_chr(b, object ? '}' : ']');
}
