/* The command line as a table: values, checks, help and messages. */
#include "unit.h"
#include <errno.h>
#include <poll.h>
#include "child.h"
#include "base/clock.h"
#include "cli/cli.h"

enum { MAX_ARGS = 16 };

struct options {
	const char *first; /* so that no `given` has the offset 0 */
	bool flag, number_given, call_given;
	const char *text;
	uint64_t number, size;
	unsigned small, choice;
	int64_t duration, time;
	const char *list[3];
	size_t count;
	char called[32];
	const char *file;
	char **rest;
	size_t rest_count;
	struct dnc_filter_draft filter;
};

static void call(void *options, const char *name, char *value)
{
	struct options *o = options;

	if (strcmp(value, "bad") == 0)
		dnc_cli_usage("%s: \"%s\" is bad", name, value);
	snprintf(o->called, sizeof o->called, "%s %s", name, value);
}

static const struct dnc_option rows[] = {{.help = "A heading", .group = 1},
	{"flag", 'f', NULL, "Help of the flag", 1, DNC_FLAG(struct options, flag)},
	{"text", 't', "TEXT", "Help of the text", 1, DNC_TEXT(struct options, text)},
	{"number", 'n', "N", "Help", 1, DNC_NUMBER(struct options, number, 1, 1000),
		DNC_GIVEN(struct options, number_given)},
	{"small", 0, "N", "Help", 1, DNC_UNSIGNED(struct options, small, 0, 64)},
	{"size", 0, "SIZE", "Help", 1, DNC_SIZE(struct options, size, 1024, 1u << 30)},
	{"duration", 0, "DURATION", "Help", 1, DNC_DURATION(struct options, duration)},
	{"time", 0, "TIME", "Help", 1, DNC_TIME(struct options, time)},
	{"choice", 0, "red|green|blue", "Help", 1,
		DNC_CHOICE(struct options, choice, "red green blue")},
	{"list", 'l', "ITEM", "Help", 1, DNC_LIST(struct options, list, count)},
	{"call", 0, "VALUE", "Help", 1, DNC_CALL(call), DNC_GIVEN(struct options, call_given)},
	{0}};

static const struct dnc_option arguments[] = {{"FILE", DNC_TEXT(struct options, file)},
	{"REST", DNC_REST(struct options, rest, rest_count)}, {0}};

static const struct dnc_command command = {.name = "dnc-test",
	.args_doc = "FILE [REST...]",
	.doc = "What the command does.",
	.options = rows,
	.arguments = arguments,
	.filter = &dnc_cli_filter_argp,
	.filter_offset = offsetof(struct options, filter)};

static const struct dnc_command no_arguments = {.name = "dnc-test", .options = rows};

static void parse_with(const struct dnc_command *c, struct options *o, const char *const *args)
{
	static char copies[MAX_ARGS][128], *argv[MAX_ARGS + 1];
	int argc = 1;

	*o = (struct options){0};
	argv[0] = copies[0];
	for (; args[argc - 1]; argc++) {
		snprintf(copies[argc], sizeof copies[argc], "%s", args[argc - 1]);
		argv[argc] = copies[argc];
	}
	argv[argc] = NULL;
	dnc_options_parse(c, argc, argv, o);
}

#define PARSE(o, ...) parse_with(&command, (o), (const char *const[]){__VA_ARGS__, NULL})

static void each_kind_is_stored_in_its_member(void **state)
{
	struct options o;

	(void)state;
	PARSE(&o, "--flag", "--text=a b", "-n", "17", "--small=64", "--size=2k", "--duration=15m",
		"--choice=green", "--list", "x", "-ly", "--call=v", "--time=2026-08-29T08:00:00Z");
	assert_true(o.flag);
	assert_string_equal(o.text, "a b");
	assert_int_equal(o.number, 17);
	assert_int_equal(o.small, 64);
	assert_int_equal(o.size, 2048);
	assert_int_equal(o.duration, 15 * 60 * 1000);
	assert_int_equal(o.choice, 1);
	assert_int_equal(o.count, 2);
	assert_string_equal(o.list[0], "x");
	assert_string_equal(o.list[1], "y");
	assert_string_equal(o.called, "--call v");
	assert_true(o.time == INT64_C(1787990400000));
	assert_true(o.number_given && o.call_given);
	assert_null(o.file);
}

static void what_is_not_given_keeps_its_value(void **state)
{
	struct options o;

	(void)state;
	PARSE(&o, "-f");
	assert_true(o.flag);
	assert_false(o.number_given || o.call_given || dnc_cli_quiet());
	assert_null(o.text);
	assert_int_equal(o.number + o.size + o.small + o.count, 0);
}

