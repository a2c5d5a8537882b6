/* The bodies of requests: chunks, gzip, limits, and the records in them. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "web/http/body.h"
#include "web/http/records.h"

static struct dnc_json_parser *parser;

/* Feeds the body in pieces of STEP bytes; what it comes to at its end. */
static enum body_verdict feed(struct body *b, const void *in, size_t n, size_t step)
{
	enum body_verdict verdict = BODY_MORE;

	for (size_t at = 0; at < n && verdict == BODY_MORE; at += step)
		verdict = body_add(b, (const char *)in + at, n - at < step ? n - at : step);
	return verdict == BODY_MORE ? body_end(b) : verdict;
}

static void chunks_are_taken_off_or_refused(void **state)
{
	static const struct {
		const char *in, *text; /* NULL: malformed */
	} cases[] = {
		{"5\r\nhello\r\n0\r\n\r\n", "hello"},
		{"3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789"},
		{"2;name=\"v\"\r\nok\r\n0;last\r\nA: b\r\nC: d\r\n\r\nGET / HTTP/1.1", "ok"},
		{"0\r\n\r\n", ""},
		{"2 \r\nok\r\n0\r\n\r\n", "ok"},
		{"", NULL},
		{"5\r\nhel", NULL},
		{"5\r\nhello\r\n", NULL},
		{"5\r\nhello\r\n0\r\n", NULL},
		{"\r\nhello", NULL},
		{"x\r\nhello\r\n0\r\n\r\n", NULL},
		{"-1\r\nhello\r\n0\r\n\r\n", NULL},
		{"0x5\r\nhello\r\n0\r\n\r\n", NULL},
		{"5\nhello\n0\n\n", NULL},
		{"5\r\nhello0\r\n\r\n", NULL},
		{"5\r\nhellooo\r\n0\r\n\r\n", NULL},
		{"fffffffffffffffff\r\nhello", NULL},
		{"10000000000000005\r\nhello\r\n0\r\n\r\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step < 8; step++) {
			struct body b = {.chunked = true, .max_bytes = 100};
			enum body_verdict verdict =
				feed(&b, cases[i].in, strlen(cases[i].in), step);

			if (verdict != (cases[i].text ? BODY_END : BODY_BAD_CHUNK) ||
				(cases[i].text &&
					!dnc_str_eq(dnc_buf_view(&b.text), dnc_str(cases[i].text))))
				fail_msg("\"%s\" in steps of %zu: %d", cases[i].in, step, verdict);
			body_free(&b);
		}
}

/* N bytes of C, compressed into SPACE. */
static size_t pack(char c, size_t n, unsigned char *space, size_t size)
{
	unsigned char *text = malloc(n);
	z_stream z = {0};

	memset(text, c, n);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = text;
	z.avail_in = (uInt)n;
	z.next_out = space;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	free(text);
	return size - z.avail_out;
}

static void gzip_is_decompressed_member_by_member(void **state)
{
	unsigned char space[1000];
	size_t n = pack('a', 50000, space, sizeof space), all;

	(void)state;
	all = n + pack('b', 3, space + n, sizeof space - n);
	for (size_t step = 1; step <= all; step++) {
		struct body b = {.gzip = true, .max_bytes = 50003};

		assert_int_equal(feed(&b, space, all, step), BODY_END);
		assert_int_equal(b.text.n, 50003);
		assert_memory_equal(b.text.p + 49999, "abbb", 4);
		body_free(&b);
	}
	/* Cut off anywhere but between members it is none. */
	for (size_t end = 1; end < all; end++) {
		struct body b = {.gzip = true, .max_bytes = 50003};

		assert_int_equal(feed(&b, space, end, 7), end == n ? BODY_END : BODY_BAD_GZIP);
		body_free(&b);
	}
}

static void what_is_no_gzip_is_refused(void **state)
{
	unsigned char space[1000];
	size_t n = pack('a', 500, space, sizeof space);
	struct body b = {.gzip = true, .max_bytes = 500};

	(void)state;
	assert_int_equal(feed(&b, "{\"type\":\"x\"}", 12, 12), BODY_BAD_GZIP);
	body_free(&b);
	memcpy(space + n, "trailing", 8);
	b = (struct body){.gzip = true, .max_bytes = 500};
	assert_int_equal(feed(&b, space, n + 8, 3), BODY_BAD_GZIP);
	body_free(&b);
	space[n - 6] ^= 1; /* the checksum */
	b = (struct body){.gzip = true, .max_bytes = 500};
	assert_int_equal(feed(&b, space, n, n), BODY_BAD_GZIP);
	body_free(&b);
}

static void a_bomb_is_given_up_at_the_limit(void **state)
{
	enum { BYTES = 50 << 20, LIMIT = 1 << 20 };
	unsigned char *space = malloc(1 << 20);
	size_t n = pack('\0', BYTES, space, 1 << 20);
	struct body b = {.gzip = true, .max_bytes = LIMIT};

	(void)state;
	assert_int_equal(feed(&b, space, n, 4096), BODY_TOO_LARGE);
	assert_in_range(b.text.n, 0, LIMIT);
	assert_in_range(b.text.size, 0, 2 * LIMIT);
	body_free(&b);
	free(space);
}

/* Empty stored blocks (RFC 1951 section 3.2.4) are a gzip that has no end and no text. */
static void a_gzip_without_text_is_given_up_at_the_limit(void **state)
{
	enum { LIMIT = 1000 };
	static const unsigned char header[10] = {0x1f, 0x8b, 8, [9] = 3},
				   empty[5] = {0, 0, 0, 255, 255};

	(void)state;
	for (int chunked = 0; chunked < 2; chunked++) {
		struct body b = {.gzip = true, .chunked = chunked, .max_bytes = LIMIT};
		size_t received = sizeof header;
		enum body_verdict verdict = BODY_MORE;

		if (chunked)
			assert_int_equal(body_add(&b, "fffff\r\n", 7), BODY_MORE);
		assert_int_equal(body_add(&b, header, sizeof header), BODY_MORE);
		for (; verdict == BODY_MORE && received < 2 * LIMIT; received += sizeof empty)
			verdict = body_add(&b, empty, sizeof empty);
		assert_int_equal(verdict, BODY_TOO_LARGE);
		assert_int_equal(received, LIMIT + sizeof empty);
		assert_int_equal(b.text.n, 0);
		body_free(&b);
	}
}

static void a_body_holds_its_limit_and_no_more(void **state)
{
	struct body b = {.max_bytes = 5};

	(void)state;
	assert_int_equal(feed(&b, "hello", 5, 2), BODY_END);
	assert_int_equal(body_add(&b, "!", 1), BODY_TOO_LARGE);
	body_free(&b);
	/* One byte a chunk costs more framing than a body may have. */
	b = (struct body){.chunked = true, .max_bytes = 4 << 20};
	for (int i = 0;; i++) {
		enum body_verdict verdict = body_add(&b, "1\r\na\r\n", 6);

		assert_true(i < 1 << 20);
		if (verdict == BODY_TOO_LARGE)
			break;
		assert_int_equal(verdict, BODY_MORE);
	}
	body_free(&b);
}

static bool list(void *ctx, size_t index, struct dnc_str record)
{
	struct dnc_buf *b = ctx;

	dnc_buf_printf(b, "%zu<%.*s>", index, DNC_STR_ARG(record));
	return true;
}

static void records_are_found_in_arrays_objects_and_lines(void **state)
{
	static const struct {
		const char *text, *records; /* NULL: the brackets do not match */
	} cases[] = {
		{"", ""},
		{" \r\n \n", ""},
		{"{\"a\":1}", "0<{\"a\":1}>"},
		{"{\"a\":1}\n{\"b\":2}\r\n\n{", "0<{\"a\":1}>1<{\"b\":2}\r>3<{>"},
		{"{\n\"a\":\n1}\n", "0<{\n\"a\":\n1}>"},
		{"[]", ""},
		{" [ ] \n", ""},
		{"[{\"a\":[1,{\"b\":\"],[\"}]}, 7 ,\"\\\"],\"]",
			"0<{\"a\":[1,{\"b\":\"],[\"}]}>1<7>2<\"\\\"],\">"},
		{"[1,]", "0<1>1<>"},
		{"[,1]", "0<>1<1>"},
		{"[{\"a\":}]", "0<{\"a\":}>"},
		{"[", NULL},
		{"[1", NULL},
		{"[1,", NULL},
		{"[{]", NULL},
		{"[{]}]", NULL},
		{"[1]]", NULL},
		{"[1],[2]", NULL},
		{"[\"]", NULL},
		{"[\"\\", NULL},
		{"[}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf found = {0}, text = {0};
		struct dnc_error err;
		ssize_t count;

		dnc_buf_str(&text, dnc_str(cases[i].text));
		dnc_buf_reserve(&text, DNC_JSON_PADDING);
		count = records_each(parser, dnc_buf_view(&text), list, &found, &err);
		if ((count < 0) != !cases[i].records ||
			!dnc_str_eq(dnc_buf_view(&found),
				dnc_str(cases[i].records ? cases[i].records : "")))
			fail_msg("\"%s\": %zd %.*s", cases[i].text, count,
				DNC_STR_ARG(dnc_buf_view(&found)));
		dnc_buf_free(&found);
		dnc_buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_taken_off_or_refused),
		cmocka_unit_test(gzip_is_decompressed_member_by_member),
		cmocka_unit_test(what_is_no_gzip_is_refused),
		cmocka_unit_test(a_bomb_is_given_up_at_the_limit),
		cmocka_unit_test(a_gzip_without_text_is_given_up_at_the_limit),
		cmocka_unit_test(a_body_holds_its_limit_and_no_more),
		cmocka_unit_test(records_are_found_in_arrays_objects_and_lines),
	};
	int rc;

	parser = dnc_json_parser_new();
	rc = cmocka_run_group_tests_name("body", tests, NULL, NULL);
	dnc_json_parser_free(parser);
	return rc;
}
