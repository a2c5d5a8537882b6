/* Times, spans and lines. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/array.h"
#include "base/buf.h"
#include "base/bucket.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/list.h"
#include "base/log.h"
#include "base/output.h"
#include "base/thread.h"
#include "base/unix_socket.h"
#include "base/uuid.h"
#include "base/words.h"

static void times_are_read_in_any_offset_and_written_in_utc(void **state)
{
	static const struct {
		const char *text, *utc; /* NULL when it is no time */
	} cases[] = {
		{"2026-08-29T08:00:00Z", "2026-08-29T08:00:00.000Z"},
		{"2026-08-29t08:00:00.1239z", "2026-08-29T08:00:00.123Z"},
		{"2026-08-29T08:00:00+05:30", "2026-08-29T02:30:00.000Z"},
		{"2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"},
		{"2024-02-29T00:00:00-01:00", "2024-02-29T01:00:00.000Z"},
		{"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
		{"2015-07-01T01:59:60.5+02:00", "2015-07-01T00:00:00.500Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
		{"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
		{"10000-01-01T00:00:00Z", NULL},
		{"0000-12-31T23:00:00-01:00", "0001-01-01T00:00:00.000Z"},
		{"0000-01-01T00:00:00Z", NULL},
		{"0000-01-01T00:00:00+01:00", NULL},
		{"0001-01-01T00:00:00+00:01", NULL},
		{"9999-12-31T23:59:59-05:00", NULL},
		{"9999-12-31T23:59:60Z", NULL},
		{"2026-08-29T08:00:60Z", NULL},
		{"2026-12-31T23:59:60+01:00", NULL},
		{"2026-12-30T23:59:60Z", NULL},
		{"2023-02-29T00:00:00Z", NULL},
		{"1900-02-29T00:00:00Z", NULL},
		{"2026-13-01T00:00:00Z", NULL},
		{"2026-08-29T24:00:00Z", NULL},
		{"2026-08-29T08:00:00", NULL},
		{"2026-08-29", NULL},
		{"2026-08-29T08:00:00.Z", NULL},
		{"2026-08-29T08:00:00Zx", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[DNC_TIME_LEN + 1] = "";
		int64_t ms;
		bool ok = dnc_clock_parse(dnc_str(cases[i].text), &ms);

		if (ok)
			dnc_clock_format(ms, text);
		if (ok != (cases[i].utc != NULL) || (ok && strcmp(text, cases[i].utc) != 0))
			fail_msg("%s: %s", cases[i].text, ok ? text : "no time");
	}
}

static void local_times_are_read_as_utc(void **state)
{
	static const struct {
		const char *text, *utc; /* NULL when it is no time */
	} cases[] = {
		{"2020-02-16 13:05:00", "2020-02-16T13:05:00.000Z"},
		{"2020-02-16T13:05:00", "2020-02-16T13:05:00.000Z"},
		{"2020-02-16", "2020-02-16T00:00:00.000Z"},
		{"2016-12-31 23:59:60", "2017-01-01T00:00:00.000Z"},
		{"9999-12-31", "9999-12-31T00:00:00.000Z"},
		{"9999-12-31 23:59:60", NULL},
		{"2020-02-16 13:05:60", NULL},
		{"0000-00-00", NULL},
		{"0000-01-01", NULL},
		{"2020-02-16Z", NULL},
		{"9/4/2026", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[DNC_TIME_LEN + 1] = "";
		int64_t ms;
		bool ok = dnc_clock_parse_local(dnc_str(cases[i].text), &ms);

		if (ok)
			dnc_clock_format(ms, text);
		if (ok != (cases[i].utc != NULL) || (ok && strcmp(text, cases[i].utc) != 0))
			fail_msg("%s: %s", cases[i].text, ok ? text : "no time");
	}
}

static void spans_have_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1 when it is no span */
	} cases[] = {{"90s", 90000}, {"15m", 900000}, {"24h", 86400000}, {"30d", 2592000000},
		{"1w", 604800000}, {"5", -1}, {"h", -1}, {"1y", -1}, {"-1h", -1}, {"1.5h", -1},
		{"99999999d", -1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t ms = -1;

		if (dnc_clock_parse_span(dnc_str(cases[i].text), &ms) != (cases[i].ms >= 0) ||
			ms != cases[i].ms)
			fail_msg("%s: %lld", cases[i].text, (long long)ms);
	}
}

static const char line_bytes[] =
	"one\r\n\ntwo\nlonger than eight\nx\r\r\n12345678\n12345678\r\nmuch too long\rlast";

static const struct wanted_line {
	const char *text;
	size_t end_n;
	bool too_long;
} by_newlines[] = {{"one", 2, false}, {"", 1, false}, {"two", 1, false}, {"longer t", 0, true},
	{"x\r", 2, false}, {"12345678", 1, false}, {"12345678", 2, false}, {"much too", 0, true}},
  by_returns[] = {{"one", 2, false}, {"", 1, false}, {"two", 1, false}, {"longer t", 0, true},
	  {"x", 1, false}, {"", 2, false}, {"12345678", 1, false}, {"12345678", 2, false},
	  {"much too", 0, true}, {"last", 0, false}};

static void read_in_pieces(size_t piece, bool lone_cr, const struct wanted_line *want, size_t count)
{
	const size_t size = sizeof line_bytes - 1;
	struct dnc_lines l;
	struct dnc_line line;
	size_t seen = 0;

	assert_int_equal(dnc_lines_init(&l, 8, 4), 0);
	l.lone_cr = lone_cr;
	for (size_t at = 0; at < size;) {
		size_t room, n = size - at < piece ? size - at : piece;
		char *space = dnc_lines_space(&l, &room);

		n = n < room ? n : room;
		memcpy(space, line_bytes + at, n);
		at += n;
		dnc_lines_filled(&l, n);
		if (at == size)
			dnc_lines_end(&l);
		while (dnc_lines_next(&l, &line)) {
			assert_true(seen < count);
			assert_true(dnc_str_eq(line.text, dnc_str(want[seen].text)));
			assert_int_equal(line.end_n, want[seen].end_n);
			assert_int_equal(line.too_long, want[seen].too_long);
			assert_int_equal(line.number, ++seen);
		}
	}
	assert_int_equal(seen, count);
	dnc_lines_finish(&l);
}

/* Lines come out the same however the bytes come in. */
static void lines_do_not_depend_on_how_bytes_arrive(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof line_bytes; piece++) {
		read_in_pieces(
			piece, false, by_newlines, sizeof by_newlines / sizeof by_newlines[0]);
		read_in_pieces(piece, true, by_returns, sizeof by_returns / sizeof by_returns[0]);
	}
}

static void a_typing_error_has_a_nearest_word(void **state)
{
	static const char words[] = "complaint consumer_request regulatory testing api";
	static const struct {
		const char *typed, *nearest;
	} rows[] = {{"complain", "complaint"}, {"Complaint", "complaint"},
		{"compalint", "complaint"}, {"consumerrequest", "consumer_request"},
		{"regulatroy", "regulatory"}, {"apo", "api"}, {"consumer", "consumer_request"},
		{"a", NULL}, {"", NULL}, {"litigator", NULL}, {"xyz", NULL},
		{"a_word_that_is_longer_than_all_that_are_known_and_longer_than_what_is_looked_at",
			NULL}};

	(void)state;
	assert_true(dnc_words_have(words, DNC_STR("api")));
	assert_true(dnc_words_have(words, DNC_STR("complaint")));
	assert_false(dnc_words_have(words, DNC_STR("complain")));
	assert_false(dnc_words_have(words, DNC_STR("")));
	assert_false(dnc_words_have(words, DNC_STR("testing api")));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dnc_str near = dnc_words_nearest(words, dnc_str(rows[i].typed));

		if (!dnc_str_eq(near, dnc_str(rows[i].nearest)) || !near.p != !rows[i].nearest)
			fail_msg("%s: %.*s", rows[i].typed, DNC_STR_ARG(near));
	}
}

/* A limit of the file's size does what a disk does that becomes full in the middle of a write. */
static void what_was_written_before_a_failure_is_not_written_again(void **state)
{
	enum { TAKEN = 100, LINE = 60 };
	struct dnc_output o;
	struct dnc_error err;
	struct rlimit before, small;
	char line[LINE], back[4 * LINE];
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	signal(SIGXFSZ, SIG_IGN);
	dnc_output_init(&o, fileno(file), "file");
	for (int i = 0; i < 3; i++) {
		memset(line, 'a' + i, sizeof line);
		assert_int_equal(dnc_output_line(&o, line, sizeof line - 1, &err), 0);
	}
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){TAKEN, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(dnc_output_flush(&o, &err), -1);
	assert_int_equal(err.code, EFBIG);
	assert_int_equal(o.bytes, TAKEN);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(dnc_output_flush(&o, &err), 0);
	assert_int_equal(pread(fileno(file), back, sizeof back, 0), 3 * LINE);
	for (size_t i = 0; i < 3 * LINE; i++)
		assert_int_equal(back[i], i % LINE == LINE - 1 ? '\n' : 'a' + (int)(i / LINE));
	dnc_output_finish(&o);
	fclose(file);
}

static void an_array_grows_by_doubling_and_keeps_its_elements(void **state)
{
	uint64_t *v = NULL;
	size_t room = 0, count = 0, grown = 0;

	(void)state;
	while (count < 10000) {
		size_t before = room;

		assert_true(dnc_array_grow(&v, &room, count + 1));
		assert_true(room > count);
		grown += room != before;
		v[count] = count * 3;
		count++;
	}
	assert_in_range(grown, 1, 20);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(v[i], i * 3);
	assert_true(dnc_array_grow(&v, &room, 70000));
	assert_int_equal(room, 70000);
	assert_int_equal(v[9999], 9999 * 3);
	free(v);
}

static void an_array_that_cannot_grow_stays_as_it_is(void **state)
{
	uint64_t *v = NULL, *before;
	size_t room = 0;

	(void)state;
	assert_true(dnc_array_grow(&v, &room, 1));
	v[0] = 7;
	before = v;
	/* In bytes it would be more than there can be, or more than a size_t holds. */
	assert_false(dnc_array_grow(&v, &room, SIZE_MAX / sizeof *v));
	assert_false(dnc_array_grow(&v, &room, SIZE_MAX / 2));
	assert_ptr_equal(v, before);
	assert_int_equal(v[0], 7);
	assert_in_range(room, 1, 100);
	free(v);
}

struct item {
	char name;
	struct dnc_list link;
};

/* The names in a list, forwards; backwards must give the same. */
static void assert_list(const struct dnc_list *head, const char *names)
{
	size_t n = strlen(names), at = 0;

	DNC_LIST_EACH (link, head) {
		assert_true(at < n);
		assert_int_equal(DNC_LIST_ELEMENT(link, struct item, link)->name, names[at++]);
	}
	assert_int_equal(at, n);
	for (const struct dnc_list *link = head->prev; link != head; link = link->prev)
		assert_int_equal(DNC_LIST_ELEMENT(link, struct item, link)->name, names[--at]);
	assert_int_equal(at, 0);
	assert_int_equal(dnc_list_is_empty(head), n == 0);
}

static void a_list_keeps_its_order_whatever_is_removed(void **state)
{
	struct item a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
	struct dnc_list list, other;

	(void)state;
	dnc_list_init(&list);
	dnc_list_init(&other);
	assert_list(&list, "");
	assert_null(dnc_list_first(&list));
	assert_null(dnc_list_pop(&list));
	dnc_list_append(&list, &b.link);
	dnc_list_append(&list, &c.link);
	dnc_list_insert(&list, &a.link);
	assert_list(&list, "abc");
	dnc_list_remove(&b.link);
	assert_false(dnc_list_is_linked(&b.link));
	assert_true(dnc_list_is_linked(&a.link));
	dnc_list_remove(&b.link);
	assert_list(&list, "ac");
	dnc_list_insert(&a.link, &b.link);
	assert_list(&list, "abc");
	dnc_list_remove(&c.link);
	dnc_list_append(&other, &c.link);
	assert_list(&other, "c");
	assert_ptr_equal(dnc_list_pop(&other), &c.link);
	dnc_list_insert(&list, &c.link);
	assert_list(&list, "cab");
	assert_ptr_equal(dnc_list_first(&list), &c.link);
	assert_ptr_equal(dnc_list_pop(&list), &c.link);
	assert_list(&list, "ab");
	assert_ptr_equal(dnc_list_pop(&list), &a.link);
	assert_ptr_equal(dnc_list_pop(&list), &b.link);
	assert_list(&list, "");
	assert_false(dnc_list_is_linked(&c.link));
}

static void a_bucket_allows_a_burst_and_then_its_rate(void **state)
{
	struct dnc_bucket b;

	(void)state;
	dnc_bucket_init(&b, 60, 3, 1000);
	assert_int_equal(dnc_bucket_allows(&b, 1000), 3);
	assert_int_equal(dnc_bucket_wait_ms(&b), 0);
	for (int i = 0; i < 3; i++)
		assert_true(dnc_bucket_take(&b, 1000));
	assert_false(dnc_bucket_take(&b, 1000));
	assert_int_equal(dnc_bucket_wait_ms(&b), 1000);
	assert_false(dnc_bucket_take(&b, 1750));
	assert_int_equal(dnc_bucket_wait_ms(&b), 250);
	assert_true(dnc_bucket_take(&b, 2000));
	assert_false(dnc_bucket_take(&b, 2000));
	/* It holds no more than a burst, however long it was left alone. */
	assert_int_equal(dnc_bucket_allows(&b, 1000000), 3);
	dnc_bucket_spend(&b, 5);
	assert_int_equal(dnc_bucket_allows(&b, 1000000), 0);
	assert_int_equal(dnc_bucket_wait_ms(&b), 3000);
	assert_int_equal(dnc_bucket_allows(&b, 1003000), 1);
}

static void a_bucket_whose_limit_changes_keeps_its_tokens(void **state)
{
	struct dnc_bucket b;

	(void)state;
	dnc_bucket_init(&b, 60, 10, 0);
	dnc_bucket_spend(&b, 6);
	dnc_bucket_change(&b, 120, 20, 1000); /* one came in at the old rate */
	assert_int_equal(dnc_bucket_allows(&b, 1000), 5);
	assert_int_equal(dnc_bucket_allows(&b, 2000), 7);
	dnc_bucket_change(&b, 120, 2, 2000);
	assert_int_equal(dnc_bucket_allows(&b, 2000), 2);
	dnc_bucket_change(&b, 0, 0, 2000);
	assert_true(dnc_bucket_allows(&b, 2000) == UINT64_MAX);
	for (int i = 0; i < 1000; i++)
		assert_true(dnc_bucket_take(&b, 2000));
	assert_int_equal(dnc_bucket_wait_ms(&b), 0);
	/* It had no limit, so the new one starts as that of a new client. */
	dnc_bucket_change(&b, 60, 4, 2000);
	assert_int_equal(dnc_bucket_allows(&b, 2000), 4);
}

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-base-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

/* Fails if the test left anything but what it removed. */
static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void assert_content(const char *path, const char *text, mode_t mode)
{
	char got[256];
	struct stat st;
	FILE *f = fopen(path, "re");
	size_t n;

	assert_non_null(f);
	n = fread(got, 1, sizeof got, f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	fclose(f);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void a_file_is_created_once_and_replaced_as_a_whole(void **state)
{
	char path[80], fresh[80], other[80];
	struct dnc_error err;
	mode_t mask = umask(022);

	(void)state;
	snprintf(path, sizeof path, "%s/a", dir);
	snprintf(fresh, sizeof fresh, "%s/a.new", dir);
	snprintf(other, sizeof other, "%s/other", dir);
	assert_int_equal(dnc_file_create(path, 0600, DNC_STR("one\n"), &err), 0);
	assert_content(path, "one\n", 0600);
	assert_int_equal(dnc_file_create(path, 0600, DNC_STR("two\n"), &err), -1);
	assert_int_equal(err.code, EEXIST);
	assert_content(path, "one\n", 0600);
	assert_int_equal(dnc_file_replace(path, 0640, DNC_STR("three\n"), &err), 0);
	assert_content(path, "three\n", 0640);
	/* What stands under the temporary name is neither used nor followed. */
	assert_int_equal(dnc_file_create(other, 0644, DNC_STR("other"), &err), 0);
	assert_int_equal(symlink(other, fresh), 0);
	assert_int_equal(dnc_file_replace(path, 0640, DNC_STR(""), &err), 0);
	assert_content(path, "", 0640);
	assert_content(other, "other", 0644);
	assert_int_equal(access(fresh, F_OK), -1);
	unlink(path);
	unlink(other);
	umask(mask);
}

/* A pipe with a name and a device would keep the reader waiting; a pipe without one is what <(COMMAND) is. */
static void only_files_and_nameless_pipes_are_read(void **state)
{
	char file[80], pipe_path[80], nameless[32], missing[80], text[8] = "";
	const struct {
		const char *path;
		bool first, again;
		int code;
	} cases[] = {
		{file, true, true, 0},
		{nameless, true, false, EINVAL},
		{pipe_path, false, false, EINVAL},
		{"/dev/zero", false, false, EINVAL},
		{dir, false, false, EISDIR},
		{missing, false, false, ENOENT},
	};
	struct dnc_error err;
	int ends[2];
	FILE *stream;

	(void)state;
	snprintf(file, sizeof file, "%s/file", dir);
	snprintf(pipe_path, sizeof pipe_path, "%s/pipe", dir);
	snprintf(missing, sizeof missing, "%s/missing", dir);
	assert_int_equal(dnc_file_create(file, 0600, DNC_STR("one"), &err), 0);
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_int_equal(pipe(ends), 0);
	snprintf(nameless, sizeof nameless, "/dev/fd/%d", ends[0]);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fd = dnc_file_open(cases[i].path, &err);

		if ((fd >= 0) != cases[i].first)
			fail_msg("%s: %d", cases[i].path, fd);
		if (fd >= 0) {
			assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
			close(fd);
		} else {
			assert_int_equal(err.code, cases[i].code);
			assert_non_null(strstr(err.message, cases[i].path));
		}
		assert_int_equal(
			dnc_file_check_again(cases[i].path, &err), cases[i].again ? 0 : -1);
		if (!cases[i].again)
			assert_int_equal(err.code, cases[i].code);
	}
	assert_int_equal(write(ends[1], "two", 3), 3);
	close(ends[1]);
	stream = dnc_file_open_stream(nameless, &err);
	assert_non_null(stream);
	assert_int_equal(fread(text, 1, sizeof text, stream), 3);
	assert_string_equal(text, "two");
	fclose(stream);
	close(ends[0]);
	unlink(file);
	unlink(pipe_path);
}

static void a_file_that_cannot_be_written_stays_as_it_is(void **state)
{
	char path[80], fresh[80], big[4096], longest[8000];
	struct rlimit before, small;
	struct dnc_error err;
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/a", dir);
	snprintf(fresh, sizeof fresh, "%s/a.new", dir);
	memset(big, 'x', sizeof big);
	assert_int_equal(dnc_file_create(path, 0644, DNC_STR("old"), &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){100, before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(dnc_file_replace(path, 0644, (struct dnc_str){big, sizeof big}, &err), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(err.code, EFBIG);
	assert_non_null(strstr(err.message, fresh));
	assert_content(path, "old", 0644);
	assert_int_equal(access(fresh, F_OK), -1);
	unlink(path);
	/* A directory cannot be replaced by a file, and one in the way cannot be removed. */
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(dnc_file_replace(path, 0644, DNC_STR("new"), &err), -1);
	assert_int_equal(err.code, EISDIR);
	assert_int_equal(access(fresh, F_OK), -1);
	assert_int_equal(mkdir(fresh, 0755), 0);
	assert_int_equal(dnc_file_replace(path, 0644, DNC_STR("new"), &err), -1);
	assert_int_equal(err.code, EISDIR);
	rmdir(fresh);
	rmdir(path);
	/* Nor is what is no file at all: a pipe here, /dev/null with root's rights. */
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(dnc_file_replace(path, 0644, DNC_STR("new"), &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(access(fresh, F_OK), -1);
	unlink(path);
	assert_int_equal(dnc_file_sync_directory(path, &err), 0);
	strcat(path, "/b");
	assert_int_equal(dnc_file_create(path, 0644, DNC_STR("new"), &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(dnc_file_sync_directory(path, &err), -1);
	assert_int_equal(err.code, ENOENT);
	memset(longest, 'y', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(dnc_file_replace(longest, 0644, DNC_STR("new"), &err), -1);
	assert_int_equal(err.code, ENAMETOOLONG);
}

static void a_uuid_is_read_in_either_case_with_its_dashes_or_without(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: no UUID */
	} cases[] = {
		{"0191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b", "0191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b"},
		{"0191A2B3-C4D5-7E6F-8A9B-0C1D2E3F4A5B", "0191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b"},
		{"0191a2b3c4d57e6f8a9b0c1d2e3f4a5b", "0191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b"},
		{"0191a2b3-c4d57e6f-8a9b-0c1d2e3f4a5b", NULL},
		{"0191a2b3-c4d5-7e6f-8a9b00c1d2e3f4a5b", NULL},
		{"0191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5g", NULL},
		{"{191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5}", NULL},
		{"0191a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b ", NULL},
		{"0191a2b3c4d57e6f8a9b0c1d2e3f4a5", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[DNC_UUID_LEN];
		bool ok = dnc_uuid_read(dnc_str(cases[i].text), out);

		if (ok != (cases[i].canonical != NULL) ||
			(ok && memcmp(out, cases[i].canonical, sizeof out) != 0))
			fail_msg("%s: %.*s", cases[i].text, ok ? DNC_UUID_LEN : 0, out);
	}
}

static void uuids_have_their_version_and_time(void **state)
{
	static const unsigned char digest[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	char a[DNC_UUID_LEN], b[DNC_UUID_LEN], again[DNC_UUID_LEN];

	(void)state;
	dnc_uuid_v8(digest, a);
	assert_memory_equal(a, "01234567-89ab-8def-bfff-ffffffffffff", DNC_UUID_LEN);
	/* More than one block of random bytes. */
	for (int i = 0; i < 300; i++) {
		dnc_uuid_v7(INT64_C(0x0191a2b3c4d5), a);
		dnc_uuid_v7(INT64_C(0x0191a2b3c4d5), b);
		assert_memory_equal(a, "0191a2b3-c4d5-7", 15);
		assert_non_null(strchr("89ab", a[19]));
		assert_true(dnc_uuid_read((struct dnc_str){a, sizeof a}, again));
		assert_memory_equal(a, again, sizeof a);
		assert_memory_not_equal(a, b, sizeof a);
	}
}

static void a_listener_that_does_not_accept_is_live(void **state)
{
	enum { CLIENTS = 8 };
	char path[80];
	struct dnc_error err;
	int listener, client[CLIENTS], count = 0, second;

	(void)state;
	snprintf(path, sizeof path, "%s/full", dir);
	listener = dnc_unix_socket(path, true, &err);
	assert_true(listener >= 0);
	assert_int_equal(listen(listener, 0), 0); /* a shorter backlog */
	while (count < CLIENTS && (client[count] = dnc_unix_socket(path, false, &err)) >= 0)
		count++;
	assert_in_range(count, 1, CLIENTS - 1);
	assert_int_equal(err.code, EAGAIN);
	alarm(10); /* it would wait for an accept(2) */
	second = dnc_unix_socket(path, true, &err);
	alarm(0);
	assert_int_equal(second, -1);
	assert_int_equal(err.code, EADDRINUSE);
	assert_non_null(strstr(err.message, "another process listens there"));
	while (count)
		close(client[--count]);
	close(listener);
	unlink(path);
}

static void a_socket_file_without_a_listener_is_replaced_a_live_one_is_not(void **state)
{
	char path[80], longest[200];
	struct dnc_error err;
	int listener, client, other;

	(void)state;
	snprintf(path, sizeof path, "%s/socket", dir);
	client = dnc_unix_socket(path, false, &err);
	assert_int_equal(client, -1);
	assert_int_equal(err.code, ENOENT);
	listener = dnc_unix_socket(path, true, &err);
	assert_true(listener >= 0);
	assert_int_equal(fcntl(listener, F_GETFD), FD_CLOEXEC);
	assert_int_equal(dnc_unix_socket(path, true, &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
	client = dnc_unix_socket(path, false, &err);
	assert_true(client >= 0);
	close(accept(listener, NULL, NULL)); /* the second listener's question */
	other = accept(listener, NULL, NULL);
	assert_int_equal(write(client, "x", 1), 1);
	assert_int_equal(read(other, longest, sizeof longest), 1);
	close(other);
	close(client);
	close(listener);
	assert_int_equal(dnc_unix_socket(path, false, &err), -1);
	assert_int_equal(err.code, ECONNREFUSED);
	listener = dnc_unix_socket(path, true, &err);
	assert_true(listener >= 0);
	close(listener);
	unlink(path);
	/* A file that is no socket stays. */
	assert_int_equal(dnc_file_create(path, 0644, DNC_STR("data"), &err), 0);
	assert_int_equal(dnc_unix_socket(path, true, &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
	assert_non_null(strstr(err.message, "not a socket"));
	assert_content(path, "data", 0644);
	unlink(path);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(dnc_unix_socket(longest, true, &err), -1);
	assert_int_equal(err.code, ENAMETOOLONG);
	longest[107] = '\0';
	assert_true(dnc_unix_path_fits(longest, &err));
}

static void a_listening_socket_has_its_mode_and_group(void **state)
{
	static const struct {
		const char *options;
		mode_t mode;
		bool group;
	} good[] = {{"", 0750, false}, {",mode=0600", 0600, false}, {",mode=666", 0666, false},
		{"", 0660, true}, {",mode=0620", 0620, true}};
	gid_t group = getuid() ? getgid() : 1; /* root may take any */
	mode_t mask = umask(0027);
	char path[80], address[128];
	struct dnc_error err;

	(void)state;
	snprintf(path, sizeof path, "%s/socket", dir);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		size_t n = (size_t)snprintf(address, sizeof address, "%s", path);
		struct stat st;
		int fd;

		n += (size_t)snprintf(address + n, sizeof address - n, "%s", good[i].options);
		if (good[i].group)
			snprintf(address + n, sizeof address - n, ",group=%u", group);
		assert_int_equal(dnc_unix_path_length(address), strlen(path));
		fd = dnc_unix_socket(address, true, &err);
		assert_true(fd >= 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, good[i].mode);
		assert_int_equal(st.st_gid, good[i].group ? group : getgid());
		close(fd);
		unlink(path);
	}
	umask(mask);
}

static void a_wrong_option_of_a_socket_is_named(void **state)
{
	static const struct {
		const char *options, *message;
	} bad[] = {{",mode=8", "mode=8: not an octal mode"}, {",mode=", "mode=: not an octal mode"},
		{",mode=0", "not an octal mode"}, {",mode=1777", "not an octal mode"},
		{",mode=06600", "not an octal mode"}, {",mode=-1", "not an octal mode"},
		{",group=no-such-group", "there is no such group"},
		{",group=", "there is no such group"}, {",group=1x", "there is no such group"},
		{",group=4294967295", "there is no such group"},
		{",", "only mode=MODE and group=GROUP"}, {",mode=0660,x", "\"x\": after the comma"},
		{",group=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			"too long for an option"}};
	char path[80], address[256];
	struct dnc_error err;

	(void)state;
	snprintf(path, sizeof path, "%s/socket", dir);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(address, sizeof address, "%s%s", path, bad[i].options);
		assert_int_equal(dnc_unix_socket(address, true, &err), -1);
		assert_int_equal(err.code, EINVAL);
		assert_non_null(strstr(err.message, bad[i].message));
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void a_buffer_says_once_that_it_has_no_memory(void **state)
{
	struct dnc_buf b = {0};
	struct dnc_str view;

	(void)state;
	dnc_buf_u64(&b, 0);
	dnc_buf_u64(&b, UINT64_MAX);
	dnc_buf_i64(&b, INT64_MIN);
	dnc_buf_i64(&b, 7);
	dnc_buf_chr(&b, ' ');
	dnc_buf_percent(&b, DNC_STR("aZ0-._~ /\xff%"));
	dnc_buf_printf(&b, " %s %d", "text", 5);
	for (int i = 0; i < 100; i++)
		dnc_buf_lit(&b, "0123456789");
	assert_true(dnc_buf_ok(&b));
	view = dnc_buf_view(&b);
	assert_true(dnc_str_starts(view, DNC_STR("018446744073709551615-92233720368547758087 "
						 "aZ0-._~%20%2F%FF%25 text 50123456789")));
	assert_int_equal(view.n, 42 + 1 + 19 + 7 + 1000);
	/* More than there can be: nothing is added, and that is remembered until it is cleared. */
	assert_false(dnc_buf_reserve(&b, SIZE_MAX / 2));
	assert_false(dnc_buf_ok(&b));
	assert_int_equal(b.n, view.n);
	dnc_buf_clear(&b);
	assert_true(dnc_buf_ok(&b));
	dnc_buf_free(&b);
	assert_null(b.p);
}

static void an_error_names_its_place(void **state)
{
	struct dnc_error err = {.code = 5, .place = "before", .message = "before"};

	(void)state;
	assert_int_equal(dnc_error_set(&err, 7, "unable to %s", "x"), -1);
	assert_int_equal(err.code, 7);
	assert_true(err.offset == DNC_NO_OFFSET);
	assert_string_equal(err.place, "");
	assert_string_equal(err.message, "unable to x");
	dnc_error_place(&err, "a.b[%d]", 2);
	assert_string_equal(err.place, "a.b[2]");
	assert_string_equal(err.message, "unable to x");
	dnc_error_set(&err, 1, "%0300d", 1);
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
	assert_int_equal(dnc_error_nomem(&err), -1);
	assert_string_equal(err.message, "out of memory");
	/* Callers that do not want to know pass none. */
	assert_int_equal(dnc_error_set(NULL, 1, "x"), -1);
	dnc_error_place(NULL, "x");
}

/* What is logged while standard error is FILE. */
static void log_two_levels(FILE *file)
{
	int saved = dup(STDERR_FILENO);

	dup2(fileno(file), STDERR_FILENO);
	dnc_warn("a \"quoted\" \\ and\ttab");
	dnc_info("too much");
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void messages_are_lines_json_or_have_the_priority_of_the_journal(void **state)
{
	static const char json_end[] = "\"level\":\"warning\",\"program\":\"test\",\"message\":"
				       "\"a \\\"quoted\\\" \\\\ and\\ttab\"}\n";
	char got[3][512] = {""}, journal[64];
	struct stat st;

	(void)state;
	for (int i = 0; i < 3; i++) {
		FILE *file = tmpfile();
		int saved = dup(STDERR_FILENO);

		assert_non_null(file);
		assert_int_equal(fstat(fileno(file), &st), 0);
		snprintf(journal, sizeof journal, "%llu:%llu", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino);
		if (i == 2)
			setenv("JOURNAL_STREAM", journal, 1);
		dup2(fileno(file), STDERR_FILENO);
		dnc_log_open("test", DNC_NOTE, false);
		dup2(saved, STDERR_FILENO);
		close(saved);
		unsetenv("JOURNAL_STREAM");
		dnc_log_json(i == 1);
		log_two_levels(file);
		assert_true(pread(fileno(file), got[i], sizeof got[i] - 1, 0) > 0);
		fclose(file);
	}
	dnc_log_open("test", DNC_NOTE, false);
	assert_string_equal(got[0], "test: a \"quoted\" \\ and\\ttab\n");
	assert_memory_equal(got[1], "{\"time\":\"20", 11);
	assert_int_equal(
		strlen(got[1]), strlen("{\"time\":\"\",") + DNC_TIME_LEN + strlen(json_end));
	assert_string_equal(got[1] + strlen(got[1]) - strlen(json_end), json_end);
	assert_string_equal(got[2], "<4>a \"quoted\" \\ and\\ttab\n");
}

static void a_level_leaves_out_what_is_above_it(void **state)
{
	FILE *file = tmpfile();
	struct stat st;

	(void)state;
	assert_non_null(file);
	dnc_log_level(DNC_ERR);
	log_two_levels(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	assert_int_equal(st.st_size, 0);
	dnc_log_level(DNC_INFO);
	log_two_levels(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	assert_true(st.st_size > 0);
	dnc_log_level(DNC_NOTE);
	fclose(file);
}

static void *read_mask(void *ctx)
{
	pthread_sigmask(SIG_BLOCK, NULL, ctx);
	return NULL;
}

static void a_thread_leaves_signals_to_the_main_one(void **state)
{
	sigset_t inside, before, after;
	pthread_t thread;

	(void)state;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(dnc_thread_start(&thread, read_mask, &inside), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(sigismember(&inside, SIGTERM) && sigismember(&inside, SIGINT) &&
		    sigismember(&inside, SIGHUP));
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

static void a_time_written_over_another_is_the_same(void **state)
{
	static const int64_t times[] = {0, 1, 86399999, 86400000, -1, -86400000, -86400001,
		1790841600000, 1790841600001, 1790927999999, 1790928000000, -62135596800000,
		253402300799999};
	enum { TIMES = sizeof times / sizeof times[0] };

	(void)state;
	for (int i = 0; i < TIMES; i++)
		for (int k = 0; k < TIMES; k++) {
			char whole[DNC_TIME_LEN], again[DNC_TIME_LEN];

			dnc_clock_format(times[k], whole);
			dnc_clock_format(times[i], again);
			dnc_clock_format_again(times[i], times[k], again);
			assert_memory_equal(whole, again, DNC_TIME_LEN);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_written_over_another_is_the_same),
		cmocka_unit_test(times_are_read_in_any_offset_and_written_in_utc),
		cmocka_unit_test(local_times_are_read_as_utc),
		cmocka_unit_test(spans_have_a_unit),
		cmocka_unit_test(lines_do_not_depend_on_how_bytes_arrive),
		cmocka_unit_test(a_typing_error_has_a_nearest_word),
		cmocka_unit_test(what_was_written_before_a_failure_is_not_written_again),
		cmocka_unit_test(an_array_grows_by_doubling_and_keeps_its_elements),
		cmocka_unit_test(an_array_that_cannot_grow_stays_as_it_is),
		cmocka_unit_test(a_list_keeps_its_order_whatever_is_removed),
		cmocka_unit_test(a_bucket_allows_a_burst_and_then_its_rate),
		cmocka_unit_test(a_bucket_whose_limit_changes_keeps_its_tokens),
		cmocka_unit_test_setup_teardown(
			a_file_is_created_once_and_replaced_as_a_whole, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			only_files_and_nameless_pipes_are_read, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_file_that_cannot_be_written_stays_as_it_is, make_dir, remove_dir),
		cmocka_unit_test(a_uuid_is_read_in_either_case_with_its_dashes_or_without),
		cmocka_unit_test(uuids_have_their_version_and_time),
		cmocka_unit_test(a_buffer_says_once_that_it_has_no_memory),
		cmocka_unit_test(an_error_names_its_place),
		cmocka_unit_test(messages_are_lines_json_or_have_the_priority_of_the_journal),
		cmocka_unit_test(a_level_leaves_out_what_is_above_it),
		cmocka_unit_test(a_thread_leaves_signals_to_the_main_one),
		cmocka_unit_test_setup_teardown(
			a_listening_socket_has_its_mode_and_group, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_wrong_option_of_a_socket_is_named, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_listener_that_does_not_accept_is_live, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_socket_file_without_a_listener_is_replaced_a_live_one_is_not, make_dir,
			remove_dir),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