static void arguments_follow_their_rows_and_the_last_takes_the_rest(void **state)
{
	struct options o;

	(void)state;
	PARSE(&o, "file", "-f", "a=1", "b=2", "--", "--c");
	assert_string_equal(o.file, "file");
	assert_int_equal(o.rest_count, 3);
	assert_string_equal(o.rest[0], "a=1");
	assert_string_equal(o.rest[1], "b=2");
	assert_string_equal(o.rest[2], "--c");
	assert_true(o.flag);
}

static void options_of_the_filter_go_to_its_struct(void **state)
{
	struct options o;
	struct dnc_buf json = {0};

	(void)state;
	PARSE(&o, "-f", "--severity=high", "--provider=p");
	dnc_filter_draft_json(&o.filter, &json);
	dnc_buf_chr(&json, '\0');
	assert_non_null(strstr(json.p, "\"providers\":[\"p\"]"));
	assert_non_null(strstr(json.p, "\"severities\":[\"high\"]"));
	dnc_buf_free(&json);
	dnc_filter_draft_free(&o.filter);
}

static void a_time_may_be_a_duration_back_from_now(void **state)
{
	struct options o;
	int64_t now = dnc_clock_now_ms();

	(void)state;
	PARSE(&o, "--time=-1h");
	assert_in_range(o.time, now - 3600 * 1000, now - 3600 * 1000 + 60 * 1000);
	PARSE(&o, "--time=2026-08-29");
	assert_true(o.time == INT64_C(1787961600000));
}

static void parse_in_child(void *ctx)
{
	struct options o;

	parse_with(&command, &o, ctx);
}

static void parse_without_arguments(void *ctx)
{
	struct options o;

	parse_with(&no_arguments, &o, ctx);
}

static void a_wrong_command_line_is_one_line_that_names_the_option(void **state)
{
	static const struct {
		const char *args[4], *message;
	} cases[] = {
		{{"--number=0"}, "--number: \"0\" is not a number from 1 to 1000"},
		{{"--number=1001"}, "--number: \"1001\" is not a number from 1 to 1000"},
		{{"-n", "x"}, "--number: \"x\" is not a number"},
		{{"-n", "-1"}, "--number: \"-1\" is not a number"},
		{{"-n", "1k"}, "--number: \"1k\" is not a number"},
		{{"-n", ""}, "--number: \"\" is not a number"},
		{{"-n", "99999999999999999999999"}, "is not a number"},
		{{"--small=65"}, "--small: \"65\" is not a number from 0 to 64"},
		{{"--size=1023"}, "--size: \"1023\" is not a size from 1024 to"},
		{{"--size=2x"}, "--size: \"2x\" is not a size"},
		{{"--size=2kb"}, "--size: \"2kb\" is not a size"},
		{{"--size=99999999999999T"}, "is not a size"},
		{{"--duration=10"}, "--duration: \"10\" is not a duration like 10s"},
		{{"--time=noon"}, "--time: \"noon\" is neither a time like"},
		{{"--time=-x"}, "--time: \"-x\" is neither"},
		{{"--choice=gren"}, "--choice: \"gren\" is unknown; did you mean \"green\"?"},
		{{"--choice=tartan"}, "--choice: \"tartan\" is not one of red, green, blue"},
		{{"--choice=re"}, "--choice: \"re\" is unknown"},
		{{"-la", "-lb", "-lc", "-ld"}, "--list: given more than 3 times"},
		{{"--call=bad"}, "--call: \"bad\" is bad"},
		{{"--colour"}, "--colour: unknown option; see --help"},
		{{"-z"}, "-z: unknown option; see --help"},
		{{"a", "--text"}, "--text: value missing; see --help"},
		{{"--severity"}, "--severity: value missing; see --help"},
		{{"-t"}, "-t: value missing; see --help"},
		{{"--log-format=xml"}, "--log-format: \"xml\" is not one of text, json"},
	};
	struct child c;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *args[5] = {0};

		memcpy(args, cases[i].args, sizeof cases[i].args);
		child_run(&c, parse_in_child, args);
		child_expect(&c, DNC_EXIT_USAGE, cases[i].message);
		assert_int_equal(strncmp(c.text, "dnc-test: ", 10), 0);
		assert_ptr_equal(strchr(c.text, '\n'), c.text + strlen(c.text) - 1);
	}
	child_run(&c, parse_without_arguments, (const char *[]){"-f", "word", NULL});
	child_expect(&c, DNC_EXIT_USAGE, "word: unexpected argument; see --help");
}

