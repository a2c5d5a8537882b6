/* The link: acknowledgements, inputs and outlets over real sockets and pipes. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/log.h"
#include "link/priv/acks.h"
#include "link/priv/outlet.h"

enum { WAIT_MS = 20000 };

static void an_acknowledgement_is_read_whatever_words_it_has(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t count;
		struct dnc_outcome outcome;
	} cases[] = {
		{"0", true, 0, {0, 0, 0, 0}},
		{"120", true, 120, {0, 0, 0, 0}},
		{"120\r", true, 120, {0, 0, 0, 0}},
		{"120 duplicates=3 rejected=1", true, 120, {3, 1, 0, 0}},
		{"120 dropped=2 rejected=1 duplicates=3", true, 120, {3, 1, 2, 0}},
		{"120 later=9 rejected=1 x y= =z  rejectedness=4 reject=5", true, 120,
			{0, 1, 0, 0}},
		{"120 duplicates=x rejected= dropped=1x", true, 120, {0, 0, 0, 0}},
		{"18446744073709551615", true, UINT64_MAX, {0, 0, 0, 0}},
		{"18446744073709551616", false, 0, {0, 0, 0, 0}},
		{"", false, 0, {0, 0, 0, 0}},
		{" 1", false, 0, {0, 0, 0, 0}},
		{"-1", false, 0, {0, 0, 0, 0}},
		{"1x", false, 0, {0, 0, 0, 0}},
		{"{\"type\":1}", false, 0, {0, 0, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_outcome o;
		uint64_t count = 0;
		bool ok = ack_read(dnc_str(cases[i].text), &count, &o);

		if (ok != cases[i].ok ||
			(ok && (count != cases[i].count ||
				       memcmp(&o, &cases[i].outcome, sizeof o) != 0)))
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

static void what_is_written_is_read_again(void **state)
{
	static const struct {
		uint64_t count;
		struct dnc_outcome outcome;
		const char *text;
	} cases[] = {
		{0, {0, 0, 0, 0}, "0\n"},
		{7, {0, 0, 0, 0}, "7\n"},
		{7, {1, 0, 2, 0}, "7 duplicates=1 dropped=2\n"},
		{UINT64_MAX, {UINT64_MAX, UINT64_MAX, UINT64_MAX, 0},
			"18446744073709551615 duplicates=18446744073709551615 "
			"rejected=18446744073709551615 dropped=18446744073709551615\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[ACK_MAX];
		size_t n = ack_write(text, cases[i].count, &cases[i].outcome);
		struct dnc_outcome o;
		uint64_t count;

		assert_int_equal(n, strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, n);
		assert_true(ack_read((struct dnc_str){text, n - 1}, &count, &o));
		assert_int_equal(count, cases[i].count);
		assert_memory_equal(&o, &cases[i].outcome, sizeof o);
	}
}

/* Two producers take turns; every third line is dropped. More notes than the queue starts with. */
static void spans_are_acknowledged_in_order_and_not_before_they_are_safe(void **state)
{
	struct ack_queue q = {0};
	struct ack_span span;
	uint64_t lines[2] = {0, 0}, outlet = 0, passed[2] = {0, 0}, dropped[2] = {0, 0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		bool drop = i % 3 == 0;

		outlet += !drop;
		assert_true(acks_record(&q, (uint64_t)i % 2 + 1, ++lines[i % 2], outlet,
			drop ? LINE_DROPPED : LINE_FORWARDED));
	}
	for (uint64_t safe = 0; safe <= outlet; safe++)
		while (acks_take(&q, safe, &span)) {
			assert_true(span.outlet_lines <= safe);
			passed[span.stream_id - 1] += span.forwarded;
			dropped[span.stream_id - 1] += span.dropped;
			lines[span.stream_id - 1] -= span.forwarded + span.dropped + span.rejected;
		}
	assert_int_equal(q.count, 0);
	assert_int_equal(lines[0] + lines[1], 0);
	assert_int_equal(passed[0] + passed[1], outlet);
	assert_int_equal(dropped[0] + dropped[1], 1000 - outlet);
	acks_finish(&q);
}

