/* Integers that jq can't hold never come out changed. */
#include "unit.h"
#include "base/buf.h"
#include "source/map.h"
#include "source/priv/map_write.h"
#include "source/priv/wide.h"

/* Appends the results to OUT, a line each. Returns what ended them. */
static int run(struct dnc_map *m, struct dnc_str record, struct dnc_buf *out, struct dnc_error *err)
{
	struct dnc_str result;
	int rc;

	dnc_map_start(m, record);
	while ((rc = dnc_map_next(m, &result, err)) > 0) {
		dnc_buf_str(out, result);
		dnc_buf_chr(out, '\n');
	}
	return rc;
}

static void wide_integers_pass_by_or_are_refused(void **state)
{
	static const struct {
		const char *program, *record, *out; /* out is NULL when it is refused */
	} cases[] = {
		{".id|tostring", "{\"id\":50000000014435121}", NULL},
		{".", "{\"id\":9007199254740993}", NULL},
		{".", "[-9007199254740993]", NULL},
		{".id", "{\"id\":123456789012345678901234567890}", NULL},
		{".id == (\"50000000014435121\"|tonumber)", "{\"id\":50000000014435121}", NULL},
		{".id / 1000 | floor", "{\"id\":50000000014435999}", NULL},
		{"if .id > 9007199254740992 then .p else empty end",
			"{\"id\":9007199254740993,\"p\":1}", NULL},
		{".[]", "[1,50000000014435121,2]", NULL},
		/* Exact, or of no matter. */
		{".", "{\"id\":9007199254740992}", "{\"id\":9007199254740992}\n"},
		{".", "{\"id\":1767225600000000000}", "{\"id\":1767225600000000000}\n"},
		{".", "{\"id\":-123456789012345}", "{\"id\":-123456789012345}\n"},
		{".id", "{\"id\":\"50000000014435121\"}", "\"50000000014435121\"\n"},
		{".id", "{\"id\":\"\\\"\\\\50000000014435121\"}",
			"\"\\\"\\\\50000000014435121\"\n"},
		{".p, .q", "{\"id\":50000000014435121,\"p\":1,\"q\":[2]}", "1\n[2]\n"},
		{".id > 5", "{\"id\":50000000014435121}", "true\n"},
		{".id / 1000 | floor", "{\"id\":50000000014435521}", "50000000014435\n"},
		{"empty", "{\"id\":50000000014435121}", ""},
		/* Made by the program. */
		{".x|tonumber", "{\"x\":\"9007199254740993\"}", NULL},
		{"[.x|tonumber]", "{\"x\":\"-9007199254740993\"}", NULL},
		{".x * 1000", "{\"x\":9007199254740992}", NULL},
		{".", "[1e400]", NULL},
		{".", "[-1e400]", NULL},
		{".", "[9007199254740993.0]", NULL},
		{"[.x, (.x * 1e300 * 1e300)]", "{\"x\":5}", NULL},
		{".", "[1e35,-2.5E+20,0.1e10,12345678901234.5]",
			"[1e+35,-2.5e+20,1000000000,12345678901234.5]\n"},
		{".x|tonumber", "{\"x\":\"9007199254740991\"}", "9007199254740991\n"},
		{".x / 3", "{\"x\":1}", "0.3333333333333333\n"},
		{".x", "{\"x\":\"9007199254740993\"}", "\"9007199254740993\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err = {0};
		struct dnc_map *m = dnc_map_compile(cases[i].program, &err);
		struct dnc_buf out = {0};
		char text[200];
		int rc;

		assert_non_null(m);
		memset(text, '7', sizeof text); /* what follows the record is no part of it */
		memcpy(text, cases[i].record, strlen(cases[i].record));
		rc = run(m, (struct dnc_str){text, strlen(cases[i].record)}, &out, &err);
		if (rc != (cases[i].out ? 0 : -1) ||
			!dnc_str_eq(dnc_buf_view(&out), dnc_str(cases[i].out ? cases[i].out : "")))
			fail_msg("%s of %s: %d %.*s", cases[i].program, cases[i].record, rc,
				DNC_STR_ARG(dnc_buf_view(&out)));
		if (rc)
			assert_non_null(strstr(err.message, "a string"));
		dnc_buf_free(&out);
		dnc_map_free(m);
	}
}

static void a_failing_program_fails_as_ever_beside_wide_integers(void **state)
{
	struct dnc_error err = {0};
	struct dnc_map *m = dnc_map_compile(".p, (.p | error(\"no\")), .p", &err);
	struct dnc_buf out = {0};

	(void)state;
	assert_int_equal(run(m, DNC_STR("{\"id\":50000000014435121,\"p\":1}"), &out, &err), -1);
	assert_true(dnc_str_eq(dnc_buf_view(&out), DNC_STR("1\n")));
	assert_non_null(strstr(err.message, "the map failed: no"));
	dnc_buf_free(&out);
	dnc_map_free(m);
}

/* What libjq leaves to its caller; the process survives, and the next record is run as ever. */
static void builtins_that_need_their_surroundings_fail_or_pass(void **state)
{
	static const struct {
		const char *program, *says; /* NULL: it does not fail */
	} cases[] = {
		{"input", "not available"},
		{"inputs", "not available"},
		{"try input catch 1", NULL},
		{"debug", NULL},
		{"{} | debug | debug", NULL},
		{"input_line_number", "line number"},
		{"input_filename", NULL},
		{"env, $ENV, $__loc__", NULL},
		{"halt", "halted"},
		{"error(null)", "null (null)"},
		{"null | error", "null (null)"},
		{"1, error(.q), 2", "null (null)"},
		{"error({a:1})", "{\"a\":1}"},
		{"try error(null) catch 1", NULL},
		{"1, halt", "halted"},
		{"\"why\" | halt_error", "halted: why"},
		{"{} | halt_error(3)", "halted: {}"},
		{"getpath([\"p\", \"q\"])", "Cannot index"},
	};
	static const char *const not_programs[] = {
		"import \"x\" as x; .", "include \"x\"; .", "import \"x\" as $x; ."};
	struct dnc_error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_map *m = dnc_map_compile(cases[i].program, &err);
		struct dnc_buf out = {0};

		assert_non_null(m);
		for (int again = 0; again < 2; again++) {
			int rc = run(m, DNC_STR("{\"p\":1}"), &out, &err);

			if (rc != (cases[i].says ? -1 : 0) ||
				(rc && !strstr(err.message, cases[i].says)))
				fail_msg("%s: %d %s", cases[i].program, rc, err.message);
		}
		dnc_buf_free(&out);
		dnc_map_free(m);
	}
	for (size_t i = 0; i < sizeof not_programs / sizeof not_programs[0]; i++) {
		assert_null(dnc_map_compile(not_programs[i], &err));
		assert_true(err.message[0] != '\0');
	}
}

