/* Commands that get events: how one ends, what ends with it, and when it is tried again. Time passes when the test says so. */
#include "unit.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "link/priv/far.h"
#include "link/priv/process.h"

static char directory[] = "/tmp/dnc-commands-XXXXXX";
static int64_t now = 1000;

int64_t __wrap_dnc_clock_mono_ms(void);
int64_t __wrap_dnc_clock_mono_ms(void)
{
	return now;
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command) ? -1 : 0;
}

static const char *content(const char *name)
{
	static char text[4096];
	FILE *f = fopen(name, "r");

	text[0] = '\0';
	if (!f)
		return text;
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* Looks until it has ended. */
static void wait_for_end(struct process *p, char why[96])
{
	struct pollfd entry = {.fd = p->fd, .events = POLLIN};

	for (int i = 0; i < 10000; i++) {
		if (process_look(p, why))
			return;
		poll(&entry, 1, 1000);
	}
	fail_msg("it does not end");
}

/* A command writes the number of a process to FILE. */
static pid_t read_pid(const char *file)
{
	pid_t pid = 0;

	for (int i = 0; i < 10000 && !strchr(content(file), '\n'); i++)
		poll(NULL, 0, 1);
	pid = (pid_t)atoi(content(file));
	assert_true(pid > 1);
	unlink(file);
	return pid;
}

/* Gone, or a zombie that somebody else has to reap. */
static bool is_gone(pid_t pid)
{
	char path[32];
	const char *stat, *state;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	stat = content(path);
	state = strrchr(stat, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

static void wait_until_gone(pid_t pid)
{
	for (int i = 0; i < 10000 && !is_gone(pid); i++)
		poll(NULL, 0, 1);
	assert_true(is_gone(pid));
}

static void start(struct process *p, const char *command)
{
	struct dnc_error err;

	assert_int_equal(process_start(p, "exec:test", command, DNC_STR("one\ntwo\n"), &err), 0);
	assert_true(p->pid > 0);
}

static void a_process_ends_with_a_reason(void **state)
{
	const struct {
		const char *command, *why;
	} cases[] = {
		{"cat >got", ""},
		{"exit 3", "exited with status 3"},
		{"kill -9 $$", "was killed by signal 9 (Killed)"},
		{"kill -TERM $$", "was killed by signal 15 (Terminated)"},
		{"/nowhere/at/all 2>&-", "exited with status 127"},
	};
	struct process p;
	char why[96];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		start(&p, cases[i].command);
		wait_for_end(&p, why);
		assert_string_equal(why, cases[i].why);
		process_finish(&p);
		assert_int_equal(p.pid, 0);
	}
	assert_string_equal(content("got"), "one\ntwo\n");
}

/* A command that failed must not go on behind the next attempt, whatever it does with signals. */
static void what_a_failed_command_has_started_is_ended(void **state)
{
	struct process p;
	char why[96];
	pid_t child;

	(void)state;
	start(&p, "sh -c 'trap \"\" TERM HUP INT; echo $$ >child; sleep 1000; sleep 1000' & "
		  "until [ -s child ]; do :; done; exit 3");
	wait_for_end(&p, why);
	assert_string_equal(why, "exited with status 3");
	assert_int_equal(p.pid, 0);
	wait_until_gone(read_pid("child"));
	/* And when it is ended. */
	start(&p, "sh -c 'trap \"\" TERM HUP INT; echo $$ >child; sleep 1000; sleep 1000' & wait");
	child = read_pid("child");
	process_finish(&p);
	assert_int_equal(p.pid, 0);
	wait_until_gone(child);
}

static void what_a_successful_command_has_started_goes_on(void **state)
{
	struct process p;
	char why[96];
	pid_t child;

	(void)state;
	start(&p, "sleep 1000 & echo $! >child");
	wait_for_end(&p, why);
	assert_string_equal(why, "");
	child = read_pid("child");
	/* It holds the output. */
	assert_int_not_equal(p.pid, 0);
	process_leave(&p);
	assert_int_equal(p.pid, 0);
	assert_false(is_gone(child));
	kill(child, SIGKILL);
}

static struct dnc_route route;

static struct far *open_command(const char *command, int64_t timeout_ms, bool patient)
{
	struct dnc_buf name = {0};
	struct dnc_error err;
	struct far *far;

	dnc_buf_printf(&name, "exec:%s", command);
	assert_int_equal(dnc_route_read(&route, dnc_buf_view(&name), DNC_STR(""), &err), 0);
	dnc_buf_free(&name);
	route.timeout_ms = timeout_ms;
	far = far_command_open(&route, patient, &err);
	assert_non_null(far);
	return far;
}

static void close_command(struct far *far)
{
	far->acts->close(far);
	dnc_route_finish(&route);
}

static void give(struct far *far, const char *line)
{
	struct dnc_error err;

	assert_int_equal(far->acts->line(far, dnc_str(line), (struct dnc_str){0}, &err), 0);
}

/* Until its process has ended. Returns for how long it is not started again; -1: nothing is to be done. */
static int run_until_pause(struct far *far)
{
	struct pollfd entry = {.fd = -1};
	struct dnc_error err;
	int timeout = 0;

	assert_int_equal(far->acts->turn(far, 0, &err), 0);
	for (int i = 0; i < 10000; i++) {
		entry.fd = -1;
		timeout = far->acts->poll(far, &entry);
		if (entry.fd < 0)
			return timeout;
		poll(&entry, 1, 1000);
		assert_int_equal(far->acts->turn(far, entry.revents, &err), 0);
	}
	fail_msg("it does not end");
	return 0;
}

static void a_command_that_fails_is_tried_in_pauses_that_double(void **state)
{
	struct far *far =
		open_command("[ -e ready ] || { echo >>tries; exit 3; }; cat >>got", 0, true);
	int pause = 100;

	(void)state;
	unlink("got");
	for (int round = 0; round < 2; round++) {
		give(far, "one");
		give(far, "two");
		now += 100; /* that is a batch */
		pause = 100;
		for (size_t i = 0; i < 11; i++) {
			/* A message may be due before. */
			assert_in_range(run_until_pause(far), i < 5 ? pause : 0, pause);
			assert_true(far->acts->down_since(far) > 0);
			assert_int_equal(strlen(content("tries")), i + 1);
			now += pause - 1;
			run_until_pause(far);
			assert_int_equal(strlen(content("tries")), i + 1);
			now++;
			pause = pause * 2 > 25600 ? 25600 : pause * 2;
		}
		assert_int_equal(far->acts->safe(far), 2 * round);
		fclose(fopen("ready", "w"));
		assert_int_equal(run_until_pause(far), -1);
		assert_int_equal(far->acts->safe(far), 2 * round + 2);
		assert_int_equal(far->acts->down_since(far), 0);
		unlink("ready");
		unlink("tries");
	}
	assert_string_equal(content("got"), "one\ntwo\none\ntwo\n");
	close_command(far);
}

static void what_is_tried_and_what_waits_are_taken_together(void **state)
{
	struct far *far = open_command("exit 3", 0, true);
	struct dnc_buf out = {0};
	struct dnc_error err;

	(void)state;
	give(far, "one");
	give(far, "two");
	now += 100;
	assert_int_equal(run_until_pause(far), 100);
	give(far, "three");
	assert_int_equal(far->acts->take(far, &out, &err), 0);
	assert_int_equal(out.n, strlen("one\ntwo\nthree\n"));
	assert_memory_equal(out.p, "one\ntwo\nthree\n", out.n);
	assert_int_equal(far->acts->safe(far), 3);
	/* The pause is not forgotten with them. */
	assert_true(far->acts->down_since(far) > 0);
	dnc_buf_free(&out);
	close_command(far);
}

static void a_command_that_hangs_is_ended_when_its_time_is_over(void **state)
{
	struct far *far = open_command(
		"trap 'echo >>terms' TERM; echo $$ >child; while :; do sleep 0.01; done", 5000,
		true);
	struct pollfd entry;
	struct dnc_error err;
	struct dnc_buf out = {0};
	pid_t child;

	(void)state;
	give(far, "one");
	now += 100;
	assert_int_equal(far->acts->turn(far, 0, &err), 0);
	child = read_pid("child");
	assert_int_equal(far->acts->poll(far, &entry), 5000);
	now += 4999;
	assert_int_equal(far->acts->turn(far, 0, &err), 0);
	assert_int_equal(far->acts->poll(far, &entry), 1);
	now += 1;
	assert_int_equal(far->acts->turn(far, 0, &err), 0);
	/* It may do something on SIGTERM, but not for ever. */
	for (int i = 0; i < 10000 && !*content("terms"); i++)
		poll(NULL, 0, 1);
	assert_string_equal(content("terms"), "\n");
	assert_int_equal(far->acts->poll(far, &entry), 2000);
	now += 2000;
	assert_int_equal(far->acts->turn(far, 0, &err), 0);
	wait_until_gone(child);
	assert_int_equal(run_until_pause(far), 100);
	assert_string_equal(content("terms"), "\n");
	assert_int_equal(far->acts->safe(far), 0);
	assert_int_equal(far->acts->take(far, &out, &err), 0);
	assert_int_equal(out.n, strlen("one\n"));
	dnc_buf_free(&out);
	close_command(far);
}

static void why_a_command_cannot_be_started_is_said(void **state)
{
	struct far *far = open_command("cat >>got", 0, false);
	struct rlimit before, none;
	struct dnc_error err;
	int rc;

	(void)state;
	give(far, "one");
	now += 100;
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){3, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	rc = far->acts->turn(far, 0, &err);
	now += 10000;
	if (rc == 0)
		rc = far->acts->turn(far, 0, &err);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, EAGAIN);
	assert_string_equal(err.message,
		"exec:cat >>got: the command could not be started (unable to hold its events: "
		"Too many open files); 2 attempts were made");
	close_command(far);
}

/* The pauses of a file are shorter: a disk has room again, or a directory is there. */
static void a_file_that_cannot_be_opened_is_tried_in_pauses_that_double(void **state)
{
	struct pollfd entry;
	struct dnc_error err;
	struct far *far;
	int pause = 100;

	(void)state;
	assert_int_equal(dnc_route_read(&route, DNC_STR("file:none/a"), DNC_STR(""), &err), 0);
	far = far_file_open(&route, true, &err);
	assert_non_null(far);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(run_until_pause(far), pause);
		assert_true(far->acts->down_since(far) > 0);
		now += pause - 1;
		assert_int_equal(run_until_pause(far), 1);
		now++;
		pause = pause * 2 > 5000 ? 5000 : pause * 2;
	}
	assert_int_equal(mkdir("none", 0700), 0);
	assert_int_equal(run_until_pause(far), -1);
	assert_int_equal(far->acts->down_since(far), 0);
	assert_int_equal(far->acts->poll(far, &entry), -1);
	assert_int_equal(access("none/a", F_OK), 0);
	close_command(far);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_ends_with_a_reason),
		cmocka_unit_test(what_a_failed_command_has_started_is_ended),
		cmocka_unit_test(what_a_successful_command_has_started_goes_on),
		cmocka_unit_test(a_command_that_fails_is_tried_in_pauses_that_double),
		cmocka_unit_test(what_is_tried_and_what_waits_are_taken_together),
		cmocka_unit_test(a_command_that_hangs_is_ended_when_its_time_is_over),
		cmocka_unit_test(a_file_that_cannot_be_opened_is_tried_in_pauses_that_double),
		cmocka_unit_test(why_a_command_cannot_be_started_is_said),
	};

	return cmocka_run_group_tests_name("commands", tests, make_directory, remove_directory);
}
