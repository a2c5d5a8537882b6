/* The options of a filter: the JSON that they make, and what is said of a wrong one. */
#include "unit.h"
#include "child.h"
#include "cli/cli.h"

enum { MAX_ARGS = 8 };

struct options {
	bool unused;
	struct dnc_filter_draft filter;
};

static const struct dnc_option rows[] = {
	{"unused", 0, NULL, "Help", 1, DNC_FLAG(struct options, unused)}, {0}};

static const struct dnc_command command = {.name = "dnc-test",
	.options = rows,
	.filter = &dnc_cli_filter_argp,
	.filter_offset = offsetof(struct options, filter)};

/* Appends the JSON of the options to OUT, and compiles it. */
static void filter_of(
	const char *const *args, int64_t start_ms, int64_t end_ms, struct dnc_buf *out)
{
	static char copies[MAX_ARGS][128], *argv[MAX_ARGS + 1];
	struct options o = {0};
	int argc = 1;

	argv[0] = copies[0];
	for (; args[argc - 1]; argc++) {
		snprintf(copies[argc], sizeof copies[argc], "%s", args[argc - 1]);
		argv[argc] = copies[argc];
	}
	argv[argc] = NULL;
	dnc_options_parse(&command, argc, argv, &o);
	o.filter.start_ms = start_ms;
	o.filter.end_ms = end_ms;
	dnc_filter_draft_json(&o.filter, out);
	dnc_filter_unref(dnc_cli_filter_compile(out));
	dnc_filter_draft_free(&o.filter);
}

static void options_become_one_filter_object(void **state)
{
	static const struct {
		const char *args[5], *json;
	} cases[] = {
		{{NULL}, "{}"},
		{{"-t", "dnc.number.*", "--type=dnc.list.synced"},
			"{\"event_types\":[\"dnc.number.*\",\"dnc.list.synced\"]}"},
		{{"--phone=^\\+1303"}, "{\"phone_patterns\":[\"^\\\\+1303\"]}"},
		{{"--provider=a \"b\""}, "{\"providers\":[\"a \\\"b\\\"\"]}"},
		{{"--min-severity=high", "--min-severity=error"}, "{\"min_severity\":\"error\"}"},
		{{"--blocked-only"}, "{\"blocked_only\":true}"},
		{{"--suppress-reason=complaint"}, "{\"suppress_reasons\":[\"complaint\"]}"},
		{{"--where=metadata.a=1", "--where=event_data.b=x=y", "--where=metadata.a=2"},
			"{\"custom_filters\":{\"metadata.a\":[\"1\",\"2\"],"
			"\"event_data.b\":[\"x=y\"]}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf json = {0};

		filter_of(cases[i].args, 0, 0, &json);
		dnc_buf_chr(&json, '\0');
		assert_string_equal(json.p, cases[i].json);
		dnc_buf_free(&json);
	}
}

static void times_of_the_command_become_its_range(void **state)
{
	const char *const none[] = {NULL};
	struct dnc_buf open = {0}, closed = {0};

	(void)state;
	filter_of(none, INT64_C(1787961600000), 0, &open);
	dnc_buf_chr(&open, '\0');
	assert_string_equal(open.p, "{\"time_range\":{\"start\":\"2026-08-29T00:00:00.000Z\"}}");
	filter_of(none, INT64_C(1787961600000), INT64_C(1787990400000), &closed);
	dnc_buf_chr(&closed, '\0');
	assert_string_equal(closed.p, "{\"time_range\":{\"start\":\"2026-08-29T00:00:00.000Z\","
				      "\"end\":\"2026-08-29T08:00:00.000Z\"}}");
	dnc_buf_free(&open);
	dnc_buf_free(&closed);
}

static void compile(void *ctx)
{
	struct dnc_buf json = {0};

	filter_of(ctx, 0, 0, &json);
	dnc_buf_free(&json);
}

static void a_number_is_no_pattern(void **state)
{
	static const struct {
		const char *arg, *message; /* NULL: a pattern */
	} cases[] = {
		{"--phone=202-555-0143", "--phone: \"202-555-0143\" does not match +12025550143, "
					 "because it is read as a pattern: for this number write "
					 "'^\\+12025550143$'\n"},
		{"--phone=(202) 555-0143", "write '^\\+12025550143$'"},
		{"--phone=202.555.0143", "write '^\\+12025550143$'"},
		{"--phone=+12025550143", "write '^\\+12025550143$'"},
		{"--phone=^+12025550143", "write '^\\+12025550143$'"},
		{"--phone=+44 20 7946 0000", "write '^\\+442079460000$'"},
		{"--phone=tel:+1-202-555-0143", "write '^\\+12025550143$'"},
		{"--phone=2025550143 ", "write '^\\+12025550143$'"},
		{"--phone=+1202", "in a pattern + repeats what is before it: write '^\\+1202'"},
		{"--phone=020 7946 0000",
			"matches no number: as a pattern it requires \" 7946 0000\""},
		{"--phone=202-555", "it requires \"-555\""},
		{"--phone=nobody", "it requires \"nobody\""},
		{"--phone=2025550143", NULL},
		{"--phone=12025550143$", NULL},
		{"--phone=(202)5550143", NULL},
		{"--phone=1202.550143", NULL},
		{"--phone=1202555014.", NULL},
		{"--phone=^.1202", NULL},
		{"--phone=a|1202", NULL},
		{"--phone=[a-z2]", NULL},
		{"--phone=-?1202", NULL},
		{"--phone=1+202", NULL},
		{"--phone=^\\+1\\*", NULL},
	};
	struct child c;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *args[] = {cases[i].arg, NULL};
		struct dnc_buf json = {0};

		if (cases[i].message) {
			child_run(&c, compile, args);
			child_expect(&c, DNC_EXIT_USAGE, cases[i].message);
			continue;
		}
		filter_of(args, 0, 0, &json); /* it would exit */
		dnc_buf_free(&json);
	}
}

static void a_wrong_value_names_its_option(void **state)
{
	static const struct {
		const char *args[3], *message;
	} cases[] = {
		{{"--phone=^("}, "--phone: invalid pattern: "},
		{{"--phone=^("}, "\n  ^(\n    ^\n"}, /* below the byte at fault */
		{{"--phone=1", "--phone=[z-a]"}, "\n  [z-a]\n     ^\n"},
		{{"--type=dnc.number.supressed"}, "did you mean \"dnc.number.suppressed\"?"},
		{{"--type=dnc.x.*"}, "--type: \"dnc.x.*\": "},
		{{"--severity=hihg"}, "--severity: \"hihg\" is unknown; did you mean \"high\"?"},
		{{"--check-reason=none"}, "Use --where=event_data.check_reason=none for events"},
		{{"--where=metadata"}, "--where: \"metadata\" is not PATH=VALUE"},
		{{"--where==x"}, "--where: \"=x\" is not PATH=VALUE"},
		{{"--where=reason=x"}, "did you mean \"event_data.reason\"?"},
		{{"--where=colour=x"}, "--where: \"colour\" is not one of seq, id, type"},
	};
	struct child c;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *args[4] = {0};

		memcpy(args, cases[i].args, sizeof cases[i].args);
		child_run(&c, compile, args);
		child_expect(&c, DNC_EXIT_USAGE, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_one_filter_object),
		cmocka_unit_test(times_of_the_command_become_its_range),
		cmocka_unit_test(a_number_is_no_pattern),
		cmocka_unit_test(a_wrong_value_names_its_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
