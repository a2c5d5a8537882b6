/* The files of a spool: their order, what is on disk when, and what becomes of those that can't be read. */
#include "passing_clock.h"
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "link/priv/spool.h"

static char directory[64];
static unsigned synced; /* directories */
static int open_error;  /* open(2) of a spool's file fails with it */

int __wrap_dnc_file_sync_directory(const char *path, struct dnc_error *err);
int __real_dnc_file_sync_directory(const char *path, struct dnc_error *err);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

int __wrap_dnc_file_sync_directory(const char *path, struct dnc_error *err)
{
	synced++;
	return __real_dnc_file_sync_directory(path, err);
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (open_error && strstr(path, "/route-")) {
		errno = open_error;
		return -1;
	}
	return __real_open(path, flags, mode);
}

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/dnc-spool-XXXXXX");
	passed_ms = 0;
	open_error = 0;
	listen_to_stderr();
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[96];

	(void)state;
	leave_stderr();
	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command) ? -1 : 0;
}

static void start(struct spool *s)
{
	struct dnc_error err;

	assert_int_equal(spool_open(s, directory, "unix:/desk.sock", &err), 0);
}

static void put(struct spool *s, int n)
{
	struct dnc_error err;

	dnc_buf_printf(&s->buf, "{\"id\":\"%d\"}\n", n);
	assert_int_equal(spool_write(s, &err), 0);
	assert_int_equal(s->buf.n, 0);
}

/* The first file, which has one event, by its id; "-": nothing now. */
static const char *get(struct spool *s)
{
	static char text[64];
	char whole[64];
	struct dnc_buf out = {0};
	struct dnc_error err;
	int rc = spool_read(s, &out, &err);

	assert_true(rc >= 0);
	snprintf(text, sizeof text, "-");
	if (rc == 0) {
		snprintf(text, sizeof text, "%d\n", atoi(out.p + strlen("{\"id\":\"")));
		snprintf(whole, sizeof whole, "{\"id\":\"%d\"}\n", atoi(text));
		assert_int_equal(out.n, strlen(whole));
		assert_memory_equal(out.p, whole, out.n);
	}
	dnc_buf_free(&out);
	return text;
}

/* The path of the file NUMBER. */
static const char *file(const struct spool *s, int number, const char *ending)
{
	static char path[160];

	snprintf(path, sizeof path, "%s/route-%016llx-%020d.%s", directory,
		(unsigned long long)s->key, number, ending);
	return path;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Also by the next process, however readdir(3) returns them. */
static void files_are_read_in_the_order_in_which_they_were_written(void **state)
{
	enum { FILES = 40 };
	struct spool s;
	char want[16];

	(void)state;
	start(&s);
	for (int i = 1; i <= FILES; i++)
		put(&s, i);
	spool_close(&s);
	start(&s);
	assert_int_equal(spool_files(&s), FILES);
	put(&s, FILES + 1);
	for (int i = 1; i <= FILES + 1; i++) {
		snprintf(want, sizeof want, "%d\n", i);
		assert_string_equal(get(&s), want);
		assert_string_equal(get(&s), want);
		spool_remove(&s);
	}
	assert_string_equal(get(&s), "-");
	assert_int_equal(s.missing, 0);
	spool_close(&s);
	start(&s);
	assert_int_equal(spool_files(&s), 0);
	spool_close(&s);
	assert_string_equal(take_said(), "");
}

/* A file whose name a power failure could take away is not safe. */
static void a_file_is_safe_when_its_name_is_on_disk(void **state)
{
	struct spool s;
	unsigned before;

	(void)state;
	start(&s);
	before = synced;
	put(&s, 1);
	assert_int_equal(synced, before + 1);
	spool_close(&s);
}

static void one_process_has_the_files_of_a_route(void **state)
{
	struct spool s, other;
	struct dnc_error err;

	(void)state;
	start(&s);
	assert_int_equal(spool_open(&other, directory, "unix:/desk.sock", &err), -1);
	assert_int_equal(err.code, EAGAIN);
	spool_close(&other);
	assert_int_equal(spool_open(&other, directory, "unix:/other.sock", &err), 0);
	put(&other, 7);
	spool_close(&other);
	spool_close(&s);
	start(&s);
	assert_int_equal(spool_files(&s), 0);
	spool_close(&s);
}

/* It keeps its place: what is behind it is newer. */
static void a_file_that_cant_be_read_now_is_read_later(void **state)
{
	static const int errors[] = {EMFILE, ENFILE, EIO, EACCES, ENOMEM};
	struct spool s;

	(void)state;
	start(&s);
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		put(&s, 1);
		put(&s, 2);
		open_error = errors[i];
		assert_string_equal(get(&s), "-");
		assert_string_equal(get(&s), "-");
		assert_in_range(s.read_at_ms - __wrap_dnc_clock_mono_ms(), 1, 1000);
		assert_int_equal(spool_files(&s), 2);
		open_error = 0;
		assert_string_equal(get(&s), "1\n");
		spool_remove(&s);
		assert_string_equal(get(&s), "2\n");
		spool_remove(&s);
		assert_non_null(strstr(take_said(), "; still trying\n"));
	}
	assert_int_equal(s.missing, 0);
	spool_close(&s);
}

static void a_disk_that_fails_for_a_minute_holds_up_nothing_more(void **state)
{
	struct spool s;
	int tries = 0;

	(void)state;
	start(&s);
	put(&s, 1);
	put(&s, 2);
	open_error = EIO;
	for (; spool_files(&s) == 2; tries++)
		assert_string_equal(get(&s), "-");
	open_error = 0;
	assert_int_equal(tries, 60);
	assert_string_equal(get(&s), "2\n");
	assert_true(exists(file(&s, 1, "damaged")));
	assert_int_equal(s.missing, 1);
	spool_close(&s);
}

