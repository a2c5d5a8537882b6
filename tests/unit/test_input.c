/* Inputs: files, pipes and producers on real sockets. */
#include "sockets.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include "base/log.h"
#include "link/link.h"
#include "link/priv/outlet.h"

/* What an input's owner saw. */
struct seen {
	struct dnc_outlet *out;
	struct dnc_input *in;
	char text[4096]; /* lines, each followed by a bar */
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

static void a_file_that_changes_while_it_is_read_is_a_failure(void **state)
{
	static const struct {
		off_t to;
		bool unpacks, fails;
	} cases[] = {{2 * FILE_LINES - 1, false, true}, {0, false, true},
		{2 * FILE_LINES, false, false}, {2 * FILE_LINES + 100, false, false},
		{2 * FILE_LINES - 1, true, true}, {2 * FILE_LINES + 100, true, true}};
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
		if (cases[i].unpacks)
			dnc_input_unpack(in, &(struct dnc_unpack_options){.limit = {1 << 30, ""}});
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
	expect(b, "5 duplicates=1 rejected=1 dropped=1 unclear=3\n");

	dnc_input_stop(seen.in);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(dnc_input_finish(seen.in, WAIT_MS), 0);
	assert_int_equal(dnc_outlet_outcome(seen.out).duplicates, 2);
	assert_int_equal(dnc_outlet_outcome(seen.out).rejected, 1);
	assert_int_equal(outlet_safe(seen.out), 7);
	dnc_input_free(seen.in);
	dnc_outlet_free(seen.out);
	close(a);
	close(b);
	close(reader);
	close(listener);
	unlink(path_of("out"));
}

/* An input in a thread of its own, and what its owner saw. Other threads read the counts. */
struct service {
	struct dnc_outlet *out; /* NULL: each line is acknowledged at once */
	struct dnc_input *in;
	pthread_t thread;
	atomic_int opened, closed, failed, lines, too_long, woken, ended;
	int rc, error; /* of run, and the code of the last failure */
	bool cut_short;
};

static int service_open(void *ctx, struct dnc_stream *s)
{
	(void)s;
	((struct service *)ctx)->opened++;
	return 0;
}

static int service_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct service *service = ctx;

	service->too_long += line->too_long;
	service->lines++;
	if (service->out)
		return dnc_outlet_line(service->out, line->text.p, line->text.n, NULL);
	dnc_input_ack(service->in, s->id, line->number,
		&(struct dnc_outcome){.duplicates = line->number % 10 == 0});
	return 0;
}

static int service_close(void *ctx, struct dnc_stream *s)
{
	struct service *service = ctx;

	service->cut_short = s->cut_short;
	service->closed++;
	return 0;
}

static int service_idle(void *ctx)
{
	struct service *service = ctx;

	return service->out ? dnc_outlet_flush(service->out, NULL) : 0;
}

static void service_woken(void *ctx)
{
	((struct service *)ctx)->woken++;
}

static void service_failed(void *ctx, const struct dnc_stream *s, const struct dnc_error *err)
{
	struct service *service = ctx;

	assert_non_null(strstr(err->message, s->name));
	service->error = err->code;
	service->failed++;
}

static const struct dnc_input_events service_events = {.open = service_open,
	.line = service_line,
	.close = service_close,
	.idle = service_idle,
	.woken = service_woken,
	.failed = service_failed};

static void new_service(struct service *s, struct dnc_outlet *out)
{
	struct dnc_input_events events = service_events;

	*s = (struct service){.out = out};
	events.ctx = s;
	s->in = dnc_input_new(64, &events, out);
	assert_non_null(s->in);
}

static void *run_service(void *ctx)
{
	struct service *s = ctx;

	s->rc = dnc_input_run(s->in);
	s->ended = 1;
	return NULL;
}

/* Listens on "in". */
static void start_service(struct service *s, struct dnc_outlet *out)
{
	static char address[160];
	struct dnc_error err;

	new_service(s, out);
	snprintf(address, sizeof address, "unix:%s", path_of("in"));
	assert_int_equal(dnc_input_add_address(s->in, address, &err), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, run_service, s), 0);
}

static void stop_service(struct service *s)
{
	dnc_input_stop(s->in);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	assert_int_equal(s->rc, 0);
	assert_int_equal(s->closed, s->opened);
	dnc_input_free(s->in);
	assert_int_equal(access(path_of("in"), F_OK), -1); /* its socket is removed */
}