/* Four producers take turns in groups of 7 lines; their reader says in steps of STEP lines what became of them: it has
 * known all, or every NTH. No line is judged twice, whatever part of a note an acknowledgement covers. */
static void each_outcome_goes_to_one_line(void **state)
{
	enum { PRODUCERS = 4, LINES = 5000, GROUP = 7 };
	static const struct {
		uint64_t step, nth;
		bool rejected;
	} cases[] = {{1, 1, false}, {64, 1, false}, {100, 1, false}, {4096, 1, true}, {3, 2, false},
		{500, 3, true}, {PRODUCERS * LINES, 2, false}, {11, LINES, false}};

	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		uint64_t lines[PRODUCERS] = {0}, told[PRODUCERS] = {0}, outlet = 0, sum = 0;
		struct ack_queue q = {0};
		struct dnc_outcome total = {0};
		struct ack_span span;

		for (int i = 0; outlet < PRODUCERS * LINES; i++) {
			uint64_t p = (uint64_t)i / GROUP % PRODUCERS;

			if (lines[p] < LINES)
				assert_true(acks_record(
					&q, p + 1, ++lines[p], ++outlet, LINE_FORWARDED));
		}
		for (uint64_t safe = 0; safe < outlet;) {
			uint64_t *slot = cases[c].rejected ? &total.rejected : &total.duplicates;

			safe = safe + cases[c].step < outlet ? safe + cases[c].step : outlet;
			*slot = safe / cases[c].nth;
			acks_resolve(&q, safe, &total);
			acks_resolve(&q, safe, &total);
			while (acks_take(&q, safe, &span)) {
				uint64_t its = span.duplicates + span.rejected + span.dropped;

				assert_int_equal(span.resolved, span.forwarded);
				assert_in_range(its, 0, span.forwarded);
				told[span.stream_id - 1] += its;
				sum += its;
			}
		}
		assert_int_equal(q.count, 0);
		assert_int_equal(sum, outlet / cases[c].nth);
		for (int p = 0; p < PRODUCERS && cases[c].nth == 1; p++)
			assert_int_equal(told[p], LINES);
		acks_finish(&q);
	}
}

static void the_oldest_lines_get_the_worst_outcomes(void **state)
{
	struct ack_queue q = {0};
	struct ack_span span;

	(void)state;
	assert_true(acks_record(&q, 1, 1, 1, LINE_FORWARDED));
	assert_true(acks_record(&q, 2, 1, 2, LINE_FORWARDED));
	assert_true(acks_record(&q, 2, 2, 3, LINE_FORWARDED));
	/* The outlet's line 4 is of a file. */
	assert_true(acks_record(&q, 1, 2, 5, LINE_FORWARDED));
	acks_resolve(&q, 2, &(struct dnc_outcome){.duplicates = 1});
	assert_true(acks_take(&q, 2, &span));
	assert_int_equal(span.duplicates, 1);
	assert_int_equal(span.unclear, 1);
	assert_false(acks_take(&q, 2, &span));
	acks_resolve(&q, 5, &(struct dnc_outcome){.duplicates = 3, .rejected = 1});
	assert_true(acks_take(&q, 5, &span));
	assert_int_equal(span.stream_id, 2);
	assert_int_equal(span.rejected, 1);
	assert_int_equal(span.duplicates, 0);
	assert_int_equal(
		span.unclear, 2); /* it may have been the file's, or the other producer's */
	assert_true(acks_take(&q, 5, &span));
	assert_int_equal(span.duplicates, 1);
	assert_int_equal(span.unclear, 1);
	/* More than there are lines goes nowhere. */
	assert_true(acks_record(&q, 1, 3, 6, LINE_FORWARDED));
	acks_resolve(&q, 6, &(struct dnc_outcome){.duplicates = 100, .rejected = 1});
	assert_true(acks_take(&q, 6, &span));
	assert_int_equal(span.duplicates, 1);
	acks_finish(&q);
}

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

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-link-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/out", dir);
	unlink(path);
	return rmdir(dir);
}

