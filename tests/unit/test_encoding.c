/* Text in UTF-16 and Windows-1252: recognized, converted, cut anywhere. */
#include "unit.h"
#include <stdlib.h>
#include "base/buf.h"
#include "unpack/encoding.h"

static void the_first_bytes_tell_the_encoding(void **state)
{
	enum { A = DNC_ENCODING_AUTO, U8, LE, BE, W };
	static const struct {
		struct dnc_str start;
		unsigned wanted;
		bool whole;
		int rc;
		unsigned found;
	} cases[] = {
		{DNC_STR("phone,a\n"), A, false, 1, U8}, {DNC_STR("12"), A, false, 0, A},
		{DNC_STR("12"), A, true, 1, U8}, {DNC_STR(""), A, true, 1, U8},
		{DNC_STR("\xFF\xFE"), A, false, 0, A}, {DNC_STR("\xFF\xFE"), A, true, 1, LE},
		{DNC_STR("\xFF\xFE\0\0"), A, false, 1, U8}, /* UTF-32: its reader refuses it */
		{DNC_STR("\xFF\xFE\0\0"), LE, false, 1, U8},
		{DNC_STR("\xFF\xFEp\0"), A, false, 1, LE},
		{DNC_STR("\xFF\xFEp\0"), U8, false, 1, U8}, /* its reader refuses it */
		{DNC_STR("\xFF\xFEp\0"), BE, false, -1, A},
		{DNC_STR("\xFF\xFEp\0"), W, false, -1, A},
		{DNC_STR("\xFE\xFF\0p"), A, false, 1, BE},
		{DNC_STR("\xEF\xBB\xBFphone"), A, false, 1, U8},
		{DNC_STR("\xEF\xBB\xBFphone"), W, false, -1, A},
		{DNC_STR("\xEF\xBB\xBFphone"), LE, false, -1, A},
		{DNC_STR("p\0h\0o\0"), A, false, 1, LE},
		{DNC_STR("p\0h\0\x16\x04"), A, false, 1, LE},
		{DNC_STR("\0p\0h\x04\x16"), A, false, 1, BE},
		{DNC_STR("p\0h\0\0o"), A, false, 1, U8}, {DNC_STR("p\0h\0"), BE, false, -1, A},
		{DNC_STR("phone"), LE, false, -1, A}, {DNC_STR("phone"), W, false, 1, W},
		{DNC_STR("Pr\xE9nom"), A, false, 1, U8}, /* never guessed */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum dnc_encoding found = DNC_ENCODING_AUTO;
		struct dnc_error err = {0};
		int rc = dnc_encoding_of(cases[i].start, cases[i].whole,
			(enum dnc_encoding)cases[i].wanted, &found, &err);

		if (rc != cases[i].rc || (rc == 1 && found != (enum dnc_encoding)cases[i].found) ||
			(rc < 0) != (err.message[0] != '\0'))
			fail_msg("case %zu: %d, encoding %d: %s", i, rc, found, err.message);
	}
}

/* Converts TEXT in pieces of SIZE bytes. */
static struct dnc_buf convert(
	enum dnc_encoding encoding, struct dnc_str text, size_t size, bool *whole)
{
	struct dnc_error err;
	struct dnc_converter *c = dnc_converter_new(encoding, &err);
	struct dnc_buf out = {0};

	assert_non_null(c);
	for (size_t at = 0; at < text.n; at += size) {
		/* A copy of its own, so that a read beyond it is seen. */
		size_t n = text.n - at < size ? text.n - at : size;
		char *piece = malloc(n);
		struct dnc_str in = {piece, n};

		assert_non_null(piece);
		memcpy(piece, text.p + at, n);
		while (in.n)
			dnc_buf_str(&out, dnc_converter_run(c, &in));
		free(piece);
	}
	*whole = dnc_converter_is_whole(c);
	dnc_converter_free(c);
	return out;
}

static void text_is_converted_wherever_its_blocks_end(void **state)
{
	static const struct {
		enum dnc_encoding encoding;
		struct dnc_str text, utf_8;
		bool cut;
	} cases[] = {
		{DNC_ENCODING_UTF_16LE, DNC_STR("\xFF\xFEp\0=\xD8\0\xDE\xAC \n\0"),
			DNC_STR("\xEF\xBB\xBFp\xF0\x9F\x98\x80\xE2\x82\xAC\n"), false},
		{DNC_ENCODING_UTF_16BE, DNC_STR("\xFE\xFF\0p\xD8=\xDE\0 \xAC\0\n"),
			DNC_STR("\xEF\xBB\xBFp\xF0\x9F\x98\x80\xE2\x82\xAC\n"), false},
		/* Halves of pairs are no characters. */
		{DNC_ENCODING_UTF_16LE, DNC_STR("1\0=\xD8\062\0\0\xDE\063\0"),
			DNC_STR("1\xFF\062\xFF\063"), false},
		{DNC_ENCODING_UTF_16BE, DNC_STR("\0001\xDE\0\xD8=\0002\0003"),
			DNC_STR("1\xFF\xFF\062\063"), false},
		/* Cut inside a unit, and between the halves of a pair. */
		{DNC_ENCODING_UTF_16LE, DNC_STR("1\0\062"), DNC_STR("1"), true},
		{DNC_ENCODING_UTF_16LE, DNC_STR("1\0=\xD8"), DNC_STR("1"), true},
		{DNC_ENCODING_UTF_16LE, DNC_STR("1\0=\xD8\0"), DNC_STR("1"), true},
		{DNC_ENCODING_WINDOWS_1252, DNC_STR("Ren\xE9 \x80\x81\n"),
			DNC_STR("Ren\xC3\xA9 \xE2\x82\xAC\xFF\n"), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t size = 1; size <= cases[i].text.n; size++) {
			bool whole;
			struct dnc_buf out =
				convert(cases[i].encoding, cases[i].text, size, &whole);

			if (!dnc_str_eq(dnc_buf_view(&out), cases[i].utf_8) ||
				whole == cases[i].cut)
				fail_msg("case %zu, pieces of %zu: %.*s, whole: %d", i, size,
					(int)out.n, out.p, whole);
			dnc_buf_free(&out);
		}
}

/* More than one piece of output. */
static void long_text_is_converted(void **state)
{
	enum { UNITS = 100000 };
	struct dnc_buf text = {0}, out;
	bool whole;

	(void)state;
	for (size_t i = 0; i < UNITS; i++)
		dnc_buf_add(&text, i % 2 ? "\xAC " : "1\0", 2);
	assert_true(dnc_buf_ok(&text));
	out = convert(DNC_ENCODING_UTF_16LE, dnc_buf_view(&text), text.n, &whole);
	assert_true(whole);
	assert_int_equal(out.n, UNITS / 2 * 4);
	for (size_t i = 0; i < out.n; i += 4)
		assert_memory_equal(out.p + i, "1\xE2\x82\xAC", 4);
	dnc_buf_free(&text);
	dnc_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_bytes_tell_the_encoding),
		cmocka_unit_test(text_is_converted_wherever_its_blocks_end),
		cmocka_unit_test(long_text_is_converted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
