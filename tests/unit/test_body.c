/* The bodies of requests: chunks, gzip, limits, and the records in them. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "web/http/body.h"
#include "web/http/records.h"

static struct dnc_json_parser *parser;

enum { STEP_MOST = 300 << 10 }; /* bytes that one call may decompress */

/* Feeds the body in pieces of STEP bytes; what it comes to at its end. *USED is how many bytes it has. */
static enum body_verdict feed_used(
	struct body *b, const void *in, size_t n, size_t step, size_t *used)
{
	enum body_verdict verdict = BODY_MORE;
	size_t part, before;

	*used = 0;
	for (size_t at = 0; at < n && verdict == BODY_MORE; at += step) {
		size_t size = n - at < step ? n - at : step;

		before = b->text.n;
		verdict = body_add(b, (const char *)in + at, size, &part);
		if (b->gzip)
			assert_in_range(b->text.n - before, 0, STEP_MOST);
		*used += part;
		if (verdict == BODY_MORE)
			assert_int_equal(part, size);
	}
	if (verdict == BODY_END)
		verdict = BODY_MORE;
	while (verdict == BODY_MORE) {
		before = b->text.n;
		verdict = body_end(b);
		if (verdict == BODY_MORE)
			assert_in_range(b->text.n - before, 1, STEP_MOST);
	}
	return verdict;
}

static enum body_verdict feed(struct body *b, const void *in, size_t n, size_t step)
{
	size_t used;

	return feed_used(b, in, n, step, &used);
}

/* IN, in pieces of any size, is TEXT and is followed by REST; TEXT NULL: it is malformed. */
static void check_chunks(struct dnc_str in, const char *text, const char *rest)
{
	for (size_t step = 1; step <= in.n + 1; step++) {
		struct body b = {.chunked = true, .max_bytes = 100};
		size_t used;
		enum body_verdict verdict = feed_used(&b, in.p, in.n, step, &used);

		if (verdict != (text ? BODY_END : BODY_BAD_CHUNK) ||
			(text && (!dnc_str_eq(dnc_buf_view(&b.text), dnc_str(text)) ||
					 used != in.n - strlen(rest))))
			fail_msg("\"%s\" in steps of %zu: %d, %zu used", in.p, step, verdict, used);
		body_free(&b);
	}
}

