/* Routes: what is safe where, and what a file keeps. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "link/priv/route.h"
#include "link/priv/tail.h"

static char directory[] = "/tmp/dnc-routes-XXXXXX";

/* While a test holds it, the disk does not answer. */
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;

int __wrap_fdatasync(int fd);
int __real_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	pthread_mutex_lock(&disk);
	pthread_mutex_unlock(&disk);
	return __real_fdatasync(fd);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", directory);
	return system(command) ? -1 : 0;
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

/* One more, at ADDRESS. Returns its number. */
static int add_address(struct dnc_routes *r, struct dnc_str address, struct dnc_error *err)
{
	struct dnc_route what;
	const struct dnc_route *all[DNC_ROUTES_MAX];
	int numbers[DNC_ROUTES_MAX], rc;
	size_t n = 0;

	assert_int_equal(dnc_route_read(&what, address, DNC_STR(""), err), 0);
	for (size_t i = 0; i < r->count; i++)
		if (r->v[i] && strcmp(r->v[i]->what.address, what.address) != 0)
			all[n++] = &r->v[i]->what;
	all[n] = &what;
	rc = dnc_routes_set(r, all, n + 1, numbers, err);
	dnc_route_finish(&what);
	return rc < 0 ? -1 : numbers[n];
}

static int add(struct dnc_routes *r, const char *kind, const char *name, struct dnc_error *err)
{
	struct dnc_buf text = {0};
	int number;

	dnc_buf_printf(&text, "%s:%s", kind, path_of(name));
	number = add_address(r, dnc_buf_view(&text), err);
	dnc_buf_free(&text);
	return number;
}

/* The event N. */
static const char *event(int n)
{
	static char line[600];

	snprintf(line, sizeof line,
		"{\"id\":\"3f2c876c-6f5a-817c-a862-%012d\",\"type\":\"dnc.number.suppressed\","
		"\"phone_number\":\"+19165550001\",\"severity\":\"medium\","
		"\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"summary\":\"s\","
		"\"event_data\":{\"reason\":\"complaint\"},\"metadata\":{\"reason\":\"complaint\","
		"\"is_temporary\":false,\"tcpa_relevant\":true,\"gdpr_relevant\":false,"
		"\"ingested_at\":\"2026-01-01T00:00:00.000Z\",\"source_format\":\"ndjson\",\"n\":%d}}",
		n, n);
	return line;
}

static void give(struct dnc_routes *r, int route, int n)
{
	const char *line = event(n);
	struct dnc_error err;

	assert_int_equal(
		dnc_routes_line(r, route, dnc_str(line), (struct dnc_str){line + 7, 36}, &err), 0);
}

static void turn(struct dnc_routes *r)
{
	struct pollfd entries[ROUTES_ROOM];
	struct dnc_error err;
	int timeout = 1000;

	routes_poll(r, entries, &timeout);
	poll(entries, r->count, timeout);
	assert_int_equal(routes_turn(r, entries, &err), 0);
}

/* All lines up to this number are safe. */
static uint64_t all_safe(const struct dnc_routes *r)
{
	uint64_t n = 0;

	while (n < r->given && routes_have(r, n, n + 1))
		n++;
	return n;
}

/* Goes on until the lines up to SAFE are safe. */
static void settle(struct dnc_routes *r, uint64_t safe)
{
	struct dnc_error err;

	assert_int_equal(dnc_routes_flush(r, &err), 0);
	for (int i = 0; i < 1000 && all_safe(r) < safe; i++)
		turn(r);
	assert_int_equal(all_safe(r), safe);
}

static void turn_until_down(struct dnc_routes *r, int route)
{
	const struct far *far = r->v[route]->far;

	for (int i = 0; i < 1000 && !far->acts->down_since(far); i++)
		turn(r);
	assert_true(far->acts->down_since(far));
}

/* The numbers in the file, which has whole lines only: "1 2 3 ". */
static const char *content(const char *name)
{
	static char text[4096];
	FILE *f = fopen(path_of(name), "r");
	char line[600];
	size_t n = 0;

	text[0] = '\0';
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		assert_non_null(strchr(line, '\n'));
		n += (size_t)snprintf(
			text + n, sizeof text - n, "%d ", atoi(strstr(line, "\"n\":") + 4));
	}
	fclose(f);
	return text;
}

static void wait_for_content(struct dnc_routes *r, const char *name, const char *wanted)
{
	for (int i = 0; i < 1000 && strcmp(content(name), wanted) != 0; i++)
		turn(r);
	assert_string_equal(content(name), wanted);
}

