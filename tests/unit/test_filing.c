/* Files move to their folders with all of their papers or none, also when the process dies in between. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/filing.h"
#include "base/log.h"
#include "base/priv/moving.h"

static char dir[64];
static int dir_fd;
static struct dnc_filing filing;

static int setup(void **state)
{
	struct dnc_error err;

	(void)state;
	strcpy(dir, "/tmp/dnc-filing-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	return dnc_filing_open(&filing, dir, dir_fd, ".work", &err);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	dnc_filing_close(&filing);
	close(dir_fd);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static void make(const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect(const char *name, const char *text)
{
	char found[256] = "";
	int fd = openat(dir_fd, name, O_RDONLY);

	if (!text) {
		assert_true(fd < 0);
		return;
	}
	assert_true(fd >= 0);
	assert_true(read(fd, found, sizeof found - 1) >= 0);
	assert_string_equal(found, text);
	close(fd);
}

static void expect_no_work(void)
{
	expect(".work.rejects", NULL);
	expect(".work.reason", NULL);
	expect(".work.moving", NULL);
}

/* The file as it was opened to be read. */
static struct dnc_arrival take(const char *name)
{
	struct dnc_arrival file = {
		.name = name, .fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};

	if (file.fd >= 0)
		assert_int_equal(fstat(file.fd, &file.st), 0);
	return file;
}

static int try_move(const struct dnc_arrival *file, enum dnc_filing_folder folder,
	const char *reason, struct dnc_error *err)
{
	int rc = dnc_filing_move(&filing, file, folder, reason, err);

	close(file->fd);
	return rc;
}

static void move(const char *name, enum dnc_filing_folder folder, const char *reason)
{
	struct dnc_error err = {0};
	struct dnc_arrival file = take(name);

	if (try_move(&file, folder, reason, &err))
		fail_msg("%s", err.message);
	assert_int_equal(dnc_filing_begin(&filing, &err), 0);
	expect_no_work();
}

static void reopen(void)
{
	struct dnc_error err = {0};

	dnc_filing_close(&filing);
	if (dnc_filing_open(&filing, dir, dir_fd, ".work", &err) < 0)
		fail_msg("%s", err.message);
	expect_no_work();
}

static void test_papers(void **state)
{
	(void)state;
	make("a", "1");
	make(".work.rejects", "");
	move("a", DNC_FILING_DONE, NULL);
	expect("done/a", "1");
	expect("done/a.rejects", NULL);
	expect("a", NULL);
	make("b", "2");
	make(".work.rejects", "r\n");
	move("b", DNC_FILING_FAILED, "why\n");
	expect("failed/b", "2");
	expect("failed/b.rejects", "r\n");
	expect("failed/b.reason", "why\n");
}

static void test_numbers(void **state)
{
	(void)state;
	make("done/a", "old");
	make("done/a.1.rejects", "old");
	make("a", "1");
	make(".work.rejects", "r\n");
	move("a", DNC_FILING_DONE, NULL);
	expect("done/a", "old");
	expect("done/a.1.rejects", "old");
	expect("done/a.2", "1");
	expect("done/a.2.rejects", "r\n");
}

static void test_long_and_strange_names(void **state)
{
	char name[256], target[256];

	(void)state;
	memset(name, 'x', 255);
	name[255] = '\0';
	memcpy(name + 219, "\xc3\xa9", 2); /* where it is cut */
	make(name, "1");
	make(".work.rejects", "r\n");
	move(name, DNC_FILING_FAILED, "why\n");
	snprintf(target, sizeof target, "failed/%.219s", name);
	expect(target, "1");
	snprintf(target, sizeof target, "failed/%.219s.rejects", name);
	expect(target, "r\n");
	make("a\nb", "2");
	move("a\nb", DNC_FILING_DONE, NULL);
	expect("done/a\nb", "2");
}

static void test_gone(void **state)
{
	struct dnc_error err;

	(void)state;
	struct dnc_arrival file = {.name = "a", .fd = -1};
	make(".work.rejects", "r\n");
	assert_int_equal(try_move(&file, DNC_FILING_DONE, NULL, &err), 0);
	assert_true(filing.gone);
	expect("done/a.rejects", "r\n");
	expect("done/a", NULL);
}

