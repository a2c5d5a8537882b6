/* The files that arrive in a directory: which are complete, in which order, and what becomes of the directory. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arrivals.h"
#include "base/log.h"

enum { LOOK_MS = 10, CHILD_MS = 60000 };
enum { FEW = 2000, MANY = 17000 }; /* many: more than fs.inotify.max_queued_events */

static char dir[64];
static struct dnc_arrivals *a;
static const char *const folders[] = {"done", "failed", NULL};

static const char *at(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void make(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
}

static void watch(void)
{
	struct dnc_error err;

	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 100, .settle_ms = 100}, &err);
	assert_non_null(a);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-arrivals-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	dnc_arrivals_free(a);
	a = NULL;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

/* Time passes only between looks, so that what comes when does not depend on how busy the machine is. The program is linked
 * with --wrap=dnc_clock_mono_ms. */
static int64_t now_ms = 1000000;

int64_t __wrap_dnc_clock_mono_ms(void);

int64_t __wrap_dnc_clock_mono_ms(void)
{
	return now_ms;
}

/* The next file, when one comes within the time of so many looks. */
static bool next_within(struct dnc_arrival *file, int looks)
{
	struct dnc_error err;
	int wait;

	for (int i = 0; i < looks; i++) {
		int rc = dnc_arrivals_next(a, file, &wait, &err);

		if (rc == 1)
			return true;
		assert_int_equal(rc, 0);
		now_ms += LOOK_MS;
	}
	return false;
}

/* The next file that another process makes. */
static void wait_for_next(struct dnc_arrival *file)
{
	struct pollfd p = {.fd = dnc_arrivals_fd(a), .events = POLLIN};

	while (!next_within(file, 1))
		assert_int_equal(poll(&p, 1, CHILD_MS), 1);
}

/* The next file is NAME, and is done. */
static void expect(const char *name)
{
	struct dnc_arrival file;

	assert_true(next_within(&file, 2000));
	assert_string_equal(file.name, name);
	assert_int_equal(dnc_arrivals_check(a, &file), DNC_ARRIVAL_SAME);
	unlink(at(name));
	assert_int_equal(dnc_arrivals_check(a, &file), DNC_ARRIVAL_GONE);
	dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
}

/* Nothing comes although the directory is listed again. */
static void expect_none(void)
{
	struct dnc_arrival file;

	assert_false(next_within(&file, 30));
}

static void test_start_in_order_of_names(void **state)
{
	(void)state;
	make("b");
	make("a");
	make("c\nd");
	make("C");
	watch();
	expect("C");
	expect("a");
	expect("b");
	expect("c\nd");
	expect_none();
}

static void test_moved_in_and_linked(void **state)
{
	(void)state;
	make(".hidden");
	make("x.tmp");
	make("y.FilePart");
	make("z.part");
	make("a.rejects");
	make("a.reason");
	watch();
	expect_none();
	char hidden[512];
	snprintf(hidden, sizeof hidden, "%s", at(".hidden"));
	assert_int_equal(rename(hidden, at("z")), 0);
	make("a");
	expect("z");
	expect("a");
	make(".l");
	char from[512];
	snprintf(from, sizeof from, "%s", at(".l"));
	assert_int_equal(link(from, at("l")), 0);
	expect("l");
}

static void test_waits_for_writers(void **state)
{
	int fd;
	size_t settling;

	(void)state;
	fd = open(at("slow"), O_WRONLY | O_CREAT, 0600);
	watch();
	expect_none();
	assert_int_equal(write(fd, "x\n", 2), 2);
	expect_none();
	assert_int_equal(dnc_arrivals_waiting(a, &settling), 1);
	assert_int_equal(settling, 0);
	close(fd);
	expect("slow");
	assert_int_equal(dnc_arrivals_waiting(a, &settling), 0);
}