static void lines_are_safe_when_all_routes_before_have_theirs(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	int file, unix_socket, same;

	(void)state;
	assert_non_null(r);
	file = add(r, "file", "a", &err);
	unix_socket = add(r, "unix", "nobody", &err);
	same = add(r, "file", "a", &err);
	assert_int_equal(file, same);
	assert_int_not_equal(file, unix_socket);
	give(r, file, 1);
	give(r, file, 2);
	assert_int_equal(all_safe(r), 0);
	settle(r, 2);
	give(r, file, 3);
	give(r, unix_socket, 3);
	give(r, file, 4);
	settle(r, 3);
	/* Number 4 of all is the one of the socket, to which nobody listens. */
	wait_for_content(r, "a", "1 2 3 4 ");
	assert_int_equal(all_safe(r), 3);
	assert_string_equal(content("a"), "1 2 3 4 ");
	assert_ptr_equal(routes_unsafe(r)->far, r->v[unix_socket]->far);
	dnc_routes_free(r);
}

static void append(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "a");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* As after kill -9: a line is torn, and events come again. */
static void a_file_is_continued(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	int file = add(r, "file", "b", &err);

	(void)state;
	for (int i = 0; i < 3; i++)
		give(r, file, i);
	give(r, file, 1); /* not written yet, but known */
	settle(r, 4);
	dnc_routes_free(r);
	append("b", "{\"id\":\"3f2c876c-6f5a");
	r = dnc_routes_new(true);
	file = add(r, "file", "b", &err);
	assert_string_equal(content("b"), "0 1 2 ");
	for (int i = 1; i < 5; i++)
		give(r, file, i);
	settle(r, 4);
	assert_string_equal(content("b"), "0 1 2 3 4 ");
	/* Two processes would tear each other's lines. */
	struct dnc_routes *other = dnc_routes_new(false);

	assert_int_equal(add(other, "file", "b", &err), -1);
	assert_int_equal(err.code, EBUSY);
	dnc_routes_free(other);
	dnc_routes_free(r);
	append("b", "no event");
	r = dnc_routes_new(true);
	assert_int_equal(add(r, "file", "b", &err), -1);
	assert_int_equal(err.code, EINVAL);
	dnc_routes_free(r);
}

static void what_a_full_file_did_not_take_is_written_later(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct rlimit before, small;
	struct dnc_error err;
	int file = add(r, "file", "c", &err);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){600, before.rlim_max};
	give(r, file, 1);
	settle(r, 1);
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 2; i < 9; i++)
		give(r, file, i);
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	turn_until_down(r, file);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(all_safe(r), 1);
	assert_string_equal(content("c"), "1 ");
	settle(r, 8);
	assert_string_equal(content("c"), "1 2 3 4 5 6 7 8 ");
	dnc_routes_free(r);
}

/* What is taken away while the disk is at work with it, for a spool, may be given again, and is in the file once. */
static void what_is_taken_does_not_stay_in_a_file(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	struct dnc_buf lines = {0};
	int file = add(r, "file", "e", &err);
	struct far *far = r->v[file]->far;

	(void)state;
	give(r, file, 1);
	settle(r, 1);
	for (int i = 0; i < 50; i++) {
		dnc_buf_clear(&lines);
		give(r, file, 2);
		assert_int_equal(far->acts->flush(far, &err), 0);
		if (i % 2)
			give(r, file, 3);
		if (i % 5 == 0) /* perhaps it is done by now, and not known yet */
			sched_yield();
		assert_int_equal(far->acts->take(far, &lines, &err), 0);
		if (!lines.n || lines.n == strlen(event(3)) + 1)
			break; /* it is in the file, as it says */
	}
	dnc_routes_free(r);
	dnc_buf_free(&lines);
	r = dnc_routes_new(true);
	file = add(r, "file", "e", &err);
	for (int i = 2; i < 5; i++)
		give(r, file, i);
	settle(r, 3);
	assert_string_equal(content("e"), "1 2 3 4 ");
	dnc_routes_free(r);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* Waits until the far end has looked at the file, and has nothing to do. */
static void turn_until_up(struct dnc_routes *r, int route)
{
	const struct far *far = r->v[route]->far;

	for (int i = 0; i < 1000 && far->acts->down_since(far); i++)
		turn(r);
	assert_int_equal(far->acts->down_since(far), 0);
}

/* Another process has the file while events come; some of them are in it when it can be opened. */
static void what_a_file_has_when_it_can_be_opened_is_not_written_again(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true), *other = dnc_routes_new(true);
	struct dnc_error err;
	struct dnc_buf lines = {0};
	int file, first = add(other, "file", "f", &err);
	struct far *far;

	(void)state;
	for (int i = 1; i < 4; i++)
		give(other, first, i);
	settle(other, 3);
	file = add(r, "file", "f", &err);
	far = r->v[file]->far;
	for (int i = 1; i < 6; i++)
		give(r, file, i);
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	turn_until_down(r, file);
	give(r, file, 6);
	give(r, file, 2);
	dnc_routes_free(other);
	settle(r, 7);
	turn_until_up(r, file);
	assert_string_equal(content("f"), "1 2 3 4 5 6 ");
	/* What is taken for the spool is forgotten, and nothing else. */
	give(r, file, 7);
	give(r, file, 3);
	assert_int_equal(far->acts->take(far, &lines, &err), 0);
	assert_int_equal(lines.n, strlen(event(7)) + 1);
	for (int i = 1; i < 8; i++)
		give(r, file, i);
	settle(r, 16);
	wait_for_content(r, "f", "1 2 3 4 5 6 7 ");
	dnc_buf_free(&lines);
	dnc_routes_free(r);
}