static void chunks_are_taken_off(void **state)
{
	static const struct {
		const char *in, *text, *rest;
	} cases[] = {
		{"5\r\nhello\r\n0\r\n\r\n", "hello", ""},
		{"3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789", ""},
		{"a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789", ""},
		{"0000000000000002\r\nok\r\n0000000000000000\r\n\r\n", "ok", ""},
		{"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""},
		{"0\r\n\r\n", "", ""},
		/* What follows is the next request. */
		{"0\r\n\r\nGET / HTTP/1.1\r\n\r\n", "", "GET / HTTP/1.1\r\n\r\n"},
		{"2;name=\"v\"\r\nok\r\n0;last\r\nA: b\r\nC: d\r\n\r\nGET / HTTP/1.1", "ok",
			"GET / HTTP/1.1"},
		{"0\r\n\r\n\r\n", "", "\r\n"},
		{"0\r\n\r\n\n", "", "\n"},
		/* Extensions. */
		{"2;a\r\nok\r\n0\r\n\r\n", "ok", ""},
		{"2;a=b;c=\"\";d=e;f\r\nok\r\n0\r\n\r\n", "ok", ""},
		{"2 ; a = b\t;\tc\t=\t\"d e\" ; f ; g\r\nok\r\n0\r\n\r\n", "ok", ""},
		{"2;a=\"b;c=d:e,f\\\"\\\\\\g\"\r\nok\r\n0;a=\"\xc3\xa4\"\r\n\r\n", "ok", ""},
		/* Trailers. */
		{"0\r\nA:\r\nB: \t\r\nC-d_e: \"f\\\"; g=h: \xc3\xa4\r\n\r\n", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_chunks(dnc_str(cases[i].in), cases[i].text, cases[i].rest);
}

static void malformed_chunks_are_refused(void **state)
{
	static const struct dnc_str cases[] = {
		/* Cut off. */
		DNC_STR(""),
		DNC_STR("5"),
		DNC_STR("5\r\nhel"),
		DNC_STR("5\r\nhello"),
		DNC_STR("5\r\nhello\r\n"),
		DNC_STR("5\r\nhello\r\n0\r\n"),
		DNC_STR("5\r\nhello\r\n0\r\n\r"),
		DNC_STR("0\r\nA: b\r\n"),
		/* Sizes. */
		DNC_STR("\r\nhello"),
		DNC_STR("\r\n\r\n"),
		DNC_STR(";a\r\n\r\n"),
		DNC_STR("5\r\nhello\r\n\r\n\r\n"),
		DNC_STR("5\r\nhello\r\n;a\r\n\r\n"),
		DNC_STR("5\r\nhello\r\n\r\n0\r\n\r\n"),
		DNC_STR("x\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5x\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("g\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("-1\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("+5\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("0x5\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5,5\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5_\r\nhello\r\n0\r\n\r\n"),
		DNC_STR(" 5\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5 \r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5 5\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5\0\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("00000000000000005\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("fffffffffffffffff\r\nhello"),
		DNC_STR("10000000000000005\r\nhello\r\n0\r\n\r\n"),
		/* Ends of lines. */
		DNC_STR("5\nhello\n0\n\n"),
		DNC_STR("5\nhello\r\n0\r\n\r\n"),
		DNC_STR("5\rhello\r\n0\r\n\r\n"),
		DNC_STR("5\r\r\nhello\r\n0\r\n\r\n"),
		DNC_STR("5\r\nhello\n0\r\n\r\n"),
		DNC_STR("5\r\nhello\r0\r\n\r\n"),
		DNC_STR("5\r\nhello0\r\n\r\n"),
		DNC_STR("5\r\nhellooo\r\n0\r\n\r\n"),
		DNC_STR("5\r\nhell\r\n0\r\n\r\n"),
		DNC_STR("0\n\n"),
		DNC_STR("0\r\n\n"),
		DNC_STR("0\r\n\r\r\n"),
		/* Extensions. */
		DNC_STR("2;\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;;a\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a;\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a \r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a b\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;=b\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=b=c\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=\"b\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=\"b\"c\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=b\"c\"\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=\"b\\\"\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=\"\x01\"\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a=\"\n\"\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a\nok\r\n0\r\n\r\n"),
		DNC_STR("2;\xc3\xa4\r\nok\r\n0\r\n\r\n"),
		DNC_STR("2;a\0\r\nok\r\n0\r\n\r\n"),
		/* Trailers. */
		DNC_STR("0\r\nA\r\n\r\n"),
		DNC_STR("0\r\n: b\r\n\r\n"),
		DNC_STR("0\r\n A: b\r\n\r\n"),
		DNC_STR("0\r\nA : b\r\n\r\n"),
		DNC_STR("0\r\nA: b\r\n c\r\n\r\n"),
		DNC_STR("0\r\nA: b\nC: d\r\n\r\n"),
		DNC_STR("0\r\nA: b\rC: d\r\n\r\n"),
		DNC_STR("0\r\nA: \0\r\n\r\n"),
		DNC_STR("0\r\nA: \x7f\r\n\r\n"),
		DNC_STR("0\r\n\xc3\xa4: b\r\n\r\n"),
		DNC_STR("0\r\nGET / HTTP/1.1\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_chunks(cases[i], NULL, "");
}

/* The line of a size, with MORE bytes of an extension. */
static enum body_verdict feed_line(size_t more)
{
	struct body b = {.chunked = true, .max_bytes = 100};
	struct dnc_buf line = {0};
	enum body_verdict verdict;

	dnc_buf_lit(&line, "2;");
	while (more--)
		dnc_buf_chr(&line, 'a');
	dnc_buf_lit(&line, "\r\nok\r\n0\r\n\r\n");
	verdict = feed(&b, line.p, line.n, 100);
	dnc_buf_free(&line);
	body_free(&b);
	return verdict;
}

static enum body_verdict feed_trailers(size_t count)
{
	struct body b = {.chunked = true, .max_bytes = 100};
	enum body_verdict verdict;
	size_t used;

	verdict = body_add(&b, "0\r\n", 3, &used);
	while (count-- && verdict == BODY_MORE)
		verdict = body_add(&b, "A: bc\r\n", 7, &used);
	if (verdict == BODY_MORE)
		verdict = body_add(&b, "\r\n", 2, &used);
	body_free(&b);
	return verdict;
}

static void lines_and_trailers_have_limits(void **state)
{
	struct body b = {.chunked = true, .max_bytes = 100};
	size_t used;

	(void)state;
	assert_int_equal(feed_line(CHUNK_LINE_BYTES - 4), BODY_END);
	assert_int_equal(feed_line(CHUNK_LINE_BYTES - 3), BODY_BAD_CHUNK);
	assert_int_equal(feed_trailers((CHUNK_TRAILER_BYTES - 5) / 7), BODY_END);
	assert_int_equal(feed_trailers(CHUNK_TRAILER_BYTES / 7 + 1), BODY_BAD_CHUNK);
	/* What is malformed stays so. */
	assert_int_equal(body_add(&b, "x", 1, &used), BODY_BAD_CHUNK);
	assert_int_equal(body_add(&b, "0\r\n\r\n", 5, &used), BODY_BAD_CHUNK);
	/* A chunk that is larger than the body may be is not waited for. */
	b = (struct body){.chunked = true, .max_bytes = 100};
	assert_int_equal(body_add(&b, "65\r\n", 4, &used), BODY_TOO_LARGE);
	body_free(&b);
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

/* Little data that is much text is decompressed in steps, also when it comes in many chunks at once. */
static void much_text_is_decompressed_in_steps(void **state)
{
	enum { BYTES = 3 << 20 };
	unsigned char space[8 << 10];
	size_t n = pack('a', BYTES, space, sizeof space);
	struct dnc_buf chunked = {0};

	(void)state;
	for (size_t i = 0; i < n; i++)
		dnc_buf_add(&chunked, (char[]){'1', '\r', '\n', (char)space[i], '\r', '\n'}, 6);
	dnc_buf_lit(&chunked, "0\r\n\r\n");
	for (int chunks = 0; chunks < 2; chunks++) {
		struct body b = {.gzip = true, .chunked = chunks, .max_bytes = BYTES};
		size_t most = chunks ? chunked.n : n;

		assert_int_equal(
			feed(&b, chunks ? chunked.p : (char *)space, most, most), BODY_END);
		assert_int_equal(b.text.n, BYTES);
		body_free(&b);
		b = (struct body){.gzip = true, .chunked = chunks, .max_bytes = BYTES - 1};
		assert_int_equal(
			feed(&b, chunks ? chunked.p : (char *)space, most, most), BODY_TOO_LARGE);
		body_free(&b);
	}
	dnc_buf_free(&chunked);
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

/* Adds N bytes, as a chunk if the body has some. */
static enum body_verdict add_piece(struct body *b, const unsigned char *in, size_t n)
{
	enum body_verdict verdict = BODY_MORE;
	char size[32];
	size_t used;

	if (b->chunked)
		verdict = body_add(b, size, (size_t)sprintf(size, "%zx\r\n", n), &used);
	if (verdict == BODY_MORE)
		verdict = body_add(b, in, n, &used);
	if (verdict == BODY_MORE && b->chunked)
		verdict = body_add(b, "\r\n", 2, &used);
	return verdict;
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

		assert_int_equal(add_piece(&b, header, sizeof header), BODY_MORE);
		for (; verdict == BODY_MORE && received < 2 * LIMIT; received += sizeof empty)
			verdict = add_piece(&b, empty, sizeof empty);
		assert_int_equal(verdict, BODY_TOO_LARGE);
		assert_int_equal(received, LIMIT + sizeof empty);
		assert_int_equal(b.text.n, 0);
		body_free(&b);
	}
}

static void a_body_holds_its_limit_and_no_more(void **state)
{
	struct body b = {.max_bytes = 5};
	size_t used;

	(void)state;
	assert_int_equal(feed(&b, "hello", 5, 2), BODY_END);
	assert_int_equal(body_add(&b, "!", 1, &used), BODY_TOO_LARGE);
	body_free(&b);
	/* One byte a chunk costs more framing than a body may have. */
	b = (struct body){.chunked = true, .max_bytes = 4 << 20};
	for (int i = 0;; i++) {
		enum body_verdict verdict = body_add(&b, "1\r\na\r\n", 6, &used);

		assert_true(i < 1 << 20);
		if (verdict == BODY_TOO_LARGE)
			break;
		assert_int_equal(verdict, BODY_MORE);
	}
	body_free(&b);
}

/* Lists the records of TEXT in FOUND. False when its brackets do not match. */
static bool list_records(struct dnc_str text, struct dnc_buf *found)
{
	enum records_verdict verdict = RECORDS_MORE;
	struct dnc_str record;
	struct dnc_error err;
	struct records r;
	size_t index;

	records_open(&r, text);
	while (verdict == RECORDS_MORE || verdict == RECORDS_RECORD) {
		verdict = records_next(&r, parser, &index, &record, &err);
		if (verdict == RECORDS_RECORD)
			dnc_buf_printf(found, "%zu<%.*s>", index, DNC_STR_ARG(record));
	}
	return verdict == RECORDS_END;
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
		bool whole;

		dnc_buf_str(&text, dnc_str(cases[i].text));
		dnc_buf_reserve(&text, DNC_JSON_PADDING);
		whole = list_records(dnc_buf_view(&text), &found);
		if (whole != !!cases[i].records ||
			!dnc_str_eq(dnc_buf_view(&found),
				dnc_str(cases[i].records ? cases[i].records : "")))
			fail_msg("\"%s\": %d %.*s", cases[i].text, whole,
				DNC_STR_ARG(dnc_buf_view(&found)));
		dnc_buf_free(&found);
		dnc_buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_taken_off),
		cmocka_unit_test(malformed_chunks_are_refused),
		cmocka_unit_test(lines_and_trailers_have_limits),
		cmocka_unit_test(gzip_is_decompressed_member_by_member),
		cmocka_unit_test(what_is_no_gzip_is_refused),
		cmocka_unit_test(much_text_is_decompressed_in_steps),
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