static void help_is_made_from_the_rows(void **state)
{
	static const char *const parts[] = {"Usage: dnc-test [OPTION...] FILE [REST...]",
		"What the command does.", "A heading", "-f, --flag", "Help of the flag",
		"-t, --text=TEXT", "--choice=red|green|blue", "--severity=", "-q, --quiet",
		"--log-format=text|json", "--version"};
	struct child c;

	(void)state;
	child_run(&c, parse_in_child, (const char *[]){"--help", NULL});
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		child_expect(&c, DNC_EXIT_OK, parts[i]);
	child_run(&c, parse_in_child, (const char *[]){"--usage", NULL});
	child_expect(&c, DNC_EXIT_OK, "[--number=N]");
	child_run(&c, parse_in_child, (const char *[]){"--version", NULL});
	child_expect(&c, DNC_EXIT_OK, "dnc-test " DNC_VERSION "\n");
}

static void talk(void *ctx)
{
	struct options o;

	parse_with(&command, &o, ctx);
	if (dnc_cli_quiet())
		printf("quiet\n");
	dnc_log(DNC_DEBUG, "detail");
	dnc_note("note");
	dnc_err("error");
}

static void options_of_every_command_set_what_is_logged(void **state)
{
	struct child c;

	(void)state;
	child_run(&c, talk, (const char *[]){"-f", NULL});
	child_expect(&c, 99, "note");
	assert_null(strstr(c.text, "detail"));
	child_run(&c, talk, (const char *[]){"-q", NULL});
	child_expect(&c, 99, "quiet");
	assert_null(strstr(c.text, "note"));
	child_expect(&c, 99, "dnc-test: error");
	child_run(&c, talk, (const char *[]){"--verbose", NULL});
	child_expect(&c, 99, "detail");
	child_run(&c, talk, (const char *[]){"--log-format=json", NULL});
	child_expect(&c, 99, "\"error\"");
}

static void erase(void *ctx)
{
	fputs(ctx, stderr);
}

static char erased[] = "<erased>";

static void talk_in_color(void *ctx)
{
	struct options o;

	parse_with(&command, &o, ctx);
	dnc_log_color(true);
	dnc_log_before(erase, erased);
	dnc_log(DNC_DEBUG, "detail");
	dnc_err("error");
	dnc_warn("warning");
	dnc_log_before(NULL, NULL);
	dnc_note("note");
}

static void messages_have_colors_and_what_comes_before_them(void **state)
{
	struct child c;

	(void)state;
	child_run(&c, talk_in_color, (const char *[]){"-f", NULL});
	child_expect(&c, 99,
		"<erased>\033[31mdnc-test: error\033[0m\n<erased>\033[33mdnc-test: warning\033[0m\n"
		"dnc-test: note\n");
	assert_null(strstr(c.text, "<erased><erased>"));
	/* Colors are for people. */
	child_run(&c, talk_in_color, (const char *[]){"--log-format=json", NULL});
	child_expect(&c, 99, "\"error\"");
	assert_null(strchr(c.text, '\033'));
}

static void parse_without_descriptors(void *ctx)
{
	struct options o;

	close(STDIN_FILENO);
	parse_with(&command, &o, ctx);
	if (dup(STDERR_FILENO) == STDIN_FILENO)
		dnc_err("its number was given away");
	if (read(STDIN_FILENO, &o, 1) >= 0)
		dnc_err("it can be read");
	exit(0);
}

static void a_closed_standard_descriptor_stays_unusable(void **state)
{
	struct child c;

	(void)state;
	child_run(&c, parse_without_descriptors, (const char *[]){"-f", NULL});
	child_expect(&c, 0, "");
	assert_string_equal(c.text, "");
}

static void die(void *ctx)
{
	struct dnc_error err;
	const int *code = ctx;

	dnc_log_open("dnc-test", DNC_NOTE, false);
	if (!*code)
		dnc_cli_die_nomem();
	dnc_error_set(&err, *code, "it failed");
	dnc_cli_die_io(&err);
}