/* What a process leaves that dies before the file is moved, and after that. */
static void test_recovers(void **state)
{
	(void)state;
	make("a", "1");
	make(".work.rejects", "r\n");
	make(".work.reason", "why\n");
	reopen();
	make(".work.rejects", "r\n");
	make(".work.reason", "why\n");
	make(".work.moving", "failed/a");
	reopen();
	expect("a", "1");
	expect("failed/a.rejects", NULL);
	make(".work.rejects", "r\n");
	make(".work.reason", "why\n");
	make(".work.moving", "failed/a");
	assert_int_equal(renameat(dir_fd, "a", dir_fd, "failed/a"), 0);
	reopen();
	expect("failed/a", "1");
	expect("failed/a.rejects", "r\n");
	expect("failed/a.reason", "why\n");
	/* One of two papers was moved. */
	make("failed/b", "2");
	make("failed/b.rejects", "r\n");
	make(".work.reason", "why\n");
	make(".work.moving", "failed/b");
	reopen();
	expect("failed/b.rejects", "r\n");
	expect("failed/b.reason", "why\n");
}

/* The record of a move, written before the file system had its present device number. */
static void make_record(const char *target, const char *name)
{
	char text[MOVING_BYTES];
	struct dnc_arrival file = take(name);
	int fd = openat(dir_fd, ".work.moving", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t n;

	assert_true(file.fd >= 0 && fd >= 0);
	close(file.fd);
	file.st.st_dev++;
	n = moving_format(text, target, &file);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static void test_recovers_on_another_device(void **state)
{
	(void)state;
	/* It was not moved: it is read again, without papers in the folder. */
	make("a", "1");
	make(".work.rejects", "r\n");
	make_record("done/a", "a");
	reopen();
	expect("a", "1");
	expect("done/a", NULL);
	expect("done/a.rejects", NULL);
	/* It was moved: its papers follow, and it is not read again. */
	make(".work.rejects", "r\n");
	make_record("done/a", "a");
	assert_int_equal(renameat(dir_fd, "a", dir_fd, "done/a"), 0);
	reopen();
	expect("a", NULL);
	expect("done/a", "1");
	expect("done/a.rejects", "r\n");
	/* Another file has the name. */
	make("b", "2");
	make(".work.rejects", "r\n");
	make_record("done/b", "b");
	assert_int_equal(renameat(dir_fd, "b", dir_fd, "done/b"), 0);
	make("b", "another");
	reopen();
	expect("b", "another");
	expect("done/b", "2");
	expect("done/b.rejects", "r\n");
}

static void test_recovers_no_nonsense(void **state)
{
	static const char *const records[] = {
		"", "/", "done/", "done/../a", "/etc/passwd", "donea", "other/a", "done/a/b"};

	(void)state;
	make("a", "1");
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		make(".work.rejects", "r\n");
		make(".work.moving", records[i]);
		reopen();
		expect("a.rejects", NULL);
	}
}

/* After an error the move continues where it was, and nothing is replaced. */
static void test_continues(void **state)
{
	struct dnc_arrival file;
	struct dnc_error err;

	(void)state;
	make("a", "1");
	make(".work.rejects", "r\n");
	file = take("a");
	assert_int_equal(unlinkat(dir_fd, "done", AT_REMOVEDIR), 0);
	make("done", "not a folder");
	assert_int_equal(try_move(&file, DNC_FILING_DONE, NULL, &err), -1);
	assert_int_equal(err.code, ENOTDIR);
	expect("a", "1");
	assert_int_equal(unlinkat(dir_fd, "done", 0), 0);
	move("a", DNC_FILING_DONE, NULL);
	expect("done/a", "1");
	expect("done/a.rejects", "r\n");
	/* The file is moved, its paper can't be. */
	make("b", "2");
	make(".work.rejects", "r\n");
	file = take("b");
	filing.moved = true;
	strcpy(filing.target, "done/b");
	assert_int_equal(renameat(dir_fd, "b", dir_fd, "done/b"), 0);
	assert_int_equal(mkdirat(dir_fd, "done/b.rejects", 0700), 0);
	assert_int_equal(try_move(&file, DNC_FILING_DONE, NULL, &err), -1);
	assert_int_equal(unlinkat(dir_fd, "done/b.rejects", AT_REMOVEDIR), 0);
	file = take("done/b");
	assert_int_equal(try_move(&file, DNC_FILING_DONE, NULL, &err), 0);
	expect("done/b.rejects", "r\n");
	expect("done/b.1", NULL);
}

static void append(const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, "+", 1), 1);
	close(fd);
}

/* What may happen to the file "a" after it was read. It has moved if TARGET is where it was moved to. */
static void replace(const char *target)
{
	make(".new", "new");
	assert_int_equal(renameat(dir_fd, ".new", dir_fd, target), 0);
}