/* All send the first half of their lines, then all the second: no connection waits for another. */
static void many_producers_are_acknowledged_their_own_lines(void **state)
{
	enum { PRODUCERS = 60, LINES = 25 };
	int fd[PRODUCERS];
	struct service s;

	(void)state;
	start_service(&s, NULL);
	for (int i = 0; i < PRODUCERS; i++)
		fd[i] = connect_to("in");
	for (int line = 1; line <= LINES; line++) {
		for (int i = 0; i < PRODUCERS; i++)
			send_text(fd[i], "half");
		for (int i = 0; i < PRODUCERS; i++)
			send_text(fd[i], " and half\n");
	}
	for (int i = 0; i < PRODUCERS; i++)
		expect_last(fd[i], "25 duplicates=2");
	assert_int_equal(s.lines, PRODUCERS * LINES);
	assert_int_equal(s.opened, PRODUCERS);
	for (int i = 0; i < PRODUCERS; i++)
		close(fd[i]);
	WAIT_FOR(s.closed == PRODUCERS);
	stop_service(&s);
}

static void a_producer_that_goes_in_the_middle_of_a_line_leaves_its_whole_lines(void **state)
{
	int listener = listen_on("out", 5), reader, gone, other;
	char address[160];
	struct dnc_error err;
	struct dnc_outlet *out;
	struct service s;

	(void)state;
	snprintf(address, sizeof address, "unix:%s", path_of("out"));
	out = dnc_outlet_open(address, WAIT_MS, &err);
	start_service(&s, out);
	gone = connect_to("in");
	send_text(gone, "a\nb\nhal");
	reader = accept(listener, NULL, NULL);
	expect(reader, "a\nb\n");
	close(gone);
	WAIT_FOR(s.closed == 1);
	other = connect_to("in");
	send_text(other, "c\n");
	expect(reader, "c\n");
	/* The acknowledgement of the lines of the one that has gone is for nobody. */
	send_text(reader, "3\n");
	expect(other, "1\n");
	assert_int_equal(s.lines, 3);
	assert_int_equal(s.failed, 0);
	stop_service(&s);
	dnc_outlet_free(out);
	close(other);
	close(reader);
	close(listener);
	unlink(path_of("out"));
}

static void a_producer_that_has_sent_all_waits_for_its_acknowledgements(void **state)
{
	int listener = listen_on("out", 5), reader, waits, hangs_up;
	char address[160];
	struct dnc_error err;
	struct dnc_outlet *out;
	struct service s;

	(void)state;
	snprintf(address, sizeof address, "unix:%s", path_of("out"));
	out = dnc_outlet_open(address, WAIT_MS, &err);
	start_service(&s, out);
	waits = connect_to("in");
	send_text(waits, "a\nb\n");
	reader = accept(listener, NULL, NULL);
	expect(reader, "a\nb\n");
	hangs_up = connect_to("in");
	send_text(hangs_up, "c\n");
	expect(reader, "c\n");
	shutdown(waits, SHUT_WR);
	shutdown(hangs_up, SHUT_WR);
	WAIT_FOR(s.closed == 2); /* they send no more */
	close(hangs_up);
	send_text(reader, "1\n");
	send_text(reader, "3\n");
	expect_last(waits, "2");
	expect_end(waits);
	/* A producer that sent nothing is owed nothing. */
	close(waits);
	waits = connect_to("in");
	shutdown(waits, SHUT_WR);
	expect_end(waits);
	stop_service(&s);
	assert_int_equal(outlet_safe(out), 3);
	dnc_outlet_free(out);
	close(waits);
	close(reader);
	close(listener);
	unlink(path_of("out"));
}

/* The producer is an outlet: after the service is gone, it connects to the next one and sends again what the
 * first has not acknowledged. */
