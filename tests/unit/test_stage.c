/* A stage as its command runs it, in a child process: pipes, sockets, signals and exit codes. */
#include "unit.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "child.h"
#include "cli/cli.h"
#include "cli/stage.h"

enum { MAX_LINE = 64 };

static char dir[] = "/tmp/dnc-stage-XXXXXX", sink[64], input[64], rejects[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(sink, sizeof sink, "unix:%s/sink", dir);
	snprintf(input, sizeof input, "%s/input", dir);
	snprintf(rejects, sizeof rejects, "%s/rejects", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(sink + strlen("unix:"));
	unlink(input);
	unlink(rejects);
	return rmdir(dir);
}

/* What the child is to do. */
struct plan {
	const char *files[3], *inputs[2], *output, *rejects, *stdin_text;
	bool report;
	int raise; /* a signal, once the stage is open */
	bool reader_leaves;
	bool twice;
	int raise_between; /* a signal, after the first reading */
};

struct run {
	struct dnc_stage stage;
	struct dnc_error err;
};

/* Copies lines; "reject" is rejected, "fail" ends the run. */
static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct run *r = ctx;
	struct dnc_error err;

	if (dnc_str_eq(line->text, DNC_STR("fail")))
		return dnc_error_set(&r->err, EINVAL, "the line says fail");
	if (line->too_long || dnc_str_eq(line->text, DNC_STR("reject"))) {
		dnc_error_set(&err, DNC_REJECT_INVALID_JSON, "rejected");
		return dnc_stage_reject(&r->stage, s, line->number, 0, line->text, &err, &r->err);
	}
	return dnc_outlet_line(r->stage.out, line->text.p, line->text.n, &r->err);
}

static int on_idle(void *ctx)
{
	struct run *r = ctx;

	return dnc_outlet_flush(r->stage.out, &r->err);
}

static void feed(const char *text)
{
	int fds[2];

	if (pipe(fds) < 0 || write(fds[1], text, strlen(text)) < 0)
		exit(98);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	close(fds[1]);
}

/* A pipe without a reader. */
static void leave_output(void)
{
	int fds[2];

	if (pipe(fds) < 0)
		exit(98);
	close(fds[0]);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
}

/* Reads the files once more. */
static void read_again(struct run *r, const struct plan *p, const struct dnc_stage_options *o,
	const struct dnc_input_events *events)
{
	printf("first reading: %llu rejects, %u failed\n",
		(unsigned long long)r->stage.rejects.count, r->stage.failed);
	if (p->raise_between)
		raise(p->raise_between);
	dnc_stage_again(&r->stage, o, MAX_LINE, events);
}

static void run_stage(void *ctx)
{
	const struct plan *p = ctx;
	struct dnc_stage_options o = {
		.files = p->files, .inputs = p->inputs, .output = p->output, .rejects = p->rejects};
	static struct run r;
	const struct dnc_input_events events = {.line = on_line, .idle = on_idle, .ctx = &r};
	int rc;

	while (o.file_count < 3 && p->files[o.file_count])
		o.file_count++;
	while (o.input_count < 2 && p->inputs[o.input_count])
		o.input_count++;
	dnc_log_open("dnc-test", DNC_NOTE, false);
	feed(p->stdin_text ? p->stdin_text : "");
	if (p->reader_leaves)
		leave_output();
	dnc_stage_open(&r.stage, &o, MAX_LINE, &events);
	if (p->raise)
		raise(p->raise);
	if (p->twice && dnc_stage_check(&r.stage, o.file_count, &r.err) == 0 &&
		dnc_input_run(r.stage.input) == 0)
		read_again(&r, p, &o, &events);
	rc = dnc_stage_finish(&r.stage, dnc_input_run(r.stage.input), &r.err);
	if (rc == 0 && p->report && !dnc_stage_report(&r.stage))
		printf("no report\n");
	printf("rejected %llu, failed %u\n", (unsigned long long)dnc_stage_rejected(&r.stage),
		r.stage.failed);
	dnc_stage_close(&r.stage);
	exit(rc);
}

