#include "web/http/query.h"
#include <sodium.h>
#include <string.h>
#include "json/json.h"
#include "web/http/chars.h"
#include "web/http/head.h"
#include "web/priv/request.h"

/* Decodes ARG into OUT, which has room for as many bytes. Returns how many there are, or -1 for what is no escape. */
static ssize_t decode(struct dnc_str arg, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < arg.n; i++) {
		int high, low;

		if (arg.p[i] != '%') {
			out[n++] = arg.p[i] == '+' ? ' ' : arg.p[i];
			continue;
		}
		high = arg.n - i > 2 ? http_hex_digit(arg.p[i + 1]) : -1;
		low = arg.n - i > 2 ? http_hex_digit(arg.p[i + 2]) : -1;
		if (high < 0 || low < 0)
			return -1;
		out[n++] = (char)(high << 4 | low);
		i += 2;
	}
	return (ssize_t)n;
}

/* ARG, not decoded, can't be used because of WHAT. */
static int refuse(struct dnc_str arg, const char *what, struct dnc_error *err)
{
	enum { SHOWN = 64 };
	const char *equals = memchr(arg.p, '=', arg.n);
	struct dnc_str name = {arg.p, equals ? (size_t)(equals - arg.p) : arg.n};

	name.n = name.n < SHOWN ? name.n : SHOWN;
	dnc_error_set(err, REQUEST_EFIELD, "%s", what);
	if (http_all_are(name, HTTP_QUERY))
		dnc_error_place(err, "%.*s", DNC_STR_ARG(name));
	else
		dnc_error_place(err, "query string");
	return -1;
}

/* SPACE has room for ARG. */
static int parse_argument(
	struct dnc_str arg, char *space, query_add_fn *add, void *ctx, struct dnc_error *err)
{
	const char *equals = memchr(arg.p, '=', arg.n);
	struct dnc_str name = {arg.p, equals ? (size_t)(equals - arg.p) : arg.n};
	struct dnc_str value = {space + name.n, 0};
	ssize_t name_bytes = decode(name, space), value_bytes = 0;

	if (equals)
		value_bytes =
			decode((struct dnc_str){equals + 1, arg.n - name.n - 1}, space + name.n);
	if (name_bytes < 0 || value_bytes < 0)
		return refuse(arg,
			"a '%' is not followed by two hexadecimal digits: send it as %25", err);
	name = (struct dnc_str){space, (size_t)name_bytes};
	value.n = (size_t)value_bytes;
	if ((name.n && memchr(name.p, '\0', name.n)) || (value.n && memchr(value.p, '\0', value.n)))
		return refuse(arg, "a NUL (%00) is not allowed: leave it out", err);
	if (!dnc_json_is_utf8(name) || !dnc_json_is_utf8(value))
		return refuse(
			arg, "is not UTF-8: encode the characters as UTF-8, then as %XX", err);
	return add(ctx, name, value, err);
}

int query_parse(struct dnc_str query, query_add_fn *add, void *ctx, struct dnc_error *err)
{
	char space[HTTP_TARGET_BYTES];
	int count = 0, rc = 0;

	if (query.n > sizeof space)
		return dnc_error_set(err, REQUEST_EFIELD,
			"the query string is longer than %zu bytes: send fewer or shorter arguments",
			sizeof space);
	for (size_t at = 0, n; at < query.n && rc == 0; at += n + 1) {
		const char *end = memchr(query.p + at, '&', query.n - at);

		n = end ? (size_t)(end - query.p) - at : query.n - at;
		if (!n)
			continue;
		count++;
		rc = parse_argument((struct dnc_str){query.p + at, n}, space, add, ctx, err);
	}
	/* A ticket may be among them. */
	sodium_memzero(space, query.n);
	return rc < 0 ? -1 : count;
}
