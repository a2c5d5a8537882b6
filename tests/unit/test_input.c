/* Inputs: files, pipes and producers on real sockets. */
#include "sockets.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include "base/log.h"
#include "link/link.h"

/* What an input's owner saw. */
struct seen {
	struct dnc_outlet *out;
	struct dnc_input *in;
	char text[4096]; /* lines, each with a bar behind it */
	int opened, closed, failed;
};

static int on_open(void *ctx, struct dnc_stream *s)
{
	assert_int_not_equal(s->id, 0);
	((struct seen *)ctx)->opened++;
	return 0;
}

/* A stage: "reject" is rejected, "drop" dropped, all else passed. */
static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct seen *seen = ctx;
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof seen->text - n, "%.*s|", DNC_STR_ARG(line->text));
	s->rejected += dnc_str_eq(line->text, DNC_STR("reject"));
	if (!seen->out || dnc_str_eq(line->text, DNC_STR("reject")) ||
		dnc_str_eq(line->text, DNC_STR("drop")))
		return 0;
	return dnc_outlet_line(seen->out, line->text.p, line->text.n, NULL);
}

static int on_close(void *ctx, struct dnc_stream *s)
{
	(void)s;
	((struct seen *)ctx)->closed++;
	return 0;
}

static int on_idle(void *ctx)
{
	struct seen *seen = ctx;

	return seen->out ? dnc_outlet_flush(seen->out, NULL) : 0;
}

static void on_failed(void *ctx, const struct dnc_stream *s, const struct dnc_error *err)
{
	(void)s;
	assert_int_not_equal(err->code, 0);
	((struct seen *)ctx)->failed++;
}

static struct dnc_input *new_input(struct seen *seen)
{
	const struct dnc_input_events events = {.open = on_open,
		.line = on_line,
		.close = on_close,
		.idle = on_idle,
		.failed = on_failed,
		.ctx = seen};
	struct dnc_input *in = dnc_input_new(32, &events, seen->out);

	assert_non_null(in);
	seen->in = in;
	return in;
}