static void test_other_kinds_stay(void **state)
{
	size_t settling;

	(void)state;
	assert_int_equal(mkfifo(at("pipe"), 0600), 0);
	assert_int_equal(mkdir(at("done"), 0700), 0);
	watch();
	assert_int_equal(symlink("/etc/passwd", at("link")), 0);
	assert_int_equal(mkdir(at("sub"), 0700), 0);
	make("file");
	expect("file");
	expect_none();
	assert_int_equal(dnc_arrivals_waiting(a, &settling), 0);
	/* A file takes the name of what was none. */
	make(".f");
	char from[512];
	snprintf(from, sizeof from, "%s", at(".f"));
	assert_int_equal(rename(from, at("pipe")), 0);
	expect("pipe");
}

static void test_changes_are_seen(void **state)
{
	struct dnc_arrival file;
	int fd;

	(void)state;
	make("f");
	watch();
	assert_true(next_within(&file, 100));
	fd = open(at("f"), O_WRONLY | O_APPEND);
	assert_int_equal(dnc_arrivals_check(a, &file), DNC_ARRIVAL_CHANGED);
	assert_int_equal(write(fd, "y\n", 2), 2);
	close(fd);
	assert_int_equal(dnc_arrivals_check(a, &file), DNC_ARRIVAL_CHANGED);
	dnc_arrivals_done(a, &file, DNC_ARRIVAL_AGAIN);
	assert_true(next_within(&file, 2000));
	assert_int_equal(file.st.st_size, 4);
	make(".new");
	char from[512];
	snprintf(from, sizeof from, "%s", at(".new"));
	assert_int_equal(rename(from, at("f")), 0);
	assert_int_equal(dnc_arrivals_check(a, &file), DNC_ARRIVAL_GONE);
	dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
	expect("f");
}

static void test_lost_events(void **state)
{
	struct dnc_arrival file;
	struct dnc_error err;
	unsigned seen = 0;
	char name[16];
	int wait;

	(void)state;
	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 3600000, .settle_ms = 100},
		&err);
	assert_non_null(a);
	assert_int_equal(dnc_arrivals_next(a, &file, &wait, &err), 0);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%05u", i);
		make(name);
	}
	while (dnc_arrivals_next(a, &file, &wait, &err) == 1) {
		snprintf(name, sizeof name, "%05u", seen++);
		assert_string_equal(file.name, name);
		unlink(at(name));
		dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
	}
	assert_int_equal(seen, MANY);
}