static void write_input(const char *text)
{
	FILE *f = fopen(input, "w");

	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void lines_go_from_standard_input_to_standard_output(void **state)
{
	struct plan p = {.stdin_text = "one\ntwo\nreject\n", .report = true};
	struct child c;

	(void)state;
	child_run(&c, run_stage, &p);
	child_expect(&c, DNC_EXIT_OK, "one\ntwo\n");
	child_expect(&c, DNC_EXIT_OK, "{\"line\":3,\"source\":\"stdin\"");
	child_expect(&c, DNC_EXIT_OK, "no report\nrejected 1, failed 0\n");
}

static void files_are_read_one_after_the_other(void **state)
{
	struct plan p = {.files = {input, "/nowhere/at/all", input},
		.stdin_text = "unread\n",
		.rejects = rejects};
	struct child c;

	(void)state;
	write_input("one\nreject\n");
	child_run(&c, run_stage, &p);
	child_expect(&c, DNC_EXIT_OK, "one\none\n");
	child_expect(&c, DNC_EXIT_OK, "dnc-test: unable to open /nowhere/at/all: ");
	child_expect(&c, DNC_EXIT_OK, "rejected 2, failed 1\n");
	assert_null(strstr(c.text, "unread"));
}

static void files_that_are_read_twice_are_told_of_once(void **state)
{
	struct plan p = {.files = {input, "/nowhere/at/all", input}, .twice = true};
	struct child c;

	(void)state;
	write_input("one\nreject\n");
	child_run(&c, run_stage, &p);
	child_expect(&c, DNC_EXIT_OK, "one\none\n{\"line\":2,");
	child_expect(&c, DNC_EXIT_OK, "one\none\nfirst reading: 2 rejects, 1 failed\n");
	child_expect(&c, DNC_EXIT_OK, "rejected 2, failed 1\n");
	child_expect(&c, DNC_EXIT_OK, "/nowhere/at/all");
	assert_null(strstr(strstr(c.text, "/nowhere") + 1, "/nowhere"));
	assert_non_null(strstr(c.text, "{\"line\":2,"));
	assert_non_null(strstr(strstr(c.text, "{\"line\":2,") + 1, "{\"line\":2,"));
}

static void a_signal_between_two_readings_stops_the_second(void **state)
{
	struct plan p = {.files = {input}, .twice = true, .raise_between = SIGTERM};
	struct child c;

	(void)state;
	write_input("one\nreject\n");
	child_run(&c, run_stage, &p);
	child_expect(&c, DNC_EXIT_OK, "one\n");
	child_expect(&c, DNC_EXIT_OK, "rejected 0, failed 0\n");
	assert_null(strstr(c.text, "one\none"));
}

static void an_error_of_the_command_is_printed_and_decides_the_exit_code(void **state)
{
	struct plan p = {.stdin_text = "one\nfail\ntwo\n"};
	struct child c;

	(void)state;
	child_run(&c, run_stage, &p);
	child_expect(&c, DNC_EXIT_USAGE, "dnc-test: the line says fail\n");
}

static void what_cannot_be_opened_ends_the_command(void **state)
{
	static const struct {
		struct plan plan;
		int status;
		const char *message;
	} cases[] = {
		{{.output = "fd:999"}, DNC_EXIT_USAGE, "--output: fd:999"},
		{{.output = "nonsense"}, DNC_EXIT_USAGE, "--output: "},
		{{.rejects = "/nowhere/at/all"}, DNC_EXIT_IO, "--rejects: unable to open /nowhere"},
		{{.rejects = "fd:x"}, DNC_EXIT_USAGE, "--rejects: fd:x"},
		{{.inputs = {"fd:999"}}, DNC_EXIT_USAGE, "fd:999"},
		{{.inputs = {"nonsense"}}, DNC_EXIT_USAGE, "nonsense"},
	};
	struct child c;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		child_run(&c, run_stage, (void *)(uintptr_t)&cases[i].plan);
		child_expect(&c, cases[i].status, cases[i].message);
	}
}

static void a_reader_that_has_left_ends_it_by_sigpipe(void **state)
{
	struct plan p = {.stdin_text = "one\n", .reader_leaves = true};
	struct child c;

	(void)state;
	child_run(&c, run_stage, &p);
	child_expect(&c, -SIGPIPE, "");
}

static void a_signal_stops_the_input(void **state)
{
	struct plan p = {.inputs = {sink}, .raise = SIGTERM};
	struct child c;

	(void)state;
	child_run(&c, run_stage, &p); /* it would wait for producers for ever */
	child_expect(&c, DNC_EXIT_OK, "rejected 0, failed 0\n");
}

/* The reader of the output: acknowledges COUNT lines with what became of them. */
static pid_t start_reader(int count, const char *ack)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	pid_t pid;
	char c;

	strcpy(address.sun_path, sink + strlen("unix:"));
	unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	fflush(NULL);
	pid = fork();
	if (pid > 0)
		close(listener);
	if (pid != 0)
		return pid;
	fd = accept(listener, NULL, NULL);
	while (count && read(fd, &c, 1) == 1)
		count -= c == '\n';
	if (write(fd, ack, strlen(ack)) < 0)
		_exit(1);
	while (read(fd, &c, 1) == 1)
		;
	_exit(0);
}

static void the_report_counts_what_became_of_the_lines(void **state)
{
	static const struct {
		const char *ack, *report;
	} cases[] = {
		{"3\n", "dnc-test: 4 events: 3 new, 0 duplicates, 1 rejected\n"},
		{"3 duplicates=1 rejected=1\n",
			"4 events: 1 new, 1 duplicates, 2 rejected (1 by a later stage: see its "
			"rejects)\n"},
		{"3 dropped=2\n",
			"4 events: 1 new, 0 duplicates, 1 rejected, 2 dropped by a rule\n"},
	};
	struct plan p = {.stdin_text = "a\nb\nreject\nc\n", .output = sink, .report = true};
	struct child c;
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pid_t reader = start_reader(3, cases[i].ack);

		child_run(&c, run_stage, &p);
		child_expect(&c, DNC_EXIT_OK, cases[i].report);
		assert_int_equal(waitpid(reader, &status, 0), reader);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_go_from_standard_input_to_standard_output),
		cmocka_unit_test(files_are_read_one_after_the_other),
		cmocka_unit_test(files_that_are_read_twice_are_told_of_once),
		cmocka_unit_test(a_signal_between_two_readings_stops_the_second),
		cmocka_unit_test(an_error_of_the_command_is_printed_and_decides_the_exit_code),
		cmocka_unit_test(what_cannot_be_opened_ends_the_command),
		cmocka_unit_test(a_reader_that_has_left_ends_it_by_sigpipe),
		cmocka_unit_test(a_signal_stops_the_input),
		cmocka_unit_test(the_report_counts_what_became_of_the_lines),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
