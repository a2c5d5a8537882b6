/* Query strings: each argument is kept whole, or refused with an error that names it. */
#include "unit.h"
#include "base/buf.h"
#include "web/http/head.h"
#include "web/http/query.h"
#include "web/priv/request.h"

/* Appends <NAME|VALUE>. */
static int note(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct dnc_buf *found = ctx;

	if (dnc_str_eq(name, DNC_STR("stop")))
		return dnc_error_set(err, REQUEST_EFILTER, "stopped");
	dnc_buf_chr(found, '<');
	dnc_buf_str(found, name);
	dnc_buf_chr(found, '|');
	dnc_buf_str(found, value);
	dnc_buf_chr(found, '>');
	return 0;
}

static void arguments_are_decoded(void **state)
{
	static const struct {
		const char *query, *found;
		int count;
	} cases[] = {
		{"", "", 0},
		{"&", "", 0},
		{"a=b", "<a|b>", 1},
		{"a", "<a|>", 1},
		{"a=", "<a|>", 1},
		{"=b", "<|b>", 1},
		{"=", "<|>", 1},
		{"a=b=c", "<a|b=c>", 1},
		{"a=b&c=d&a=e", "<a|b><c|d><a|e>", 3},
		{"&&a=b&&c=d&", "<a|b><c|d>", 2},
		{"a=b;c=d", "<a|b;c=d>", 1},
		{"a=%41%7a%7A%2b+%26%3D", "<a|Azz+ &=>", 1},
		{"%61+b=c", "<a b|c>", 1},
		{"a%3Db=c", "<a=b|c>", 1},
		{"a=%C3%A4%E2%82%AC%F0%9F%98%80", "<a|\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80>", 1},
		{"a=%0D%0A%09%1b", "<a|\r\n\t\x1b>", 1},
		{"a=%2541", "<a|%41>", 1},
		{"a=[b]{c}|^`\\", "<a|[b]{c}|^`\\>", 1},
		{"a=+1%2B2", "<a| 1+2>", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf found = {0};
		struct dnc_error err;
		int count = query_parse(dnc_str(cases[i].query), note, &found, &err);

		if (count != cases[i].count ||
			!dnc_str_eq(dnc_buf_view(&found), dnc_str(cases[i].found)))
			fail_msg("%s: %d %.*s", cases[i].query, count,
				DNC_STR_ARG(dnc_buf_view(&found)));
		dnc_buf_free(&found);
	}
}

static void what_can_not_be_decoded_is_refused_by_name(void **state)
{
	static const struct {
		const char *query, *place, *message; /* the message: a part of it */
	} cases[] = {
		{"a=%", "a", "%25"},
		{"a=%4", "a", "%25"},
		{"a=%4g", "a", "%25"},
		{"a=%g4", "a", "%25"},
		{"a=%%41", "a", "%25"},
		{"a=% 41", "a", "%25"},
		{"a=1&limit=%zz&c=d", "limit", "%25"},
		{"a=%&b=41", "a", "%25"},
		{"%=1", "%", "%25"},
		{"a=%00", "a", "NUL"},
		{"a=b%00c", "a", "NUL"},
		{"a%00=b", "a%00", "NUL"},
		{"a=%ff", "a", "UTF-8"},
		{"a=%c3", "a", "UTF-8"},
		{"a=%c3&b=%a4", "a", "UTF-8"},
		{"a=%c0%80", "a", "UTF-8"},
		{"a=%ed%a0%80", "a", "UTF-8"},
		{"a=%f4%90%80%80", "a", "UTF-8"},
		{"%c3=%a4", "%c3", "UTF-8"},
		{"a=\xe4", "a", "UTF-8"},
		{"\xe4=a", "query string", "UTF-8"},
		{"\x1b[0m=%", "query string", "%25"},
		{"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggggg=%",
			"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg", "%25"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf found = {0};
		struct dnc_error err = {0};
		int count = query_parse(dnc_str(cases[i].query), note, &found, &err);

		if (count != -1 || err.code != REQUEST_EFIELD ||
			strcmp(err.place, cases[i].place) != 0 ||
			!strstr(err.message, cases[i].message))
			fail_msg("%s: %d %s: %s", cases[i].query, count, err.place, err.message);
		dnc_buf_free(&found);
	}
}

static void the_first_error_ends_it(void **state)
{
	struct dnc_buf found = {0};
	struct dnc_error err = {0};

	(void)state;
	assert_int_equal(query_parse(DNC_STR("a=b&stop&c=d"), note, &found, &err), -1);
	assert_int_equal(err.code, REQUEST_EFILTER);
	assert_true(dnc_str_eq(dnc_buf_view(&found), DNC_STR("<a|b>")));
	dnc_buf_free(&found);
}

/* A value is kept whole, whatever its length, and what follows it is as well. */
static void values_of_any_length_are_kept(void **state)
{
	static const size_t sizes[] = {1, 1015, 1016, 1017, 1018, 1023, 1024, 2000, 4096, 8192,
		HTTP_TARGET_BYTES - sizeof "a=&b=c" + 1};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct dnc_buf query = {0}, found = {0};
		struct dnc_error err;

		dnc_buf_lit(&query, "a=");
		for (size_t k = 0; k < sizes[i]; k++)
			dnc_buf_chr(&query, 'x');
		dnc_buf_lit(&query, "&b=c");
		assert_int_equal(query_parse(dnc_buf_view(&query), note, &found, &err), 2);
		assert_int_equal(found.n, sizes[i] + strlen("<a|><b|c>"));
		assert_memory_equal(found.p + found.n - 7, "x><b|c>", 7);
		dnc_buf_free(&query);
		dnc_buf_free(&found);
	}
}

static void a_query_that_no_head_has_is_refused(void **state)
{
	struct dnc_buf found = {0};
	struct dnc_error err = {0};
	char *query = malloc(HTTP_TARGET_BYTES + 1);

	(void)state;
	memset(query, 'a', HTTP_TARGET_BYTES + 1);
	assert_int_equal(
		query_parse((struct dnc_str){query, HTTP_TARGET_BYTES + 1}, note, &found, &err),
		-1);
	assert_int_equal(err.code, REQUEST_EFIELD);
	assert_int_equal(
		query_parse((struct dnc_str){query, HTTP_TARGET_BYTES}, note, &found, &err), 1);
	dnc_buf_free(&found);
	free(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_decoded),
		cmocka_unit_test(what_can_not_be_decoded_is_refused_by_name),
		cmocka_unit_test(the_first_error_ends_it),
		cmocka_unit_test(values_of_any_length_are_kept),
		cmocka_unit_test(a_query_that_no_head_has_is_refused),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