/* The directory is listed all the time while files arrive against the order of their names. */
static void test_order_while_listed(void **state)
{
	struct dnc_arrival file;
	char name[16], hidden[512];
	pid_t child;

	(void)state;
	for (unsigned i = 0; i < FEW; i++) {
		snprintf(name, sizeof name, ".%04u", i);
		make(name);
	}
	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 0, .settle_ms = 100},
		&(struct dnc_error){0});
	assert_non_null(a);
	assert_false(next_within(&file, 1));
	child = fork();
	for (unsigned i = FEW; child == 0 && i-- > 0;) {
		snprintf(name, sizeof name, ".%04u", i);
		snprintf(hidden, sizeof hidden, "%s", at(name));
		if (rename(hidden, at(name + 1)) < 0)
			_exit(1);
	}
	if (child == 0)
		_exit(0);
	for (unsigned i = FEW; i-- > 0;) {
		wait_for_next(&file);
		snprintf(name, sizeof name, "%04u", i);
		assert_string_equal(file.name, name);
		unlink(at(name));
		dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Whether somebody writes a file of another user is not known. */
static void test_settles_without_leases(void **state)
{
	struct dnc_error err;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(dir, 0777), 0);
	fd = open(at("slow"), O_WRONLY | O_CREAT, 0644);
	assert_int_equal(seteuid(65534), 0);
	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 100, .settle_ms = 1000}, &err);
	assert_non_null(a);
	for (int i = 0; i < 30; i++) { /* it grows for longer than files need to settle */
		struct dnc_arrival file;

		assert_int_equal(write(fd, "x\n", 2), 2);
		assert_false(next_within(&file, 4));
	}
	expect("slow"); /* although it is open */
	close(fd);
	assert_int_equal(seteuid(0), 0);
	struct dnc_arrival file;
	/* What was closed may be opened again; every close begins the time again, also a list of the directory. */
	for (int i = 0; i < 6; i++) {
		fd = open(at("steps"), O_WRONLY | O_CREAT | O_APPEND, 0644);
		assert_int_equal(write(fd, "x\n", 2), 2);
		close(fd);
		assert_int_equal(seteuid(65534), 0);
		assert_false(next_within(&file, 20));
		assert_int_equal(seteuid(0), 0);
	}
	assert_int_equal(seteuid(65534), 0);
	expect("steps");
	assert_int_equal(seteuid(0), 0);
	/* What was moved in needs no time, unless it comes again. */
	make(".moved");
	assert_int_equal(chmod(at(".moved"), 0644), 0);
	char from[512];
	snprintf(from, sizeof from, "%s", at(".moved"));
	assert_int_equal(rename(from, at("moved")), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_true(next_within(&file, 1));
	assert_string_equal(file.name, "moved");
	assert_int_equal(seteuid(0), 0);
	/* As when it was moved, and has been moved back. */
	assert_int_equal(rename(at("moved"), from), 0);
	assert_int_equal(rename(from, at("moved")), 0);
	assert_int_equal(seteuid(65534), 0);
	dnc_arrivals_done(a, &file, DNC_ARRIVAL_AGAIN);
	assert_false(next_within(&file, 20));
	expect("moved");
	assert_int_equal(seteuid(0), 0);
	fd = open(at("secret"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	assert_int_equal(seteuid(65534), 0);
	assert_true(next_within(&file, 2000));
	assert_int_equal(file.fd, -1);
	assert_int_equal(file.code, EACCES);
	dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
	assert_int_equal(seteuid(0), 0);
}

/* An empty file may be filled, and one without records, too, whoever writes it. */
static void test_settles_without_content(void **state)
{
	struct dnc_arrival file;
	struct dnc_error err;
	size_t settling;
	int fd;

	(void)state;
	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 100, .settle_ms = 500}, &err);
	assert_non_null(a);
	assert_false(next_within(&file, 1));
	fd = open(at("empty"), O_WRONLY | O_CREAT, 0600);
	close(fd);
	fd = open(at(".empty"), O_WRONLY | O_CREAT, 0600);
	close(fd);
	char from[512];
	snprintf(from, sizeof from, "%s", at(".empty"));
	assert_int_equal(rename(from, at("moved")), 0);
	make("header");
	assert_true(next_within(&file, 1));
	assert_string_equal(file.name, "header");
	assert_false(file.settled);
	dnc_arrivals_done(a, &file, DNC_ARRIVAL_SETTLED);
	assert_int_equal(dnc_arrivals_waiting(a, &settling), 3);
	assert_int_equal(settling, 3);
	assert_false(next_within(&file, 20));
	make("empty"); /* it is not any more */
	expect("empty");
	for (int i = 0; i < 2; i++) {
		assert_true(next_within(&file, 200));
		assert_string_equal(file.name, i ? "header" : "moved");
		assert_true(file.settled);
		unlink(at(file.name));
		dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
	}
}

/* One that is held does not come, not even changed, and nothing waits for it in a loop. */
static void test_held(void **state)
{
	struct dnc_arrival file;
	struct dnc_error err;
	size_t settling;
	int wait;

	(void)state;
	make("first");
	make("second");
	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 100, .settle_ms = 50}, &err);
	assert_non_null(a);
	for (int i = 0; i < 2; i++) {
		assert_true(next_within(&file, 20));
		assert_string_equal(file.name, i ? "second" : "first");
		dnc_arrivals_done(a, &file, DNC_ARRIVAL_HELD);
	}
	make("first");
	assert_false(next_within(&file, 5));
	assert_int_equal(dnc_arrivals_next(a, &file, &wait, &err), 0);
	assert_true(wait > 0);
	assert_int_equal(dnc_arrivals_waiting(a, &settling), 0);
	make("third");
	expect("third");
	dnc_arrivals_release(a);
	expect("first");
	expect("second");
}

