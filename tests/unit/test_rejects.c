/* Rejects: to a file, a descriptor and standard error, whole lines only. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "child.h"
#include "cli/rejects.h"

enum { WAIT_MS = 20000 };

static char dir[] = "/tmp/dnc-rejects-XXXXXX", path[64], moved[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof path, "%s/rejects", dir);
	snprintf(moved, sizeof moved, "%s/moved", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(path);
	unlink(moved);
	return 0;
}

static void read_file(const char *from, char *text, size_t room)
{
	int fd = open(from, O_RDONLY);
	ssize_t n = read(fd, text, room - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

static void write_file(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int add(struct dnc_rejects *r, uint64_t line, uint64_t item, const char *raw)
{
	struct dnc_error err, why;

	dnc_error_set(&err, DNC_REJECT_INVALID_JSON, "not \"JSON\"");
	return dnc_rejects_add(r, "feed.csv", line, item, dnc_str(raw), &err, &why);
}

#define REJECT(line, item, raw)                                                                    \
	"{\"line\":" line item ",\"source\":\"feed.csv\",\"code\":\"invalid_json\","               \
	"\"message\":\"not \\\"JSON\\\"\",\"raw\":\"" raw "\"}\n"

static void a_reject_is_one_json_object_per_line(void **state)
{
	struct dnc_rejects r;
	struct dnc_error err;
	char text[1024];

	(void)state;
	assert_int_equal(dnc_rejects_open(&r, path, &err), 0);
	assert_int_equal(add(&r, 7, 0, "a\tb"), 0);
	assert_int_equal(add(&r, 8, 2, "x"), 0);
	assert_int_equal(r.count, 2);
	assert_false(dnc_rejects_failing(&r));
	dnc_rejects_close(&r);
	read_file(path, text, sizeof text);
	assert_string_equal(text, REJECT("7", "", "a\\tb") REJECT("8", ",\"item\":2", "x"));
}

static void a_file_is_appended_to_after_an_incomplete_line(void **state)
{
	static const struct {
		const char *before, *between;
	} cases[] = {{"", ""}, {"whole\n", ""}, {"part", "\n"}, {"whole\npart", "\n"}};
	struct dnc_rejects r;
	struct dnc_error err;
	char text[1024], expected[1024];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		write_file(path, cases[i].before);
		assert_int_equal(dnc_rejects_open(&r, path, &err), 0);
		assert_int_equal(add(&r, 1, 0, "x"), 0);
		dnc_rejects_close(&r);
		read_file(path, text, sizeof text);
		snprintf(expected, sizeof expected, "%s%s%s", cases[i].before, cases[i].between,
			REJECT("1", "", "x"));
		assert_string_equal(text, expected);
	}
}

static void what_is_held_is_written_later_or_not_at_all(void **state)
{
	struct dnc_rejects r;
	struct dnc_error err;
	char text[1024];

	(void)state;
	assert_int_equal(dnc_rejects_open(&r, path, &err), 0);
	assert_int_equal(dnc_rejects_release(&r, &err), 0);
	dnc_rejects_hold(&r);
	assert_int_equal(dnc_rejects_release(&r, &err), 0);
	for (unsigned i = 1; i <= 2; i++) {
		dnc_rejects_hold(&r);
		assert_int_equal(add(&r, i, 0, "x"), 0);
		read_file(path, text, sizeof text);
		assert_string_equal(text, "");
		if (i == 1)
			dnc_rejects_forget(&r);
		assert_int_equal(r.count, i - 1);
	}
	assert_int_equal(r.codes[DNC_REJECT_INVALID_JSON], 1);
	/* The file was moved meanwhile. */
	assert_int_equal(rename(path, moved), 0);
	dnc_rejects_ask_reopen(&r);
	assert_int_equal(add(&r, 3, 0, "a\nb"), 0);
	assert_int_equal(dnc_rejects_release(&r, &err), 0);
	assert_int_equal(add(&r, 4, 0, "x"), 0);
	dnc_rejects_close(&r);
	read_file(path, text, sizeof text);
	assert_string_equal(
		text, REJECT("2", "", "x") REJECT("3", "", "a\\nb") REJECT("4", "", "x"));
}