static int writer = -1;

static void open_to_write(const char *target)
{
	writer = openat(dir_fd, target, O_WRONLY | O_APPEND);
	assert_true(writer >= 0);
}

static void delete (const char *target)
{
	assert_int_equal(unlinkat(dir_fd, target, 0), 0);
}

static void test_moves_only_what_was_read(void **state)
{
	static const struct {
		void (*change)(const char *target);
		int rc;
		bool gone;
		const char *then;
	} cases[] = {{append, 1, false, "1+"}, {open_to_write, 1, false, "1"},
		{replace, 0, true, "new"}, {delete, 0, true, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int when = 0; when < 3; when++) { /* before it was moved, and after that */
			struct dnc_arrival file;
			struct dnc_error err = {0};
			bool taken = when == 2 && cases[i].then; /* the name, meanwhile */

			make("a", "1");
			make(".work.rejects", "r\n");
			file = take("a");
			if (when) {
				filing.moved = true;
				strcpy(filing.target, "done/a");
				assert_int_equal(renameat(dir_fd, "a", dir_fd, "done/a"), 0);
			}
			cases[i].change(when ? "done/a" : "a");
			if (taken)
				make("a", "taken");
			assert_int_equal(try_move(&file, DNC_FILING_DONE, NULL, &err), cases[i].rc);
			assert_int_equal(filing.gone, cases[i].gone);
			expect("done/a", NULL);
			expect("done/a.rejects", cases[i].gone ? "r\n" : NULL);
			expect("a", taken ? "taken" : cases[i].then);
			expect("a.1", taken ? cases[i].then : NULL);
			unlinkat(dir_fd, "a", 0);
			unlinkat(dir_fd, "a.1", 0);
			unlinkat(dir_fd, "done/a.rejects", 0);
			if (writer >= 0)
				close(writer);
			writer = -1;
			assert_int_equal(dnc_filing_begin(&filing, &err), 0);
		}
	}
}

/* What happens to "a" in __wrap_renameat2(), and whether the process is killed after its move. */
static struct {
	void (*before)(const char *), (*after)(const char *);
	bool dies;
} fate;

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int rc;

	if (fate.before)
		fate.before(from);
	rc = __real_renameat2(from_dir, from, to_dir, to, flags);
	if (fate.after)
		fate.after(to);
	if (fate.dies)
		_exit(0);
	return rc;
}

/* Between the move and the look at what was moved. Whatever it was then, nothing unread is in a folder, and what was read keeps
 * its papers. */
static void test_killed_before_it_looks(void **state)
{
	static const struct {
		void (*before)(const char *), (*after)(const char *);
		const char *in_dir, *in_folder;
		bool papers; /* what was read has gone, or is in the folder */
	} cases[] = {{NULL, NULL, NULL, "1", true}, {replace, NULL, "new", NULL, true},
		{append, NULL, "1+", NULL, false}, {NULL, append, "1+", NULL, false},
		{NULL, delete, NULL, NULL, true}, {NULL, replace, "new", NULL, true}};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		bool papers = i & 1;
		struct dnc_error err;
		struct dnc_arrival file;
		pid_t child;
		int status;

		make("a", "1");
		if (papers)
			make(".work.rejects", "r\n");
		file = take("a");
		child = fork();
		if (child == 0) {
			fate.before = cases[i / 2].before;
			fate.after = cases[i / 2].after;
			fate.dies = true;
			_exit(1 + dnc_filing_move(&filing, &file, DNC_FILING_DONE, NULL, &err));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		close(file.fd);
		reopen();
		expect("a", cases[i / 2].in_dir);
		expect("done/a", cases[i / 2].in_folder);
		expect("done/a.rejects", papers && cases[i / 2].papers ? "r\n" : NULL);
		reopen(); /* once */
		expect("a", cases[i / 2].in_dir);
		unlinkat(dir_fd, "a", 0);
		unlinkat(dir_fd, "done/a", 0);
		unlinkat(dir_fd, "done/a.rejects", 0);
	}
}

static void test_lock(void **state)
{
	struct dnc_filing other;
	struct dnc_error err;

	(void)state;
	assert_int_equal(dnc_filing_open(&other, dir, dir_fd, ".work", &err), -1);
	assert_int_equal(err.code, EAGAIN);
	reopen();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_papers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_and_strange_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovers_on_another_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recovers_no_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_continues, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moves_only_what_was_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_before_it_looks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
	};

	signal(SIGIO, SIG_IGN);
	dnc_log_open("test_filing", DNC_ERR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