static void a_program_with_a_number_that_jq_changes_is_refused(void **state)
{
	static const char *const refused[] = {"9007199254740993", ".x = 9007199254740993",
		".x-9007199254740993", "1-9007199254740993", "1e400", "[1e+400]",
		"select(.id >9007199254740993)"};
	static const char *const taken[] = {"9007199254740992", "1e300", "\"9007199254740993\"",
		". # 9007199254740993", ".a9007199254740993", "\"\\\"9007199254740993\"", ".[1:2]",
		"1e-5 + 0.12345678901234567"};
	struct dnc_error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		assert_null(dnc_map_compile(refused[i], &err));
		assert_non_null(strstr(err.message, "doubles"));
	}
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		struct dnc_map *m = dnc_map_compile(taken[i], &err);

		if (!m)
			fail_msg("%s: %s", taken[i], err.message);
		dnc_map_free(m);
	}
}

static void values_are_written_as_jq_writes_them(void **state)
{
	static const char *const texts[] = {"null", "true", "false", "0", "-0", "1", "-1", "1.5",
		"-2.25e-7", "1e14", "999999999999999", "-999999999999999", "1e15",
		"1234567890123456", "1e17", "123456789012345680000", "5e-324", "-1.5e300", "0.1",
		"\"\"", "\"a\"", "\"\\\"\\\\/\\/\"",
		"\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u000e\\u001f\\u007f\\u0080\"",
		"\"\u00e9\u20ac\U0001F600\"", "[]", "{}", "[[],{}]", "[1,\"a\",null,[2,[3]]]",
		"{\"b\":1,\"a\":{\"c\":[]},\"\\n\":\"x\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		jv value = jv_parse(texts[i]), dumped;
		struct dnc_buf out = {0};

		assert_true(jv_is_valid(value));
		dumped = jv_dump_string(jv_copy(value), 0);
		map_write(&out, value);
		if (!dnc_str_eq(dnc_buf_view(&out), dnc_str(jv_string_value(dumped))))
			fail_msg("%s: %.*s, not %s", texts[i], DNC_STR_ARG(dnc_buf_view(&out)),
				jv_string_value(dumped));
		jv_free(dumped);
		jv_free(value);
		dnc_buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide_integers_pass_by_or_are_refused),
		cmocka_unit_test(values_are_written_as_jq_writes_them),
		cmocka_unit_test(a_program_with_a_number_that_jq_changes_is_refused),
		cmocka_unit_test(builtins_that_need_their_surroundings_fail_or_pass),
		cmocka_unit_test(a_failing_program_fails_as_ever_beside_wide_integers),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