static void exit_codes_follow_from_the_errno(void **state)
{
	static const struct {
		int code;
		enum dnc_exit status;
	} cases[] = {{EINVAL, DNC_EXIT_USAGE}, {EBADF, DNC_EXIT_USAGE},
		{ENOENT, DNC_EXIT_UNAVAILABLE}, {EADDRINUSE, DNC_EXIT_UNAVAILABLE},
		{EAGAIN, DNC_EXIT_TEMPFAIL}, {ENOMEM, DNC_EXIT_TEMPFAIL},
		{DNC_ERROR_NO_MEMORY, DNC_EXIT_TEMPFAIL}, {EIO, DNC_EXIT_IO},
		{ENOSPC, DNC_EXIT_IO}};
	struct child c;
	int none = 0;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		child_run(&c, die, (void *)(uintptr_t)&cases[i].code);
		child_expect(&c, (int)cases[i].status, "dnc-test: it failed\n");
	}
	child_run(&c, die, &none);
	child_expect(&c, DNC_EXIT_TEMPFAIL, "out of memory");
}

static unsigned stops, hangups;

static void on_stop(void *ctx)
{
	++*(unsigned *)ctx;
}

enum { SAME_REQUEST_MS = 1000, TOO_LATE_MS = 20000 };

/* Signals until the process ends: not before a second has passed. */
static void signal_on_and_on(int signal_number)
{
	int64_t start = dnc_clock_mono_ms(), passed;

	while ((passed = dnc_clock_mono_ms() - start) < TOO_LATE_MS) {
		printf("%d ", passed >= SAME_REQUEST_MS - 1);
		fflush(stdout);
		raise(signal_number);
		poll(NULL, 0, 5);
	}
}

static void stop_twice(void *ctx)
{
	(void)ctx;
	dnc_cli_on_stop(on_stop, &stops);
	dnc_cli_on_hangup(on_stop, &hangups);
	raise(SIGHUP);
	raise(SIGHUP);
	if (dnc_cli_stopped_by() || hangups != 2)
		exit(1);
	raise(SIGTERM);
	if (dnc_cli_stopped_by() != SIGTERM || stops != 1)
		exit(2);
	signal_on_and_on(SIGINT);
	exit(3);
}

static void end_with_signals(void *ctx)
{
	(void)ctx;
	dnc_cli_on_stop(on_stop, &stops);
	dnc_cli_on_hangup(on_stop, &hangups);
	dnc_cli_release_signals();
	raise(SIGHUP);
	raise(SIGTERM);
	if (dnc_cli_stopped_by() != SIGTERM || stops || hangups)
		exit(1);
	signal_on_and_on(SIGINT); /* the end may be cut short */
	exit(2);
}

/* As nohup(1) and the background jobs of shells start programs. */
static void ignore_what_was_ignored(void *ctx)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		signal(signals[i], SIG_IGN);
	dnc_cli_on_stop(on_stop, &stops);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		raise(signals[i]);
	if (stops || dnc_cli_stopped_by())
		exit(1);
	dnc_cli_on_hangup(on_stop, &hangups); /* a reload is not the end */
	raise(SIGHUP);
	exit(hangups == 1 && !ctx ? 0 : 2);
}

static void break_the_pipe(void *ctx)
{
	(void)ctx;
	dnc_cli_on_stop(on_stop, &stops);
	raise(SIGPIPE); /* ignored */
	dnc_cli_broken_pipe();
}

static void signals_stop_reload_and_end(void **state)
{
	struct child c;

	(void)state;
	child_run(&c, stop_twice, NULL);
	child_expect(&c, 128 + SIGINT, "0 0 "); /* several signals are one request */
	child_expect(&c, 128 + SIGINT, " 1 ");
	child_run(&c, end_with_signals, NULL);
	child_expect(&c, 128 + SIGINT, " 1 ");
	child_run(&c, ignore_what_was_ignored, NULL);
	child_expect(&c, 0, "");
	child_run(&c, break_the_pipe, NULL);
	child_expect(&c, -SIGPIPE, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_stored_in_its_member),
		cmocka_unit_test(what_is_not_given_keeps_its_value),
		cmocka_unit_test(arguments_follow_their_rows_and_the_last_takes_the_rest),
		cmocka_unit_test(options_of_the_filter_go_to_its_struct),
		cmocka_unit_test(a_time_may_be_a_duration_back_from_now),
		cmocka_unit_test(a_wrong_command_line_is_one_line_that_names_the_option),
		cmocka_unit_test(help_is_made_from_the_rows),
		cmocka_unit_test(options_of_every_command_set_what_is_logged),
		cmocka_unit_test(messages_have_colors_and_what_comes_before_them),
		cmocka_unit_test(a_closed_standard_descriptor_stays_unusable),
		cmocka_unit_test(exit_codes_follow_from_the_errno),
		cmocka_unit_test(signals_stop_reload_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