/* It is opened, but can't be written then, and its events go to a spool: the file does not have them. */
static void what_could_not_be_written_is_not_taken_for_written(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true), *other = dnc_routes_new(true);
	struct rlimit before, small;
	struct dnc_error err;
	struct dnc_buf lines = {0};
	int file, first = add(other, "file", "g", &err);
	struct far *far;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	give(other, first, 1);
	settle(other, 1);
	file = add(r, "file", "g", &err);
	far = r->v[file]->far;
	for (int i = 2; i < 5; i++)
		give(r, file, i);
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	turn_until_down(r, file);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){10, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	dnc_routes_free(other);
	for (int i = 0; i < 10; i++)
		turn(r);
	assert_int_equal(far->acts->take(far, &lines, &err), 0);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(lines.n, 3 * (strlen(event(2)) + 1));
	for (int i = 1; i < 5; i++)
		give(r, file, i);
	settle(r, 7);
	wait_for_content(r, "g", "1 2 3 4 ");
	dnc_buf_free(&lines);
	dnc_routes_free(r);
}

/* Files that a route would append to, and what it must do. */
static void only_files_of_events_are_continued(void **state)
{
	const struct {
		const char *name;   /* what the file is */
		const char *format; /* its content; "%s" is an event */
		int code;           /* of the error */
		const char *then;   /* the content then; NULL: as before */
	} cases[] = {
		{"empty", "", 0, NULL},
		{"events", "%s\n", 0, NULL},
		{"torn after an event", "%s\n{\"id\":\"3f2c", 0, "%s\n"},
		{"torn by itself", "{\"id\":\"3f2c\",\"type\":\"dnc.num", 0, ""},
		{"torn at its first byte", "%s\n{", 0, "%s\n"},
		{"torn in an escape", "{\"id\":\"3f2c\",\"summary\":\"\\", 0, ""},
		{"torn with a number of the hub", "%s\n{\"seq\":12", 0, "%s\n"},
		{"only its newline is missing", "%s\n%s", 0, "%s\n%s\n"},
		{"one event, no newline", "%s", 0, "%s\n"},
		{"text", "hello\nworld\n", EINVAL, NULL},
		{"empty object", "{}\n", EINVAL, NULL},
		{"blank line", "%s\n\n", EINVAL, NULL},
		{"object without a newline", "{\"a\":1}", EINVAL, NULL},
		{"object with an id", "{\"id\":\"3f2c\"}", EINVAL, NULL},
		{"torn object that is not ours", "%s\n{\"a\":", EINVAL, NULL},
		{"torn line after text", "hello\n{\"id\":\"3f2c", EINVAL, NULL},
		{"numbers", "+19165550001\n", EINVAL, NULL},
		{"rules", "[rule a]\nroute = file:h\n", EINVAL, NULL},
		{"event and more behind it", "%s x", EINVAL, NULL},
		{"bytes", "{\"id\":\"\001", EINVAL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_routes *r = dnc_routes_new(true);
		char text[2000], then[2000], got[2000];
		struct dnc_error err = {0};
		FILE *f;
		int number;

		snprintf(text, sizeof text, cases[i].format, event(1), event(1));
		snprintf(then, sizeof then, cases[i].then ? cases[i].then : cases[i].format,
			event(1), event(1));
		put("h", text);
		number = add(r, "file", "h", &err);
		if ((number < 0) != (cases[i].code != 0) ||
			(number < 0 && err.code != cases[i].code))
			fail_msg("%s: %d %s", cases[i].name, number, err.message);
		dnc_routes_free(r);
		f = fopen(path_of("h"), "r");
		assert_non_null(f);
		got[fread(got, 1, sizeof got - 1, f)] = '\0';
		fclose(f);
		if (strcmp(got, then) != 0)
			fail_msg("%s: %s", cases[i].name, got);
	}
}

/* Of a file that is longer than what is read of it, the first line may be half. */
static void the_first_line_of_a_tail_may_be_half(void **state)
{
	struct dnc_buf all = {0}, tail = {0};
	struct dnc_error err;
	size_t one = strlen(event(1)) + 1;
	FILE *f = fopen(path_of("t"), "w+");
	off_t size;

	(void)state;
	assert_non_null(f);
	for (int i = 0; all.n <= (size_t)TAIL_BYTES + 100; i++) {
		dnc_buf_str(&all, dnc_str(event(i % 1000)));
		dnc_buf_chr(&all, '\n');
	}
	assert_int_equal(fwrite(all.p, 1, all.n, f), all.n);
	fflush(f);
	size = tail_read(fileno(f), "t", (off_t)all.n, &tail, &err);
	assert_int_equal(size, all.n);
	assert_true(tail.n < (size_t)TAIL_BYTES && tail.n > (size_t)TAIL_BYTES - one);
	assert_memory_equal(tail.p, "{\"id\":", 6);
	assert_memory_equal(tail.p, all.p + all.n - tail.n, tail.n);
	fclose(f);
	dnc_buf_free(&all);
	dnc_buf_free(&tail);
}

/* A link to nothing is not followed: what it names may be anywhere. */
static void a_link_to_nothing_is_refused(void **state)
{
	struct dnc_routes *r = dnc_routes_new(false);
	struct dnc_error err;
	struct stat st;
	char to[160];

	(void)state;
	snprintf(to, sizeof to, "%s", path_of("nothing"));
	assert_int_equal(symlink(to, path_of("link")), 0);
	assert_int_equal(add(r, "file", "link", &err), -1);
	assert_non_null(strstr(err.message, "is a link to nothing"));
	assert_int_equal(stat(to, &st), -1);
	/* One to a file is. */
	put("nothing", "");
	assert_int_equal(add(r, "file", "link", &err), 0);
	give(r, 0, 1);
	settle(r, 1);
	assert_string_equal(content("nothing"), "1 ");
	dnc_routes_free(r);
}

/* With its directory, and opened again: nothing is safe where no name leads to. */
static void a_file_whose_directory_is_removed_is_down(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	int file;

	(void)state;
	assert_int_equal(mkdir(path_of("dir"), 0700), 0);
	file = add(r, "file", "dir/a", &err);
	give(r, file, 1);
	settle(r, 1);
	assert_int_equal(unlink(path_of("dir/a")), 0);
	assert_int_equal(rmdir(path_of("dir")), 0);
	dnc_routes_reopen(r);
	turn_until_down(r, file);
	give(r, file, 2);
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	for (int i = 0; i < 5; i++)
		turn(r);
	assert_int_equal(all_safe(r), 1);
	assert_int_equal(mkdir(path_of("dir"), 0700), 0);
	settle(r, 2);
	assert_string_equal(content("dir/a"), "2 ");
	dnc_routes_free(r);
}

static int add_fd(struct dnc_routes *r, int fd, struct dnc_error *err)
{
	char text[16];

	snprintf(text, sizeof text, "fd:%d", fd);
	return add_address(r, dnc_str(text), err);
}

/* Reads what is there, and appends it. */
static void read_pipe(int fd, struct dnc_buf *got)
{
	ssize_t n;

	assert_true(dnc_buf_reserve(got, 1 << 20));
	n = read(fd, got->p + got->n, 1 << 20);
	if (n > 0)
		got->n += (size_t)n;
}

/* Nobody reads: the lines are not safe, and nothing waits. Then somebody does, and has each line once. */
static void a_full_pipe_holds_up_nobody(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	struct dnc_buf got = {0}, given = {0};
	const int count = 1000; /* more than a pipe holds */
	int ends[2], route;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	route = add_fd(r, ends[1], &err);
	for (int i = 0; i < count; i++) {
		give(r, route, i);
		dnc_buf_str(&given, dnc_str(event(i)));
		dnc_buf_chr(&given, '\n');
	}
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	assert_in_range(all_safe(r), 1, count - 1);
	/* Its own way of writing is not that of others. */
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	for (int i = 0; i < 1000 && all_safe(r) < (uint64_t)count; i++) {
		read_pipe(ends[0], &got);
		turn(r);
	}
	assert_int_equal(all_safe(r), count);
	while (got.n < given.n)
		read_pipe(ends[0], &got);
	assert_int_equal(got.n, given.n);
	assert_memory_equal(got.p, given.p, given.n);
	/* The reader leaves. */
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	struct pollfd entries[ROUTES_ROOM];
	int timeout = 1000;

	routes_poll(r, entries, &timeout);
	poll(entries, r->count, timeout);
	assert_int_equal(routes_turn(r, entries, &err), -1);
	assert_int_equal(err.code, EPIPE);
	dnc_routes_free(r);
	close(ends[1]);
	dnc_buf_free(&got);
	dnc_buf_free(&given);
}

/* For a spool: a line that is half written is taken as a whole, and its half is ended. */
static void what_is_taken_from_a_pipe_leaves_no_half_line(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	struct dnc_buf got = {0}, taken = {0}, again = {0};
	char longer[40001];
	int ends[2], route;
	struct far *far;

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	route = add_fd(r, ends[1], &err);
	far = r->v[route]->far;
	/* A pipe holds 64 KiB. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			dnc_routes_line(r, route, dnc_str(longer), (struct dnc_str){0}, &err), 0);
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	assert_int_equal(all_safe(r), 1);
	assert_int_equal(far->acts->down_since(far), 0);
	assert_int_equal(far->acts->take(far, &taken, &err), 0);
	assert_int_equal(taken.n, 3 * sizeof longer);
	assert_true(far->acts->down_since(far) > 0);
	/* Not the same half again. */
	assert_int_equal(far->acts->take(far, &again, &err), 0);
	assert_int_equal(again.n, 0);
	for (int i = 0; i < 100 && got.n < 2 * sizeof longer; i++) {
		read_pipe(ends[0], &got);
		turn(r);
	}
	assert_int_equal(got.n, 2 * sizeof longer);
	for (size_t i = 0; i < 2; i++)
		assert_memory_equal(got.p + i * sizeof longer, longer, sizeof longer - 1);
	assert_int_equal(far->acts->down_since(far), 0);
	assert_int_equal(far->acts->safe(far), 4);
	dnc_routes_free(r);
	close(ends[0]);
	close(ends[1]);
	dnc_buf_free(&got);
	dnc_buf_free(&taken);
	dnc_buf_free(&again);
}

/* A route that nothing goes to any more is closed when its lines are safe, not before; another may take its number then. */
static void a_retired_route_is_closed_when_its_lines_are_safe(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	struct dnc_error err;
	struct pollfd entries[ROUTES_ROOM];
	int file = add(r, "file", "d", &err), timeout = -1;

	(void)state;
	give(r, file, 1);
	assert_int_equal(dnc_routes_set(r, NULL, 0, NULL, &err), 0);
	routes_poll(r, entries, &timeout);
	assert_int_equal(routes_turn(r, entries, &err), 0);
	assert_non_null(r->v[file]);
	assert_int_equal(all_safe(r), 0);
	settle(r, 1);
	assert_int_equal(routes_turn(r, entries, &err), 0);
	assert_null(r->v[file]);
	assert_int_equal(all_safe(r), 1);
	assert_string_equal(content("d"), "1 ");
	dnc_routes_free(r);
}

/* It is locked until then: who knows what the disk still does. */
static void a_file_is_free_again_when_its_disk_answers(void **state)
{
	struct dnc_routes *r = dnc_routes_new(false);
	struct dnc_error err;
	int file = add(r, "file", "hung", &err);

	(void)state;
	pthread_mutex_lock(&disk);
	give(r, file, 1);
	assert_int_equal(dnc_routes_flush(r, &err), 0);
	dnc_routes_free(r);
	r = dnc_routes_new(false);
	assert_int_equal(add(r, "file", "hung", &err), -1);
	assert_int_equal(err.code, EBUSY);
	pthread_mutex_unlock(&disk);
	file = -1;
	for (int i = 0; i < 1000 && file < 0; i++) {
		dnc_routes_free(r);
		r = dnc_routes_new(false);
		file = add(r, "file", "hung", &err);
		poll(NULL, 0, file < 0 ? 10 : 0);
	}
	assert_true(file >= 0);
	give(r, file, 2);
	settle(r, 1);
	assert_string_equal(content("hung"), "1 2 ");
	dnc_routes_free(r);
}

/* COUNT files "NAME-0" ... are the routes, the last of which is BAD if that is no NULL. */
static int set_files(struct dnc_routes *r, const char *name, int count, const char *bad,
	int numbers[DNC_ROUTES_MAX], struct dnc_error *err)
{
	struct dnc_route what[DNC_ROUTES_MAX];
	const struct dnc_route *all[DNC_ROUTES_MAX] = {0};
	int rc;

	for (int i = 0; i < count; i++) {
		struct dnc_buf text = {0};

		if (bad && i == count - 1)
			dnc_buf_printf(&text, "file:%s", path_of(bad));
		else
			dnc_buf_printf(&text, "file:%s-%d", path_of(name), i);
		assert_int_equal(
			dnc_route_read(&what[i], dnc_buf_view(&text), DNC_STR(""), err), 0);
		dnc_buf_free(&text);
		if (bad && i == 0) {
			what[i].when_down = DNC_WHEN_DOWN_SPOOL;
			what[i].spool = strdup(path_of("made"));
		}
		all[i] = &what[i];
	}
	rc = dnc_routes_set(r, all, (size_t)count, numbers, err);
	for (int i = 0; i < count; i++)
		dnc_route_finish(&what[i]);
	return rc;
}

/* Those that are removed, and still have lines, take no place away from others. */
static void all_routes_can_be_replaced_at_once(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	int numbers[DNC_ROUTES_MAX];
	struct dnc_error err;

	(void)state;
	assert_int_equal(set_files(r, "old", DNC_ROUTES_MAX, NULL, numbers, &err), 0);
	for (int i = 0; i < DNC_ROUTES_MAX; i++)
		give(r, numbers[i], i);
	assert_int_equal(set_files(r, "new", DNC_ROUTES_MAX, NULL, numbers, &err), 0);
	settle(r, DNC_ROUTES_MAX);
	assert_string_equal(content("old-63"), "63 ");
	dnc_routes_free(r);
}

static void routes_that_are_refused_leave_nothing_behind(void **state)
{
	struct dnc_routes *r = dnc_routes_new(true);
	int numbers[DNC_ROUTES_MAX];
	struct dnc_error err;

	(void)state;
	put("refused-1", event(1));
	assert_int_equal(add(r, "file", "in-use", &err), 0);
	assert_int_equal(set_files(r, "refused", 4, "none/x", numbers, &err), -1);
	assert_int_equal(access(path_of("refused-0"), F_OK), -1);
	assert_int_equal(access(path_of("refused-1"), F_OK), 0);
	assert_int_equal(access(path_of("refused-2"), F_OK), -1);
	assert_int_equal(access(path_of("made"), F_OK), -1);
	assert_int_equal(access(path_of("in-use"), F_OK), 0);
	dnc_routes_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_safe_when_all_routes_before_have_theirs),
		cmocka_unit_test(a_file_is_continued),
		cmocka_unit_test(what_a_full_file_did_not_take_is_written_later),
		cmocka_unit_test(what_is_taken_does_not_stay_in_a_file),
		cmocka_unit_test(what_a_file_has_when_it_can_be_opened_is_not_written_again),
		cmocka_unit_test(what_could_not_be_written_is_not_taken_for_written),
		cmocka_unit_test(only_files_of_events_are_continued),
		cmocka_unit_test(the_first_line_of_a_tail_may_be_half),
		cmocka_unit_test(a_link_to_nothing_is_refused),
		cmocka_unit_test(a_file_whose_directory_is_removed_is_down),
		cmocka_unit_test(a_full_pipe_holds_up_nobody),
		cmocka_unit_test(what_is_taken_from_a_pipe_leaves_no_half_line),
		cmocka_unit_test(a_retired_route_is_closed_when_its_lines_are_safe),
		cmocka_unit_test(a_file_is_free_again_when_its_disk_answers),
		cmocka_unit_test(all_routes_can_be_replaced_at_once),
		cmocka_unit_test(routes_that_are_refused_leave_nothing_behind),
	};

	return cmocka_run_group_tests_name("routes", tests, make_directory, remove_directory);
}