static void what_is_held_and_can_not_be_kept_is_an_error(void **state)
{
	struct dnc_rejects r;
	struct dnc_error err, why;

	(void)state;
	assert_int_equal(dnc_rejects_open(&r, path, &err), 0);
	dnc_rejects_hold(&r);
	setenv("TMPDIR", "/nowhere", 1);
	dnc_error_set(&err, DNC_REJECT_INVALID_JSON, "no");
	assert_int_equal(dnc_rejects_add(&r, "a", 1, 0, DNC_STR("x"), &err, &why), -1);
	unsetenv("TMPDIR");
	assert_non_null(strstr(why.message, "unable to create a temporary file in /nowhere"));
	dnc_rejects_close(&r);
}

/* As a full disk does. */
static void a_part_of_what_is_held_is_not_written(void **state)
{
	struct rlimit before, small;
	struct dnc_rejects r;
	struct dnc_error err, why;
	char text[1024];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(dnc_rejects_open(&r, path, &err), 0);
	dnc_rejects_hold(&r);
	assert_int_equal(add(&r, 1, 0, "x"), 0);
	small = before;
	small.rlim_cur = sizeof REJECT("1", "", "x") + 20;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	dnc_error_set(&err, DNC_REJECT_INVALID_JSON, "no");
	assert_int_equal(dnc_rejects_add(&r, "a", 2, 0, DNC_STR("x"), &err, &why), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(why.code, EFBIG);
	assert_int_equal(dnc_rejects_release(&r, &err), 0);
	assert_int_equal(add(&r, 3, 0, "x"), 0);
	dnc_rejects_close(&r);
	read_file(path, text, sizeof text);
	assert_string_equal(text, REJECT("1", "", "x") REJECT("3", "", "x"));
}

static void what_cannot_be_opened_is_an_error(void **state)
{
	static const struct {
		const char *where;
		int code;
	} cases[] = {{"/nowhere/at/all", EIO}, {"fd:999", EBADF}, {"fd:x", EBADF}, {"fd:", EBADF}};
	struct dnc_rejects r;
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(dnc_rejects_open(&r, cases[i].where, &err), -1);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.message, cases[i].where));
		dnc_rejects_close(&r);
	}
}

