#include "web/http/records.h"
#include <string.h>

enum { DEPTH_MAX = 63 }; /* brackets open at once; the parser allows fewer */

/* Returns the number of bytes before the comma or bracket that ends the element at P, or -1 when brackets do not
 * match or the text ends first. */
static ssize_t element_bytes(const char *p, size_t n)
{
	uint64_t arrays = 0; /* a bit for each open bracket, the innermost lowest */
	unsigned depth = 0;
	bool string = false;

	for (size_t i = 0; i < n; i++) {
		bool array = p[i] == '[' || p[i] == ']';

		if (string && p[i] == '\\') {
			i++;
		} else if (p[i] == '"') {
			string = !string;
		} else if (string) {
			continue;
		} else if (p[i] == '{' || p[i] == '[') {
			if (++depth > DEPTH_MAX)
				return -1;
			arrays = arrays << 1 | array;
		} else if (!depth && (p[i] == ',' || p[i] == ']')) {
			return (ssize_t)i;
		} else if (p[i] == '}' || p[i] == ']') {
			if (!depth-- || (arrays & 1) != array)
				return -1;
			arrays >>= 1;
		}
	}
	return -1;
}

typedef bool record_fn(void *ctx, size_t index, struct dnc_str record);

/* Returns the number of elements of the array TEXT, or -1 when its brackets do not match. EACH may be NULL. */
static ssize_t each_element(struct dnc_str text, record_fn *each, void *ctx)
{
	size_t at = 1, count = 0;

	for (;;) {
		ssize_t n = element_bytes(text.p + at, text.n - at);
		struct dnc_str element;
		bool last;

		if (n < 0)
			return -1;
		element = dnc_str_trim((struct dnc_str){text.p + at, (size_t)n});
		at += (size_t)n + 1;
		last = text.p[at - 1] == ']';
		if (last && at != text.n)
			return -1;
		if (last && !count && !element.n)
			return 0;
		if (each && !each(ctx, count, element))
			return (ssize_t)count + 1;
		count++;
		if (last)
			return (ssize_t)count;
	}
}

static ssize_t each_line(struct dnc_str text, record_fn *each, void *ctx)
{
	ssize_t count = 0;

	for (size_t index = 0; text.n; index++) {
		const char *end = memchr(text.p, '\n', text.n);
		struct dnc_str line = {text.p, end ? (size_t)(end - text.p) : text.n};

		text.p += line.n + (end ? 1 : 0);
		text.n -= line.n + (end ? 1 : 0);
		if (!dnc_str_trim(line).n)
			continue;
		count++;
		if (!each(ctx, index, line))
			break;
	}
	return count;
}

ssize_t records_each(struct dnc_json_parser *parser, struct dnc_str text, record_fn *each,
	void *ctx, struct dnc_error *err)
{
	struct dnc_json doc;

	text = dnc_str_trim(text);
	if (text.n && text.p[0] == '[') {
		/* All or nothing: an array without its end was truncated. */
		if (each_element(text, NULL, NULL) >= 0)
			return each_element(text, each, ctx);
		return dnc_error_set(
			err, 0, "the array is not closed, or its brackets do not match");
	}
	/* One event may be written over several lines. */
	if (text.n && memchr(text.p, '\n', text.n)) {
		if (dnc_json_parse(parser, text.p, text.n, &doc, err) == 0) {
			each(ctx, 0, text);
			return 1;
		}
		if (err->code == DNC_ERROR_NO_MEMORY)
			return -1;
	}
	return each_line(text, each, ctx);
}
