/* What is JSON and what is not, and what the walk lists. */
#include "unit.h"
#include <stdio.h>
#include "json/json.h"
#include "json/member.h"

static struct dnc_json_parser *parser;
static char text[1 << 20];

static int parse(const char *json, size_t n, struct dnc_json *doc, struct dnc_error *err)
{
	memset(text + n, 0, DNC_JSON_PADDING);
	memcpy(text, json, n);
	return dnc_json_parse(parser, text, n, doc, err);
}

static void what_is_not_json_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *message;
	} cases[] = {
		{"", DNC_JSON_EINVALID, ""},
		{" ", DNC_JSON_EINVALID, ""},
		{"{", DNC_JSON_EINVALID, "a key is missing"},
		{"[", DNC_JSON_EINVALID, "a value is missing"},
		{"[1", DNC_JSON_EINVALID, "a bracket is not closed"},
		{"[1,]", DNC_JSON_EINVALID, ""},
		{"{\"a\":1,}", DNC_JSON_EINVALID, "a key is missing"},
		{"{\"a\" 1}", DNC_JSON_EINVALID, "a colon is missing"},
		{"{\"a\":}", DNC_JSON_EINVALID, "not a JSON value"},
		{"{\"a\":1 \"b\":2}", DNC_JSON_EINVALID, "a comma"},
		{"{1:2}", DNC_JSON_EINVALID, "a key is missing"},
		{"[1}", DNC_JSON_EINVALID, "a comma"},
		{"{\"a\":1]", DNC_JSON_EINVALID, "a comma"},
		{"]", DNC_JSON_EINVALID, ""},
		{"{}{}", DNC_JSON_EINVALID, "text after the value"},
		{"1 2", DNC_JSON_EINVALID, "text after the value"},
		{"\"abc", DNC_JSON_EINVALID, ""},
		{"\"abc\"x", DNC_JSON_EINVALID, "text after the value"},
		{"[\"a\"\"b\"]", DNC_JSON_EINVALID, "a comma"},
		{"\"\\x\"", DNC_JSON_EINVALID, "a string has an invalid escape"},
		{"\"\\ud800\\u0041\"", DNC_JSON_EINVALID, "a string has an invalid escape"},
		{"\"\\u12\"", DNC_JSON_EINVALID, "a string has an invalid escape"},
		{"\"a\tb\"", DNC_JSON_EINVALID, ""},
		{"tru", DNC_JSON_EINVALID, "not a JSON value"},
		{"truex", DNC_JSON_EINVALID, "not a JSON value"},
		{"nul", DNC_JSON_EINVALID, "not a JSON value"},
		{"01", DNC_JSON_EINVALID, "not a JSON value"},
		{"1.", DNC_JSON_EINVALID, "not a JSON value"},
		{"-", DNC_JSON_EINVALID, "not a JSON value"},
		{"+1", DNC_JSON_EINVALID, "not a JSON value"},
		{"1e", DNC_JSON_EINVALID, "not a JSON value"},
		{"NaN", DNC_JSON_EINVALID, "not a JSON value"},
		{"'a'", DNC_JSON_EINVALID, "not a JSON value"},
		{"\"\xff\"", DNC_JSON_EUTF8, "not UTF-8"},
		{"\"\xed\xa0\x80\"", DNC_JSON_EUTF8, "not UTF-8"},
		{"{\"a\":1,\"b\":{\"a\":1},\"a\":2}", DNC_JSON_EINVALID, "\"a\""},
		{"{\"a\":1,\"\\u0061\":2}", DNC_JSON_EINVALID, "\"a\""},
	};
	struct dnc_error err;
	struct dnc_json doc;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (parse(cases[i].json, strlen(cases[i].json), &doc, &err) == 0)
			fail_msg("taken: %s", cases[i].json);
		if (err.code != cases[i].code || !strstr(err.message, cases[i].message))
			fail_msg("%s: %d %s", cases[i].json, err.code, err.message);
	}
}

static void values_are_listed_in_order_with_their_text(void **state)
{
	static const char json[] =
		" { \"a\" : [ 1 , -2.5e3 , \"x\\n\\ud83d\\ude00\" , null ] , \"\" : { } , \"c\":true }\n";
	struct dnc_error err;
	struct dnc_json doc;
	uint32_t a, c;

	(void)state;
	assert_int_equal(parse(json, sizeof json - 1, &doc, &err), 0);
	assert_false(doc.compact);
	assert_int_equal(doc.count, 8);
	assert_int_equal(doc.node[0].count, 3);
	a = dnc_json_get(&doc, 0, DNC_STR("a"));
	assert_int_equal(a, 1);
	assert_int_equal(doc.node[a].count, 4);
	assert_int_equal(doc.node[a].next, 6);
	assert_true(dnc_str_eq(doc.node[3].raw, DNC_STR("-2.5e3")));
	assert_true(dnc_str_eq(doc.node[4].text, DNC_STR("x\n\xF0\x9F\x98\x80")));
	assert_true(dnc_str_eq(doc.node[4].raw, DNC_STR("\"x\\n\\ud83d\\ude00\"")));
	assert_int_equal(doc.node[6].type, DNC_JSON_OBJECT);
	assert_int_equal(doc.node[6].count, 0);
	c = dnc_json_get(&doc, 0, DNC_STR("c"));
	assert_int_equal(doc.node[c].type, DNC_JSON_BOOL);
	assert_int_equal(parse("{\"a\":[1,\"b\"],\"c\":{}}", 20, &doc, &err), 0);
	assert_true(doc.compact);
}