/* Nothing of it is lost without a message, and it is not looked at again. */
static void what_is_damaged_is_set_aside(void **state)
{
	enum { DIRECTORY, LINK, TAKEN, OTHER };
	static const struct {
		int what;         /* is in the place of the file */
		const char *text; /* OTHER: the file's; "%s" is an event */
		const char *got, *said;
		bool aside;
	} cases[] = {
		{DIRECTORY, "", "-", "is not a regular file", true},
		{LINK, "", "-", "is not a regular file", true},
		{TAKEN, "", "-", "", false},
		{OTHER, "", "-", "has no whole event", true},
		{OTHER, "{x", "-", "has no whole event", true},
		{OTHER, "{}\n[]\n{\"id\":1}\n", "-", "has no whole event", true},
		{OTHER, "%s{x", "1\n", "is damaged: 1 of its lines", true},
		{OTHER, "%s\n", "1\n", "is damaged: 1 of its lines", true},
		{OTHER, "garbage\n%s\001\001\n", "1\n", "is damaged: 2 of its lines", true},
	};
	struct spool s;

	(void)state;
	for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
		const char *path;
		char text[64];
		FILE *f;

		start(&s);
		put(&s, 1);
		put(&s, 2);
		path = file(&s, (int)s.files[s.first], "ndjson");
		assert_int_equal(remove(path), 0);
		if (cases[i].what == DIRECTORY)
			assert_int_equal(mkdir(path, 0700), 0);
		else if (cases[i].what == LINK)
			assert_int_equal(symlink("/etc/passwd", path), 0);
		else if (cases[i].what == OTHER) {
			f = fopen(path, "w");
			assert_non_null(f);
			snprintf(text, sizeof text, cases[i].text, "{\"id\":\"1\"}\n");
			fputs(text, f);
			fclose(f);
		}
		assert_string_equal(get(&s), cases[i].got);
		if (cases[i].got[0] != '-')
			spool_remove(&s);
		assert_non_null(strstr(take_said(), cases[i].said));
		assert_int_equal(s.missing, 1);
		assert_int_equal(exists(file(&s, (int)s.next - 2, "damaged")), cases[i].aside);
		assert_string_equal(get(&s), "2\n");
		spool_remove(&s);
		spool_close(&s);
	}
	/* The next files get names of their own. */
	start(&s);
	assert_int_equal(spool_files(&s), 0);
	put(&s, 3);
	assert_false(exists(file(&s, (int)s.next - 1, "damaged")));
	spool_close(&s);
}

/* Its lock keeps nobody away from the new one. */
static void a_directory_that_is_replaced_is_locked_again(void **state)
{
	struct spool s, other;
	struct dnc_error err;
	struct dnc_buf out = {0};
	char command[256];

	(void)state;
	start(&s);
	put(&s, 1);
	assert_string_equal(get(&s), "1\n");
	snprintf(command, sizeof command, "mv %s %s-old && mkdir %s", directory, directory,
		directory);
	assert_int_equal(system(command), 0);
	/* Another process was faster. */
	start(&other);
	put(&other, 7);
	dnc_buf_lit(&s.buf, "{\"id\":\"2\"}\n");
	assert_int_equal(spool_write(&s, &err), -1);
	assert_int_equal(err.code, EAGAIN);
	assert_int_equal(spool_read(&s, &out, &err), 1);
	assert_non_null(strstr(take_said(), "another process has this route"));
	spool_remove(&s); /* not the other's, whose name it has */
	assert_true(exists(file(&other, 1, "ndjson")));
	spool_close(&other);
	assert_int_equal(spool_write(&s, &err), 0);
	assert_non_null(strstr(take_said(), "0 files are gone, and 1 are there"));
	assert_int_equal(spool_open(&other, directory, "unix:/desk.sock", &err), -1);
	assert_int_equal(err.code, EAGAIN);
	spool_close(&other);
	assert_string_equal(get(&s), "7\n");
	spool_remove(&s);
	assert_string_equal(get(&s), "2\n");
	spool_remove(&s);
	/* What somebody has put there stays. */
	snprintf(command, sizeof command, "echo x > %s", file(&s, (int)s.next, "ndjson"));
	assert_int_equal(system(command), 0);
	dnc_buf_lit(&s.buf, "{\"id\":\"3\"}\n");
	assert_int_equal(spool_write(&s, &err), -1);
	assert_int_equal(err.code, EEXIST);
	assert_int_equal(spool_write(&s, &err), 0);
	assert_string_equal(get(&s), "3\n");
	dnc_buf_free(&out);
	spool_close(&s);
	snprintf(command, sizeof command, "rm -r %s-old", directory);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			files_are_read_in_the_order_in_which_they_were_written, make_directory,
			remove_directory),
		cmocka_unit_test_setup_teardown(
			a_file_is_safe_when_its_name_is_on_disk, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			one_process_has_the_files_of_a_route, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(a_file_that_cant_be_read_now_is_read_later,
			make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			a_disk_that_fails_for_a_minute_holds_up_nothing_more, make_directory,
			remove_directory),
		cmocka_unit_test_setup_teardown(a_directory_that_is_replaced_is_locked_again,
			make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			what_is_damaged_is_set_aside, make_directory, remove_directory),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