/* One that is behind another comes when that was taken, or has gone, and nothing waits for it in a loop. */
static void test_behind(void **state)
{
	struct dnc_arrival file;
	struct dnc_error err;
	size_t settling;
	int slow, wait;

	(void)state;
	for (int gone = 0; gone < 2; gone++) {
		slow = open(at("a"), O_WRONLY | O_CREAT, 0600);
		assert_int_equal(write(slow, "x\n", 2), 2);
		make("b");
		watch();
		assert_true(next_within(&file, 1));
		assert_string_equal(file.name, "b");
		assert_string_equal(file.before, "a");
		dnc_arrivals_done(a, &file, DNC_ARRIVAL_BEHIND);
		assert_false(next_within(&file, 30));
		assert_int_equal(dnc_arrivals_next(a, &file, &wait, &err), 0);
		assert_true(wait > 0);
		assert_int_equal(dnc_arrivals_waiting(a, &settling), 1);
		assert_int_equal(settling, 0);
		if (gone)
			unlink(at("a"));
		close(slow);
		if (!gone)
			expect("a");
		assert_true(next_within(&file, 1000));
		assert_string_equal(file.name, "b");
		assert_null(file.before);
		dnc_arrivals_done(a, &file, DNC_ARRIVAL_NOT_AGAIN);
		unlink(at("b"));
		dnc_arrivals_free(a);
	}
	a = NULL;
}

/* What is known of a file is kept while there are too many, although a list has names before it that are not. */
static void test_too_many(void **state)
{
	struct dnc_arrival file;
	struct dnc_error err;
	size_t settling;
	int slow;

	(void)state;
	slow = open(at("slow"), O_WRONLY | O_CREAT, 0600);
	a = dnc_arrivals_open(dir,
		&(struct dnc_arrivals_options){folders, .scan_ms = 100, .settle_ms = 100, .max = 1},
		&err);
	assert_non_null(a);
	for (int i = 0; i < 20; i++) {
		assert_false(next_within(&file, 1));
		assert_int_equal(dnc_arrivals_waiting(a, &settling), 1);
		if (i == 0)
			make("a");
		now_ms += 2 * LOOK_MS;
	}
	close(slow);
	expect("slow");
	expect("a");
}

static int fail_next(struct dnc_error *err)
{
	struct dnc_arrival file;
	int wait, rc = 0;

	for (int i = 0; i < 1000 && rc == 0; i++) {
		rc = dnc_arrivals_next(a, &file, &wait, err);
		now_ms += LOOK_MS;
	}
	return rc;
}

static void test_directory_moved(void **state)
{
	struct dnc_error err;
	char moved[80];

	(void)state;
	watch();
	expect_none();
	snprintf(moved, sizeof moved, "%s-moved", dir);
	assert_int_equal(rename(dir, moved), 0);
	assert_int_equal(fail_next(&err), -1);
	assert_non_null(strstr(err.message, "moved"));
	strcpy(dir, moved);
}

static void test_directory_deleted(void **state)
{
	struct dnc_error err;

	(void)state;
	watch();
	expect_none();
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(fail_next(&err), -1);
	assert_non_null(strstr(err.message, "deleted"));
}

static void test_no_directory(void **state)
{
	struct dnc_arrivals_options options = {folders, .scan_ms = 100, .settle_ms = 100};
	struct dnc_error err;

	(void)state;
	assert_null(dnc_arrivals_open("/nonexistent", &options, &err));
	assert_int_equal(err.code, ENOENT);
	assert_null(dnc_arrivals_open("/etc/passwd", &options, &err));
	assert_int_equal(err.code, ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start_in_order_of_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_in_and_linked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_for_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_kinds_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_are_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_while_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settles_without_leases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settles_without_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_deleted, setup, teardown),
		cmocka_unit_test(test_no_directory),
	};

	dnc_log_open("test_arrivals", DNC_ERR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