static void a_producer_resumes_where_the_service_stopped(void **state)
{
	int listener = listen_on("next", 5), reader;
	char address[160], next[160];
	struct dnc_error err;
	struct dnc_outlet *producer, *out;
	struct service s;

	(void)state;
	snprintf(next, sizeof next, "unix:%s", path_of("next"));
	snprintf(address, sizeof address, "unix:%s", path_of("in"));
	out = dnc_outlet_open(next, WAIT_MS, &err);
	start_service(&s, out);
	producer = dnc_outlet_open(address, WAIT_MS, &err);
	for (int i = 0; i < 3; i++)
		assert_int_equal(dnc_outlet_line(producer, &"abc"[i], 1, &err), 0);
	assert_int_equal(dnc_outlet_flush(producer, &err), 0);
	reader = accept(listener, NULL, NULL);
	expect(reader, "a\nb\nc\n");
	stop_service(&s);
	assert_int_equal(s.cut_short, true);
	dnc_outlet_free(out);
	close(reader);
	assert_int_equal(dnc_outlet_finish(producer, 1, &err), -1);
	assert_int_equal(outlet_safe(producer), 0);

	start_service(&s, NULL);
	assert_int_equal(dnc_outlet_line(producer, "d", 1, &err), 0);
	assert_int_equal(dnc_outlet_finish(producer, WAIT_MS, &err), 0);
	assert_int_equal(outlet_safe(producer), 4);
	assert_int_equal(s.lines, 4);
	dnc_outlet_free(producer);
	stop_service(&s);
	close(listener);
	unlink(path_of("next"));
}

static void a_line_that_is_too_long_is_one_line_and_acknowledged(void **state)
{
	char line[1000];
	struct service s;
	int fd;

	(void)state;
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	start_service(&s, NULL);
	fd = connect_to("in");
	for (int i = 0; i < 100; i++)
		send_text(fd, line);
	send_text(fd, "\nshort\n");
	expect_last(fd, "2");
	assert_int_equal(s.lines, 2);
	assert_int_equal(s.too_long, 1);
	stop_service(&s);
	close(fd);
}

/* Its acknowledgements fill the socket: they are left out until it reads. */
static void a_producer_that_reads_no_acknowledgements_is_served(void **state)
{
	enum { LINES = 2000 };
	struct service s;
	int fd, small = 1;

	(void)state;
	start_service(&s, NULL);
	fd = connect_to("in");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (int i = 1; i <= LINES; i++) {
		send_text(fd, "line\n");
		WAIT_FOR(s.lines == i);
	}
	expect_last(fd, "2000 duplicates=200");
	stop_service(&s);
	close(fd);
}

/* One that reads no more is read to its end: its lines count. */
static void a_producer_that_shuts_its_reading_side_is_read(void **state)
{
	struct service s;
	int fd;

	(void)state;
	start_service(&s, NULL);
	fd = connect_to("in");
	shutdown(fd, SHUT_RD);
	send_text(fd, "a\n");
	WAIT_FOR(s.lines == 1);
	send_text(fd, "b\nc\n");
	WAIT_FOR(s.lines == 3);
	assert_int_equal(s.failed, 0);
	close(fd);
	WAIT_FOR(s.closed == 1);
	stop_service(&s);
}

static void producers_wait_while_no_descriptors_are_left(void **state)
{
	struct sockaddr_un address = address_of("in");
	struct rlimit before, none;
	struct service s;
	int a, b;

	(void)state;
	start_service(&s, NULL);
	a = connect_to("in");
	send_text(a, "a\n");
	expect(a, "1\n");
	b = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){(rlim_t)b + 1, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	assert_int_equal(connect(b, (struct sockaddr *)&address, sizeof address), 0);
	send_text(b, "b\n");
	/* The other is served meanwhile. */
	send_text(a, "a\n");
	expect(a, "2\n");
	assert_int_equal(s.lines, 2);
	setrlimit(RLIMIT_NOFILE, &before);
	expect(b, "1\n");
	stop_service(&s);
	close(a);
	close(b);
}

/* poll(2) refuses more entries than there may be descriptors. */
static void an_input_that_cannot_wait_says_so_and_goes_on(void **state)
{
	struct rlimit before, none;
	struct service s;
	int fd;

	(void)state;
	start_service(&s, NULL);
	fd = connect_to("in");
	send_text(fd, "a\n");
	expect(fd, "1\n");
	assert_false(dnc_input_failing(s.in));
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){1, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	dnc_input_wake(s.in);
	WAIT_FOR(dnc_input_failing(s.in));
	send_text(fd, "b\n");
	setrlimit(RLIMIT_NOFILE, &before);
	expect(fd, "2\n");
	assert_false(dnc_input_failing(s.in));
	stop_service(&s);
	close(fd);
}