static void reopen_starts_a_new_file_and_keeps_the_old_one_if_it_fails(void **state)
{
	struct dnc_rejects r;
	struct dnc_error err;
	char text[1024];

	(void)state;
	assert_int_equal(dnc_rejects_open(&r, path, &err), 0);
	assert_int_equal(add(&r, 1, 0, "x"), 0);
	assert_int_equal(rename(path, moved), 0);
	dnc_rejects_reopen(&r); /* nobody asked */
	assert_int_equal(add(&r, 2, 0, "x"), 0);
	dnc_rejects_ask_reopen(&r);
	assert_int_equal(add(&r, 3, 0, "x"), 0);
	read_file(moved, text, sizeof text);
	assert_string_equal(text, REJECT("1", "", "x") REJECT("2", "", "x"));
	read_file(path, text, sizeof text);
	assert_string_equal(text, REJECT("3", "", "x"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0); /* can't be opened */
	dnc_rejects_ask_reopen(&r);
	assert_int_equal(add(&r, 4, 0, "x"), 0);
	assert_int_equal(rmdir(path), 0);
	dnc_rejects_close(&r);
}

static void a_write_that_fails_is_an_error(void **state)
{
	struct dnc_rejects r;
	struct dnc_error err, why;
	char where[16];
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	snprintf(where, sizeof where, "fd:%d", fd);
	assert_int_equal(dnc_rejects_open(&r, where, &err), 0);
	dnc_error_set(&err, DNC_REJECT_INVALID_JSON, "m");
	assert_int_equal(dnc_rejects_add(&r, "s", 1, 0, DNC_STR("x"), &err, &why), -1);
	assert_int_equal(why.code, ENOSPC);
	assert_non_null(strstr(why.message, where));
	assert_int_equal(r.count, 1);
	dnc_rejects_close(&r);
	close(fd);
}

/* A reader that takes nothing until it is told. */
struct slow {
	struct dnc_rejects rejects;
	atomic_bool stopped, done;
	int rc, fds[2];
};

static bool is_stopped(void *ctx)
{
	return ((struct slow *)ctx)->stopped;
}

static void *add_in_thread(void *ctx)
{
	struct slow *s = ctx;

	s->rc = add(&s->rejects, 1, 0, "x");
	s->done = true;
	return NULL;
}

static void open_slow(struct slow *s, pthread_t *thread)
{
	static const char bytes[4096] = {'x'};
	struct dnc_error err;
	char where[16];
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;

	*s = (struct slow){0};
	assert_int_equal(pipe2(s->fds, O_NONBLOCK), 0);
	while (write(s->fds[1], bytes, sizeof bytes) > 0)
		;
	snprintf(where, sizeof where, "fd:%d", s->fds[1]);
	assert_int_equal(dnc_rejects_open(&s->rejects, where, &err), 0);
	dnc_rejects_persist(&s->rejects, is_stopped, s);
	assert_int_equal(pthread_create(thread, NULL, add_in_thread, s), 0);
	while (!dnc_rejects_failing(&s->rejects) && dnc_clock_mono_ms() < until)
		poll(NULL, 0, 2);
	assert_true(dnc_rejects_failing(&s->rejects));
	assert_false(s->done);
}

static void close_slow(struct slow *s)
{
	dnc_rejects_close(&s->rejects);
	close(s->fds[0]);
	close(s->fds[1]);
}

static void a_service_tries_again_until_it_succeeds(void **state)
{
	struct slow s;
	char bytes[4096];
	pthread_t thread;
	int64_t until;

	(void)state;
	open_slow(&s, &thread);
	until = dnc_clock_mono_ms() + WAIT_MS;
	while (!s.done && dnc_clock_mono_ms() < until)
		if (read(s.fds[0], bytes, sizeof bytes) < 0)
			poll(NULL, 0, 2);
	assert_true(s.done);
	pthread_join(thread, NULL);
	assert_int_equal(s.rc, 0);
	assert_false(dnc_rejects_failing(&s.rejects));
	close_slow(&s);
}

static void a_service_that_is_stopped_gives_up(void **state)
{
	struct slow s;
	pthread_t thread;

	(void)state;
	open_slow(&s, &thread);
	s.stopped = true;
	pthread_join(thread, NULL);
	assert_int_equal(s.rc, -1);
	close_slow(&s);
}

static void add_to_standard_error(void *ctx)
{
	struct dnc_rejects r;
	struct dnc_error err;

	(void)ctx;
	if (dnc_rejects_open(&r, NULL, &err) < 0 || add(&r, 1, 0, "x") < 0)
		exit(1);
	dnc_rejects_close(&r);
}

static void without_a_file_rejects_go_to_standard_error(void **state)
{
	struct child c;

	(void)state;
	child_run(&c, add_to_standard_error, NULL);
	child_expect(&c, 99, REJECT("1", "", "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_reject_is_one_json_object_per_line, remove_files),
		cmocka_unit_test_teardown(
			a_file_is_appended_to_after_an_incomplete_line, remove_files),
		cmocka_unit_test_teardown(
			what_is_held_is_written_later_or_not_at_all, remove_files),
		cmocka_unit_test_teardown(
			what_is_held_and_can_not_be_kept_is_an_error, remove_files),
		cmocka_unit_test_teardown(a_part_of_what_is_held_is_not_written, remove_files),
		cmocka_unit_test(what_cannot_be_opened_is_an_error),
		cmocka_unit_test_teardown(
			reopen_starts_a_new_file_and_keeps_the_old_one_if_it_fails, remove_files),
		cmocka_unit_test(a_write_that_fails_is_an_error),
		cmocka_unit_test(a_service_tries_again_until_it_succeeds),
		cmocka_unit_test(a_service_that_is_stopped_gives_up),
		cmocka_unit_test(without_a_file_rejects_go_to_standard_error),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