static void depth_and_keys_are_bounded(void **state)
{
	static char json[1 << 19];
	struct dnc_error err;
	struct dnc_json doc;
	size_t n = 0;

	(void)state;
	for (int depth = 1; depth <= 40; depth++) {
		memset(json, '[', (size_t)depth);
		memset(json + depth, ']', (size_t)depth);
		assert_int_equal(parse(json, 2 * (size_t)depth, &doc, &err),
			depth <= DNC_JSON_MAX_DEPTH ? 0 : -1);
	}
	/* Many keys: no two are one, and the last one twice is found. */
	for (int twice = 0; twice < 2; twice++) {
		n = 0;
		for (int i = 0; i < 20000; i++)
			n += (size_t)sprintf(json + n, "%c\"k%d\":1", i ? ',' : '{', i);
		n += (size_t)sprintf(json + n, twice ? ",\"k17\":1}" : "}");
		assert_int_equal(parse(json, n, &doc, &err), -twice);
	}
	/* Values over the limit. */
	n = 0;
	for (int i = 0; i < DNC_JSON_MAX_NODES; i++)
		n += (size_t)sprintf(json + n, "%c1", i ? ',' : '[');
	json[n++] = ']';
	assert_int_equal(parse(json, n, &doc, &err), -1);
	assert_int_equal(err.code, DNC_JSON_ELIMIT);
}

static void members_are_written_with_commas_between(void **state)
{
	struct dnc_buf b = {0};

	(void)state;
	dnc_buf_chr(&b, '{');
	dnc_json_member_json(&b, "none", (struct dnc_str){0});
	dnc_json_member_text(&b, "a\"b", "c\n");
	dnc_json_member_str(&b, "s", DNC_STR("\xff"));
	dnc_json_member_number(&b, "n", UINT64_MAX);
	dnc_json_member_bool(&b, "t", true);
	dnc_json_member_bool(&b, "f", false);
	dnc_json_member_time(&b, "at", 0);
	dnc_json_member_json(&b, "o", DNC_STR("{}"));
	dnc_json_member_text(&b, "e", "");
	dnc_buf_lit(&b, "}");
	dnc_buf_chr(&b, '\0');
	assert_string_equal(b.p,
		"{\"a\\\"b\":\"c\\n\",\"s\":\"\xEF\xBF\xBD\",\"n\":18446744073709551615,"
		"\"t\":true,\"f\":false,\"at\":\"1970-01-01T00:00:00.000Z\",\"o\":{},\"e\":\"\"}");
	dnc_buf_free(&b);
}

/* As the parser does. */
/* Each byte at each place of texts of all lengths to 40, between plain bytes and between others of its kind: what is not
 * escaped stands alone, what is escaped is read back. */
static void every_byte_at_every_place_is_written_as_itself(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 40; n++)
		for (size_t at = 0; at < n; at++)
			for (unsigned c = 0; c < 0x80; c++) {
				char in[40], want[300];
				size_t length = 0;
				struct dnc_buf b = {0};

				memset(in, n % 2 ? '~' : ' ', n);
				in[at] = (char)c;
				want[length++] = '"';
				for (size_t i = 0; i < n; i++) {
					unsigned char x = (unsigned char)in[i];

					if (x == '"' || x == '\\')
						length += (size_t)sprintf(want + length, "\\%c", x);
					else if (x == '\n' || x == '\t')
						length += (size_t)sprintf(
							want + length, x == '\n' ? "\\n" : "\\t");
					else if (x < 0x20)
						length += (size_t)sprintf(
							want + length, "\\u%04x", x);
					else
						want[length++] = (char)x;
				}
				want[length++] = '"';
				dnc_json_write_str(&b, (struct dnc_str){in, n});
				assert_int_equal(b.n, length);
				assert_memory_equal(b.p, want, length);
				dnc_buf_free(&b);
			}
}

static void a_string_is_unescaped_alone_as_in_its_text(void **state)
{
	static const char *const strings[] = {"", "plain", "\\\"", "\\\\\\/\\b\\f\\n\\r\\t",
		"a\\u0041b", "\\u0000x", "\\u00e9\\u20AC\\uffff", "\\uD83D\\ude00",
		"\xc3\xa9\\\\u0041"};

	(void)state;
	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
		char quoted[64], out[64];
		struct dnc_json doc;
		struct dnc_error err;
		int n = snprintf(quoted, sizeof quoted, "\"%s\"", strings[i]);

		assert_int_equal(parse(quoted, (size_t)n, &doc, &err), 0);
		assert_int_equal(dnc_json_unescape(out, dnc_str(strings[i])), doc.node[0].text.n);
		assert_memory_equal(out, doc.node[0].text.p, doc.node[0].text.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_json_is_refused_with_a_reason),
		cmocka_unit_test(values_are_listed_in_order_with_their_text),
		cmocka_unit_test(depth_and_keys_are_bounded),
		cmocka_unit_test(every_byte_at_every_place_is_written_as_itself),
		cmocka_unit_test(a_string_is_unescaped_alone_as_in_its_text),
		cmocka_unit_test(members_are_written_with_commas_between),
	};
	int rc;

	parser = dnc_json_parser_new();
	rc = cmocka_run_group_tests_name("json", tests, NULL, NULL);
	dnc_json_parser_free(parser);
	return rc;
}