static int listen_on(const char *name, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", dir, name);
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static int connect_to(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", dir, name);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until TEXT has come, whole. */
static void expect(int fd, const char *text)
{
	char got[4096];
	size_t n = 0;

	while (n < strlen(text)) {
		struct pollfd entry = {.fd = fd, .events = POLLIN};
		ssize_t more;

		if (poll(&entry, 1, WAIT_MS) != 1)
			fail_msg("waited in vain for %s, got %.*s", text, (int)n, got);
		more = read(fd, got + n, sizeof got - n);
		if (more <= 0)
			fail_msg("closed before %s, after %.*s", text, (int)n, got);
		n += (size_t)more;
	}
	if (n != strlen(text) || memcmp(got, text, n) != 0)
		fail_msg("expected %s, got %.*s", text, (int)n, got);
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
	struct sockaddr_un address;
	struct dnc_error err;
	char name[128], in_name[128];
	pthread_t thread;
	void *failed;
	int listener = listen_on("out", &address), reader, a, b;

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
}

static void a_reader_that_claims_what_it_was_not_sent_is_left(void **state)
{
	static const char *const bad[] = {"2\n", "nonsense\n", "\n", "1x\n"};
	struct sockaddr_un address;
	struct dnc_error err;
	struct dnc_outlet *out;
	char name[128];
	int listener = listen_on("out", &address), reader;

	(void)state;
	snprintf(name, sizeof name, "unix:%s/out", dir);
	out = dnc_outlet_open(name, WAIT_MS, &err);
	assert_non_null(out);
	assert_int_equal(dnc_outlet_line(out, "a", 1, &err), 0);
	for (size_t i = 0; i <= sizeof bad / sizeof bad[0]; i++) {
		bool good = i == sizeof bad / sizeof bad[0];

		/* It connects, sends, and finds the answer within these waits. */
		assert_int_equal(dnc_outlet_finish(out, 1000, &err), -1);
		assert_int_equal(err.code, EAGAIN);
		reader = accept(listener, NULL, NULL);
		expect(reader, "a\n");
		send_text(reader, good ? "1 rejected=1\n" : bad[i]);
		assert_int_equal(dnc_outlet_finish(out, good ? WAIT_MS : 1, &err), good ? 0 : -1);
		close(reader);
	}
	assert_int_equal(dnc_outlet_safe(out), 1);
	assert_int_equal(dnc_outlet_outcome(out).rejected, 1);
	dnc_outlet_free(out);
	close(listener);
}

static void a_pipe_without_reader_is_found_while_idle(void **state)
{
	struct dnc_error err;
	struct dnc_outlet *out;
	struct pollfd entry;
	char name[16];
	int fds[2], timeout;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof name, "fd:%d", fds[1]);
	out = dnc_outlet_open(name, 0, &err);
	assert_non_null(out);
	assert_false(dnc_outlet_acknowledges(out));
	outlet_poll(out, &entry, &timeout);
	assert_int_equal(poll(&entry, 1, 0), 0);
	assert_int_equal(outlet_turn(out, entry.revents, &err), 0);
	close(fds[0]);
	assert_int_equal(poll(&entry, 1, WAIT_MS), 1);
	assert_int_equal(outlet_turn(out, entry.revents, &err), -1);
	assert_int_equal(err.code, EPIPE);
	assert_true(dnc_outlet_reader_left(out));
	dnc_outlet_free(out);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_acknowledgement_is_read_whatever_words_it_has),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(spans_are_acknowledged_in_order_and_not_before_they_are_safe),
		cmocka_unit_test(each_outcome_goes_to_one_line),
		cmocka_unit_test(the_oldest_lines_get_the_worst_outcomes),
		cmocka_unit_test(half_a_line_counts_at_the_end_of_pipes_not_of_sockets),
		cmocka_unit_test(a_bad_descriptor_ends_alone),
		cmocka_unit_test(a_file_that_shrinks_while_it_is_read_is_a_failure),
		cmocka_unit_test_setup_teardown(
			what_the_reader_says_comes_back_once, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_reader_that_claims_what_it_was_not_sent_is_left, make_dir, remove_dir),
		cmocka_unit_test(a_pipe_without_reader_is_found_while_idle),
	};

	dnc_log_open("test_link", DNC_ERR, false);
	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