static void a_wake_up_reaches_the_owner_in_its_thread(void **state)
{
	struct service s;

	(void)state;
	start_service(&s, NULL);
	dnc_input_wake(s.in);
	WAIT_FOR(s.woken == 1);
	dnc_input_wake(s.in);
	WAIT_FOR(s.woken == 2);
	assert_int_equal(s.ended, 0);
	stop_service(&s);
}

static void files_are_read_in_order_and_one_that_is_missing_fails_alone(void **state)
{
	const char *names[] = {"one", "missing", "two"};
	char paths[3][128];
	struct seen seen = {0};
	struct dnc_input *in = new_input(&seen);
	struct dnc_error err;
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		strcpy(paths[i], path_of(names[i]));
		assert_int_equal(dnc_input_add_file(in, paths[i], &err), 0);
		if (i == 1)
			continue;
		fd = open(paths[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, i ? "c\nd" : "a\nb\n", i ? 3 : 4), i ? 3 : 4);
		close(fd);
	}
	assert_int_equal(dnc_input_run(in), 0);
	assert_string_equal(seen.text, "a|b|c|d|");
	assert_int_equal(seen.opened, 2);
	assert_int_equal(seen.closed, 2);
	assert_int_equal(seen.failed, 1);
	dnc_input_free(in);
	unlink(paths[0]);
	unlink(paths[2]);
}

static void standard_input_is_a_file_named_stdin(void **state)
{
	int saved = dup(STDIN_FILENO), fds[2];
	struct seen seen = {0};
	struct dnc_input *in = new_input(&seen);
	struct dnc_error err;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	assert_int_equal(write(fds[1], "a\nb", 3), 3);
	close(fds[1]);
	assert_int_equal(dnc_input_add_file(in, "-", &err), 0);
	assert_int_equal(dnc_input_run(in), 0);
	assert_string_equal(seen.text, "a|b|");
	dnc_input_free(in);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	else
		close(STDIN_FILENO);
	close(saved);
}

static void addresses_of_inputs_are_checked(void **state)
{
	static const struct {
		const char *address;
		int code;
	} cases[] = {{"unix:", EINVAL}, {"file", EINVAL}, {"fd:99999", EBADF}, {"fd:", EBADF},
		{"systemd", EINVAL}, {"unix:/no/such/directory/socket", ENOENT}};
	struct seen seen = {0};
	struct dnc_input *in = new_input(&seen);
	struct dnc_error err;

	(void)state;
	unsetenv("LISTEN_PID");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (dnc_input_add_address(in, cases[i].address, &err) != -1 ||
			err.code != cases[i].code)
			fail_msg("%s", cases[i].address);
	}
	assert_int_equal(dnc_input_run(in), 0); /* nothing to read */
	dnc_input_free(in);
	dnc_input_free(NULL);
}

/* The descriptors from 3 on are those that the service manager passes. */
static void a_socket_of_the_service_manager_is_listened_on_and_its_file_kept(void **state)
{
	enum { PASSED = 3 };
	int saved = fcntl(PASSED, F_DUPFD_CLOEXEC, 10), listener = listen_on("in", 5), fd, other;
	struct dnc_error err;
	struct service s;
	char pid[16];

	(void)state;
	if (listener != PASSED) {
		assert_int_equal(dup2(listener, PASSED), PASSED);
		close(listener);
	}
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	new_service(&s, NULL);
	assert_int_equal(dnc_input_add_address(s.in, "systemd", &err), 0);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	assert_int_equal(pthread_create(&s.thread, NULL, run_service, &s), 0);
	fd = connect_to("in");
	send_text(fd, "a\n");
	expect(fd, "1\n");
	close(fd);
	WAIT_FOR(s.closed == 1);
	/* A descriptor that is no socket any more ends; nothing else is left to read. */
	other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(other, PASSED);
	close(other);
	dnc_input_wake(s.in);
	WAIT_FOR(s.ended);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	assert_int_equal(s.rc, 0);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.error, ENOTSOCK);
	dnc_input_free(s.in);
	assert_int_equal(unlink(path_of("in")), 0);
	if (saved >= 0) {
		dup2(saved, PASSED);
		close(saved);
	}
}

