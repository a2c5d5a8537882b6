/* Text of others on terminals and in logs. */
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>
#include "base/err.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/utf8.h"
#include "json/json.h"

static const char *escaped(struct dnc_str text, enum dnc_escape how)
{
	static struct dnc_buf out;
	static char fixed[256];

	dnc_buf_free(&out);
	dnc_escape(&out, text, how);
	dnc_buf_chr(&out, '\0');
	assert_true(dnc_buf_ok(&out));
	assert_int_equal(dnc_escape_into(fixed, sizeof fixed, text, how), strlen(out.p));
	assert_string_equal(fixed, out.p);
	assert_int_equal(dnc_escape_none(text, how),
		text.n == out.n - 1 && memcmp(text.p, out.p, text.n) == 0);
	return out.p;
}

static void texts_are_escaped_as_their_place_wants_it(void **state)
{
	static const struct {
		const char *text, *as_text, *as_string, *as_json;
	} cases[] = {
		{"desk", "desk", "desk", "desk"},
		{"", "", "", ""},
		{"Zoë 日本 🙂 नमस्ते", "Zoë 日本 🙂 नमस्ते",
			"Zoë 日本 🙂 नमस्ते",
			"Zoë 日本 🙂 नमस्ते"},
		{"می\u200cخواهم \u200d", "می\u200cخواهم \u200d", "می\u200cخواهم \u200d",
			"می\u200cخواهم \u200d"},
		{"a\"b\\c", "a\"b\\c", "a\\\"b\\\\c", "a\"b\\c"},
		{"a\nb", "a\\nb", "a\\nb", "a\nb"},
		{"a\tb", "a\\tb", "a\\tb", "a\\tb"},
		{"\x1b[2J\r", "\\u001b[2J\\u000d", "\\u001b[2J\\u000d", "\\u001b[2J\\u000d"},
		{"\x7f", "\\u007f", "\\u007f", "\\u007f"},
		{"\xc2\x9b"
		 "31m",
			"\\u009b31m", "\\u009b31m", "\\u009b31m"},
		{"x\u202Etxt.exe\u202c", "x\\u202etxt.exe\\u202c", "x\\u202etxt.exe\\u202c",
			"x\\u202etxt.exe\\u202c"},
		{"\U000e0041", "\\U000e0041", "\\udb40\\udc41", "\\udb40\\udc41"},
		{"\x9b"
		 "31m",
			"\\x9b31m", "\\ufffd31m", "\\ufffd31m"},
		{"\xff\xfe", "\\xff\\xfe", "\\ufffd\\ufffd", "\\ufffd\\ufffd"},
		{"\xc0\x9b", "\\xc0\\x9b", "\\ufffd\\ufffd", "\\ufffd\\ufffd"},
		{"\xe2\x80", "\\xe2\\x80", "\\ufffd\\ufffd", "\\ufffd\\ufffd"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd",
			"\\ufffd\\ufffd\\ufffd"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\ufffd\\ufffd\\ufffd\\ufffd",
			"\\ufffd\\ufffd\\ufffd\\ufffd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_str text = dnc_str(cases[i].text);

		assert_string_equal(escaped(text, DNC_ESCAPE_TEXT), cases[i].as_text);
		assert_string_equal(escaped(text, DNC_ESCAPE_STRING), cases[i].as_string);
		assert_string_equal(escaped(text, DNC_ESCAPE_JSON), cases[i].as_json);
	}
	assert_string_equal(escaped((struct dnc_str){"a\0b", 3}, DNC_ESCAPE_TEXT), "a\\u0000b");
}

static size_t encode(char out[5], uint32_t code)
{
	if (code < 0x80)
		return (size_t)sprintf(out, "%c", (int)code);
	if (code < 0x800)
		return (size_t)sprintf(
			out, "%c%c", (int)(0xC0 | code >> 6), (int)(0x80 | (code & 63)));
	if (code < 0x10000)
		return (size_t)sprintf(out, "%c%c%c", (int)(0xE0 | code >> 12),
			(int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
	return (size_t)sprintf(out, "%c%c%c%c", (int)(0xF0 | code >> 18),
		(int)(0x80 | (code >> 12 & 63)), (int)(0x80 | (code >> 6 & 63)),
		(int)(0x80 | (code & 63)));
}

/* What the first and the last code point of each range are, and that its neighbours are not. */
static void each_code_point_that_hides_is_escaped(void **state)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {{0, 0x1F}, {0x7F, 0x9F}, {0x61C, 0x61C}, {0x180E, 0x180E}, {0x200B, 0x200B},
		{0x200E, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF},
		{0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
	size_t range = 0, count = 0, escapes = 0;
	char text[5];

	(void)state;
	for (uint32_t code = 0; code <= 0x10FFFF; code++) {
		bool hides;
		size_t n;

		if (code == 0xD800)
			code = 0xE000;
		while (range < sizeof hidden / sizeof hidden[0] && code > hidden[range].to)
			range++;
		hides = range < sizeof hidden / sizeof hidden[0] && code >= hidden[range].from;
		n = encode(text, code);
		if (dnc_escape_none((struct dnc_str){text, n}, DNC_ESCAPE_TEXT) == hides)
			fail_msg("U+%04X", code);
		count++;
		escapes += hides;
	}
	assert_int_equal(count, 0x110000 - 0x800);
	assert_int_equal(escapes, 32 + 33 + 3 + 2 + 7 + 16 + 1 + 3 + 128);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *out;
	} cases[] = {
		{"abc", 1, ""},
		{"abc", 3, "ab"},
		{"abc", 4, "abc"},
		{"é", 2, ""},
		{"é", 3, "é"},
		{"aé", 3, "a"},
		{"a\n", 3, "a"},
		{"a\n", 4, "a\\n"},
		{"\x1b[", 6, ""},
		{"\x1b[", 7, "\\u001b"},
		{"\x1b[", 8, "\\u001b["},
		{"\U000e0041", 10, ""},
		{"\U000e0041", 11, "\\U000e0041"},
		{"🙂x", 5, "🙂"},
		{"x🙂", 5, "x"},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memset(out, '#', sizeof out);
		assert_int_equal(dnc_escape_into(out, cases[i].size, dnc_str(cases[i].text),
					 DNC_ESCAPE_TEXT),
			strlen(cases[i].out));
		assert_string_equal(out, cases[i].out);
		assert_int_equal(out[cases[i].size], '#');
	}
}

/* A reader of the JSON gets the same text. */
static void escapes_in_json_change_only_how_it_is_written(void **state)
{
	static const char json[] =
		"{\"a\":\"x\xc2\x9b\u202e\U000e0041\x7f\",\"b\":\"\\u001b \\\"\"}";
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf text = {0};
	struct dnc_error err;
	struct dnc_json doc;
	const char *strings[] = {"x\xc2\x9b\u202e\U000e0041\x7f", "\x1b \""};

	(void)state;
	dnc_escape(&text, dnc_str(json), DNC_ESCAPE_JSON);
	assert_true(dnc_buf_reserve(&text, DNC_JSON_PADDING));
	assert_int_equal(dnc_json_parse(parser, text.p, text.n, &doc, &err), 0);
	for (uint32_t i = 0; i < 2; i++)
		assert_true(dnc_str_eq(doc.node[i + 1].text, dnc_str(strings[i])));
	for (size_t i = 0; i < text.n; i++)
		assert_true(text.p[i] >= 0x20 && text.p[i] < 0x7f);
	for (int i = 0; i < 2; i++) {
		dnc_buf_clear(&text);
		dnc_json_write_visible(&text, dnc_str(strings[i]));
		assert_true(dnc_buf_reserve(&text, DNC_JSON_PADDING));
		assert_int_equal(dnc_json_parse(parser, text.p, text.n, &doc, &err), 0);
		assert_true(dnc_str_eq(doc.node[0].text, dnc_str(strings[i])));
	}
	dnc_json_parser_free(parser);
	dnc_buf_free(&text);
}

static void a_text_that_was_cut_ends_with_a_whole_character(void **state)
{
	static const struct {
		const char *text;
		size_t n, whole;
	} cases[] = {
		{"", 0, 0},
		{"ab", 2, 2},
		{"aé", 3, 3},
		{"aé", 2, 1},
		{"a日", 3, 1},
		{"a日", 2, 1},
		{"🙂", 4, 4},
		{"🙂", 3, 0},
		{"🙂", 1, 0},
		{"\x80\x80\x80\x80", 4, 4},
		{"é日", 4, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(dnc_utf8_whole(cases[i].text, cases[i].n), cases[i].whole);
}

static void log_to(int fd, const char *text)
{
	int saved = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	dnc_warn("%s", text);
	dup2(saved, STDERR_FILENO);
	close(saved);
}

/* It stays one line of one write(2), whatever is in it. */
/* Each length before a character of two bytes: the cut falls into it for one of two. */
static void errors_are_cut_between_characters(void **state)
{
	struct dnc_error err;
	char text[300] = "";

	(void)state;
	for (size_t pad = 0; pad < 2; pad++) {
		memset(text, 'x', pad);
		for (size_t i = pad; i + 2 < sizeof text; i += 2)
			memcpy(text + i, "é", 3);
		dnc_error_set(&err, 1, "%s", text);
		dnc_error_place(&err, "%s", text);
		assert_int_equal(strlen(err.message),
			sizeof err.message - 1 - (sizeof err.message - 1 - pad) % 2);
		assert_int_equal(
			strlen(err.place), sizeof err.place - 1 - (sizeof err.place - 1 - pad) % 2);
	}
}

static void messages_show_no_text_of_others_as_it_is(void **state)
{
	char got[8192], text[3000];
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int json = 0; json < 2; json++) {
		dnc_log_open("test", DNC_NOTE, json);
		log_to(ends[1], "a\x1b]0;x\x07 \xc2\x9b\u202e\xff\nerror: forged");
		n = read(ends[0], got, sizeof got - 1);
		assert_true(n > 0);
		got[n] = '\0';
		assert_non_null(strstr(got,
			json ? "\"a\\u001b]0;x\\u0007 \\u009b\\u202e\\ufffd\\nerror: forged\"}\n"
			     : "test: a\\u001b]0;x\\u0007 \\u009b\\u202e\\xff\\nerror: forged\n"));
		memset(text, 1, sizeof text - 1);
		text[sizeof text - 1] = '\0';
		log_to(ends[1], text);
		n = read(ends[0], got, sizeof got - 1);
		assert_true(n > 3000 && n <= 4096);
		got[n] = '\0';
		assert_ptr_equal(strchr(got, '\n'), got + n - 1);
		assert_null(strchr(got, 1));
		if (json)
			assert_memory_equal(got + n - 3, "\"}\n", 3);
		for (int i = 0; i < 1500; i++)
			memcpy(text + 2 * i, "\xc3\xa9", 2);
		text[sizeof text - 1] = '\0';
		log_to(ends[1], text);
		n = read(ends[0], got, sizeof got - 1);
		assert_true(n > 1000);
		assert_null(memmem(got, (size_t)n, "\\x", 2));
		assert_null(memmem(got, (size_t)n, "fffd", 4));
	}
	dnc_log_open("test", DNC_NOTE, false);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped_as_their_place_wants_it),
		cmocka_unit_test(each_code_point_that_hides_is_escaped),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(escapes_in_json_change_only_how_it_is_written),
		cmocka_unit_test(a_text_that_was_cut_ends_with_a_whole_character),
		cmocka_unit_test(errors_are_cut_between_characters),
		cmocka_unit_test(messages_show_no_text_of_others_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