static void half_a_line_counts_at_the_end_of_pipes_not_of_sockets(void **state)
{
	static const struct {
		bool socket;
		const char *sent, *seen;
	} cases[] = {
		{false, "+4930765123\n+4930765", "+4930765123|+4930765|"},
		{true, "+4930765123\n+4930765", "+4930765123|"},
		{true, "+4930765123\r\n\n", "+4930765123||"},
		{true, "+4930765", ""},
		{true, "", ""},
		{true, "0123456789012345678901234567890123456789",
			"01234567890123456789012345678901|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct seen seen = {0};
		struct dnc_input *in = new_input(&seen);
		struct dnc_error err;
		char address[16];
		int fds[2];

		assert_int_equal(
			cases[i].socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
		assert_int_equal(
			write(fds[1], cases[i].sent, strlen(cases[i].sent)), strlen(cases[i].sent));
		close(fds[1]);
		snprintf(address, sizeof address, "fd:%d", fds[0]);
		assert_int_equal(dnc_input_add_address(in, address, &err), 0);
		assert_int_equal(dnc_input_run(in), 0);
		if (strcmp(seen.text, cases[i].seen) != 0)
			fail_msg("case %zu: %s", i, seen.text);
		assert_int_equal(seen.opened, 1);
		assert_int_equal(seen.closed, 1);
		assert_int_equal(seen.failed, 0);
		dnc_input_free(in);
		close(fds[0]);
	}
}

static void a_bad_descriptor_ends_alone(void **state)
{
	struct seen seen = {0};
	struct dnc_input *in = new_input(&seen);
	struct dnc_error err;
	char bad[16], good[16];
	int fds[2], other[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(other), 0);
	snprintf(bad, sizeof bad, "fd:%d", other[0]);
	snprintf(good, sizeof good, "fd:%d", fds[0]);
	assert_int_equal(dnc_input_add_address(in, bad, &err), 0);
	assert_int_equal(dnc_input_add_address(in, good, &err), 0);
	close(other[0]);
	close(other[1]);
	assert_int_equal(write(fds[1], "a\n", 2), 2);
	close(fds[1]);
	assert_int_equal(dnc_input_run(in), 0);
	assert_string_equal(seen.text, "a|");
	assert_int_equal(seen.failed, 1);
	dnc_input_free(in);
	close(fds[0]);
}

enum { FILE_LINES = 1 << 18 };

struct resized {
	int fd, failed, cut_short;
	uint64_t lines;
	off_t to; /* its size from the first line on */
};

static int resize_it(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct resized *r = ctx;

	(void)s;
	(void)line;
	return r->lines++ ? 0 : ftruncate(r->fd, r->to);
}

static int on_resized_close(void *ctx, struct dnc_stream *s)
{
	((struct resized *)ctx)->cut_short = s->cut_short;
	return 0;
}

static int pass_idle(void *ctx)
{
	(void)ctx;
	return 0;
}

static void on_resized_failed(void *ctx, const struct dnc_stream *s, const struct dnc_error *err)
{
	assert_int_equal(err->code, EIO);
	assert_non_null(strstr(err->message, s->name));
	((struct resized *)ctx)->failed++;
}

static void a_file_that_shrinks_while_it_is_read_is_a_failure(void **state)
{
	static const struct {
		off_t to;
		bool fails;
	} cases[] = {{2 * FILE_LINES - 1, true}, {0, true}, {2 * FILE_LINES, false},
		{2 * FILE_LINES + 100, false}};
	static char text[2 * FILE_LINES];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 ? '\n' : 'a';
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char path[] = "/tmp/dnc-link-XXXXXX";
		struct resized r = {.fd = mkstemp(path), .to = cases[i].to};
		const struct dnc_input_events events = {.line = resize_it,
			.close = on_resized_close,
			.idle = pass_idle,
			.failed = on_resized_failed,
			.ctx = &r};
		struct dnc_input *in = dnc_input_new(1024, &events, NULL);
		struct dnc_error err;

		assert_true(r.fd >= 0 && in);
		assert_int_equal(write(r.fd, text, sizeof text), sizeof text);
		assert_int_equal(dnc_input_add_file(in, path, &err), 0);
		assert_int_equal(dnc_input_run(in), 0);
		assert_int_equal(r.failed, cases[i].fails);
		assert_int_equal(r.cut_short, cases[i].fails);
		if (!cases[i].fails)
			assert_true(r.lines >= FILE_LINES);
		dnc_input_free(in);
		unlink(path);
		close(r.fd);
	}
}

static void *run(void *ctx)
{
	return dnc_input_run(ctx) == 0 ? NULL : ctx;
}

/* A stage between two producers and a reader. One acknowledgement speaks of both: what was rejected is told to the one
 * whose line was first, and to no other. */
static void what_the_reader_says_comes_back_once(void **state)
{
	struct seen seen = {0};
	struct dnc_error err;
	char name[128], in_name[128];
	pthread_t thread;
	void *failed;
	int listener = listen_on("out", 5), reader, a, b;

	(void)state;
	snprintf(name, sizeof name, "unix:%s/out", dir);
	seen.out = dnc_outlet_open(name, WAIT_MS, &err);
	assert_non_null(seen.out);
	assert_true(dnc_outlet_acknowledges(seen.out));
	new_input(&seen);
	snprintf(in_name, sizeof in_name, "unix:%s/in", dir);
	assert_int_equal(dnc_input_add_address(seen.in, in_name, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, seen.in), 0);

	a = connect_to("in");
	send_text(a, "a1\nreject\na2\n");
	reader = accept(listener, NULL, NULL);
	expect(reader, "a1\na2\n");
	send_text(reader, "1\n2 duplicates=1\n");
	expect(a, "3 duplicates=1 rejected=1\n");

	b = connect_to("in");
	send_text(b, "b1\ndrop\nb2\n");
	expect(reader, "b1\nb2\n");
	send_text(a, "a3\n");
	expect(reader, "a3\n");
	send_text(reader, "5 duplicates=1 rejected=1 unknown=7\n");
	expect(b, "3 rejected=1 dropped=1 unclear=2\n");
	expect(a, "4 duplicates=1 rejected=1 unclear=1\n");

	/* The connection is lost: what is sent again counts from 0. */
	send_text(b, "b3\nb4\n");
	expect(reader, "b3\nb4\n");
	send_text(reader, "6 duplicates=1 rejected=1\n");
	close(reader);
	reader = accept(listener, NULL, NULL);
	expect(reader, "b4\n");
	send_text(reader, "1 duplicates=1\n");
	expect(b, "5 duplicates=1 rejected=1 dropped=1 unclear=2\n");

	dnc_input_stop(seen.in);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(dnc_input_finish(seen.in, WAIT_MS), 0);
	assert_int_equal(dnc_outlet_outcome(seen.out).duplicates, 2);
	assert_int_equal(dnc_outlet_outcome(seen.out).rejected, 1);
	assert_int_equal(dnc_outlet_safe(seen.out), 7);
	dnc_input_free(seen.in);
	dnc_outlet_free(seen.out);
	close(a);
	close(b);
	close(reader);
	close(listener);
	unlink(path_of("out"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_line_counts_at_the_end_of_pipes_not_of_sockets),
		cmocka_unit_test(a_bad_descriptor_ends_alone),
		cmocka_unit_test(a_file_that_shrinks_while_it_is_read_is_a_failure),
		cmocka_unit_test_setup_teardown(
			what_the_reader_says_comes_back_once, make_dir, remove_dir),
	};

	signal(SIGPIPE, SIG_IGN);
	dnc_log_open("test_input", DNC_ERR, false);
	return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
