#include "priv/map_write.h"
#include <math.h>
#include <stdio.h>

/* jq writes integers below this number with all their digits. */
static const double PLAIN_MAX = 1e15;

static void write_number(struct dnc_buf *b, jv value)
{
	double d = jv_number_value(value);
	jv text;

	if (fabs(d) < PLAIN_MAX && !(d < trunc(d)) && !(d > trunc(d)) && !(signbit(d) && d > -1)) {
		dnc_buf_i64(b, (int64_t)d);
		return;
	}
	text = jv_dump_string(jv_copy(value), 0);
	dnc_buf_add(b, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

static void write_escaped(struct dnc_buf *b, unsigned char c)
{
	static const char letters[] = "btn?fr"; /* of 8, 9, 10, 12 and 13 */
	char text[8] = {'\\', (char)c};

	if (c >= '\b' && c <= '\r' && c != '\v')
		text[1] = letters[c - '\b'];
	else if (c != '"' && c != '\\')
		snprintf(text, sizeof text, "\\u%04x", c);
	dnc_buf_str(b, dnc_str(text));
}

/* Bytes from 128 on are parts of characters, which are valid in jq's strings. */
static void write_string(struct dnc_buf *b, jv value)
{
	const char *p = jv_string_value(value);
	size_t n = (size_t)jv_string_length_bytes(jv_copy(value)), from = 0;

	dnc_buf_chr(b, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c >= 32 && c != '"' && c != '\\' && c != 127)
			continue;
		dnc_buf_add(b, p + from, i - from);
		write_escaped(b, c);
		from = i + 1;
	}
	dnc_buf_add(b, p + from, n - from);
	dnc_buf_chr(b, '"');
}

static void write_array(struct dnc_buf *b, jv value)
{
	int n = jv_array_length(jv_copy(value));

	dnc_buf_chr(b, '[');
	for (int i = 0; i < n; i++) {
		jv element = jv_array_get(jv_copy(value), i);

		if (i)
			dnc_buf_chr(b, ',');
		map_write(b, element);
		jv_free(element);
	}
	dnc_buf_chr(b, ']');
}

static void write_object(struct dnc_buf *b, jv value)
{
	bool first = true;

	dnc_buf_chr(b, '{');
	for (int i = jv_object_iter(value); jv_object_iter_valid(value, i);
		i = jv_object_iter_next(value, i)) {
		jv key = jv_object_iter_key(value, i), member = jv_object_iter_value(value, i);

		if (!first)
			dnc_buf_chr(b, ',');
		first = false;
		write_string(b, key);
		dnc_buf_chr(b, ':');
		map_write(b, member);
		jv_free(key);
		jv_free(member);
	}
	dnc_buf_chr(b, '}');
}

void map_write(struct dnc_buf *b, jv value)
{
	switch (jv_get_kind(value)) {
	case JV_KIND_FALSE:
		dnc_buf_lit(b, "false");
		break;
	case JV_KIND_TRUE:
		dnc_buf_lit(b, "true");
		break;
	case JV_KIND_NUMBER:
		write_number(b, value);
		break;
	case JV_KIND_STRING:
		write_string(b, value);
		break;
	case JV_KIND_ARRAY:
		write_array(b, value);
		break;
	case JV_KIND_OBJECT:
		write_object(b, value);
		break;
	default:
		dnc_buf_lit(b, "null");
	}
}