/* The owner's callbacks: which of them fails, and how often each was called. */
struct failing_owner {
	enum { FAIL_OPEN, FAIL_LINE, FAIL_CLOSE, FAIL_IDLE } fails;
	int opened, closed;
};

static int failing_open(void *ctx, struct dnc_stream *s)
{
	struct failing_owner *o = ctx;

	(void)s;
	o->opened++;
	return o->fails == FAIL_OPEN ? -1 : 0;
}

static int failing_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	(void)s;
	(void)line;
	return ((struct failing_owner *)ctx)->fails == FAIL_LINE ? -1 : 0;
}

static int failing_close(void *ctx, struct dnc_stream *s)
{
	struct failing_owner *o = ctx;

	(void)s;
	o->closed++;
	return o->fails == FAIL_CLOSE ? -1 : 0;
}

static int failing_idle(void *ctx)
{
	return ((struct failing_owner *)ctx)->fails == FAIL_IDLE ? -1 : 0;
}

static void an_owner_that_fails_ends_the_input_and_still_sees_each_end(void **state)
{
	(void)state;
	for (int fails = FAIL_OPEN; fails <= FAIL_IDLE; fails++) {
		struct failing_owner o = {.fails = (unsigned)fails};
		const struct dnc_input_events events = {.open = failing_open,
			.line = failing_line,
			.close = failing_close,
			.idle = failing_idle,
			.ctx = &o};
		struct dnc_input *in = dnc_input_new(64, &events, NULL);
		struct dnc_error err;
		char name[16];
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], "a\n", 2), 2);
		close(fds[1]);
		snprintf(name, sizeof name, "fd:%d", fds[0]);
		assert_int_equal(dnc_input_add_address(in, name, &err), 0);
		assert_int_equal(dnc_input_run(in), -1);
		assert_string_equal(dnc_input_error(in)->message, "");
		assert_int_equal(o.opened, 1);
		assert_int_equal(o.closed, 1);
		dnc_input_free(in);
		close(fds[0]);
	}
}

/* Nobody listens where the outlet connects: the input ends with the reason. */
static void an_outlet_that_fails_ends_the_input(void **state)
{
	char address[160], name[16];
	struct dnc_error err;
	struct dnc_outlet *out;
	struct service s;
	int fds[2];

	(void)state;
	snprintf(address, sizeof address, "unix:%s", path_of("nobody"));
	out = dnc_outlet_open(address, 0, &err);
	new_service(&s, out);
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof name, "fd:%d", fds[0]);
	assert_int_equal(dnc_input_add_address(s.in, name, &err), 0);
	assert_int_equal(write(fds[1], "a\n", 2), 2);
	assert_int_equal(dnc_input_run(s.in), -1);
	assert_int_equal(dnc_input_finish(s.in, 0), -1);
	assert_int_equal(dnc_input_error(s.in)->code, ENOENT);
	dnc_input_free(s.in);
	dnc_outlet_free(out);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_line_counts_at_the_end_of_pipes_not_of_sockets),
		cmocka_unit_test(a_bad_descriptor_ends_alone),
		cmocka_unit_test(a_file_that_changes_while_it_is_read_is_a_failure),
		cmocka_unit_test_setup_teardown(
			what_the_reader_says_comes_back_once, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			many_producers_are_acknowledged_their_own_lines, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_producer_that_goes_in_the_middle_of_a_line_leaves_its_whole_lines,
			make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_producer_that_has_sent_all_waits_for_its_acknowledgements, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_producer_resumes_where_the_service_stopped, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_line_that_is_too_long_is_one_line_and_acknowledged, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_producer_that_reads_no_acknowledgements_is_served, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_producer_that_shuts_its_reading_side_is_read, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			producers_wait_while_no_descriptors_are_left, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			an_input_that_cannot_wait_says_so_and_goes_on, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_wake_up_reaches_the_owner_in_its_thread, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			files_are_read_in_order_and_one_that_is_missing_fails_alone, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			standard_input_is_a_file_named_stdin, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			addresses_of_inputs_are_checked, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_socket_of_the_service_manager_is_listened_on_and_its_file_kept, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			an_owner_that_fails_ends_the_input_and_still_sees_each_end, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			an_outlet_that_fails_ends_the_input, make_dir, remove_dir),
	};

	signal(SIGPIPE, SIG_IGN);
	dnc_log_open("test_input", DNC_ERR, false);
	return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
