/* Workers and the drain, with real sockets: one worker in the test's loop and one in a thread of its own. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "daemon/drain.h"
#include "log/priv/journal_ops.h"

enum { WAIT_MS = 20000, STEP_MS = 2, WORKERS = 2, RING_BYTES = 32 << 20 };

struct world {
	uv_loop_t loop;
	uv_async_t committed;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_web_shared *shared;
	struct dnc_auth *auth;
	struct dnc_worker workers[WORKERS];
	struct dnc_intake *intake;
	struct dnc_pump pump;
	struct dnc_drain drain;
	unsigned finished, input_ended;
	int input;
	uint16_t port;
};

static void on_committed(void *ctx)
{
	struct world *w = ctx;

	dnc_intake_committed(w->intake);
	uv_async_send(&w->committed);
}

static void on_pump(uv_async_t *async)
{
	struct world *w = async->data;

	if (!w->drain.cut)
		dnc_pump_run(&w->pump);
}

static void on_release(void *ctx)
{
	dnc_hub_release_ring(((struct world *)ctx)->workers[0].hub);
}

static void wake(void *ctx)
{
	dnc_worker_wake(&((struct world *)ctx)->workers[1]);
}

static void on_appended(void *ctx)
{
	struct world *w = ctx;

	wake(w);
	dnc_web_flush(w->workers[0].web);
	uv_async_send(&w->committed);
}

static void on_advanced(void *ctx)
{
	uv_async_send(&((struct world *)ctx)->committed);
}

static void on_audit(void *ctx, struct dnc_str json)
{
	(void)ctx;
	(void)json;
}

static void on_metrics(void *ctx, struct dnc_buf *out)
{
	(void)ctx;
	(void)out;
}

static const char *on_not_ready(void *ctx)
{
	(void)ctx;
	return NULL;
}

static void on_finished(void *ctx)
{
	((struct world *)ctx)->finished++;
}

static void on_input_ended(void *ctx)
{
	((struct world *)ctx)->input_ended++;
}

static void open_workers(struct world *w)
{
	static const char *const listen[] = {"127.0.0.1:0"};
	struct dnc_hub_options hub = {.ring = w->pump.ring,
		.max_lag = 1000000,
		.journal = w->journal,
		.transport = dnc_web_transport};
	struct dnc_web_options web = {.listen = listen,
		.listen_count = 1,
		.shared = w->shared,
		.auth = w->auth,
		.ring = w->pump.ring,
		.writer = w->writer,
		.audit = on_audit,
		.advanced = on_advanced,
		.metrics = on_metrics,
		.not_ready = on_not_ready,
		.ctx = w};
	struct dnc_error err;

	for (int i = 0; i < WORKERS; i++) {
		if (dnc_worker_open(
			    &w->workers[i], i ? NULL : &w->loop, w->journal, &hub, &web, &err) < 0)
			fail_msg("%s", err.message);
		web.beside = w->workers[0].web;
	}
	w->port = (uint16_t)atoi(strrchr(dnc_web_address(w->workers[0].web, 0), ':') + 1);
	assert_int_equal(dnc_worker_start(&w->workers[1]), 0);
}

static void open_world(struct world *w, int64_t grace_ms)
{
	static const struct dnc_auth_options auth = {.default_role = "admin"};
	static const struct dnc_web_limits limits = {.connections = 100};
	char address[16];
	struct dnc_error err;
	int fds[2];

	*w = (struct world){0};
	assert_true(sodium_init() >= 0);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	assert_int_equal(uv_async_init(&w->loop, &w->committed, on_pump), 0);
	w->committed.data = w;
	w->journal = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	w->writer = dnc_writer_new(w->journal, on_committed, w);
	w->shared = dnc_shared_new(&limits);
	w->auth = dnc_auth_new(&auth, &err);
	w->pump = (struct dnc_pump){.writer = w->writer,
		.ring = dnc_ring_new(RING_BYTES, 0),
		.release = on_release,
		.blocked = wake,
		.appended = on_appended,
		.ctx = w};
	w->intake = dnc_intake_new(&w->loop, NULL, w->writer, on_input_ended, w, &err);
	assert_int_equal(pipe(fds), 0);
	snprintf(address, sizeof address, "fd:%d", fds[0]);
	assert_int_equal(dnc_intake_add(w->intake, address, &err), 0);
	w->input = fds[1];
	open_workers(w);
	w->drain = (struct dnc_drain){.intake = w->intake,
		.pump = &w->pump,
		.workers = w->workers,
		.worker_count = WORKERS,
		.grace_ms = grace_ms,
		.finished = on_finished,
		.ctx = w};
	dnc_drain_init(&w->drain, &w->loop);
	assert_int_equal(dnc_writer_start(w->writer), 0);
	assert_int_equal(dnc_intake_start(w->intake), 0);
}

static void close_world(struct world *w)
{
	for (int i = WORKERS; i-- > 0;)
		dnc_worker_end(&w->workers[i]);
	dnc_writer_join(w->writer);
	dnc_intake_free(w->intake);
	dnc_writer_free(w->writer);
	dnc_drain_close(&w->drain);
	uv_close((uv_handle_t *)&w->committed, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	for (int i = 0; i < WORKERS; i++)
		dnc_worker_free(&w->workers[i]);
	dnc_pump_finish(&w->pump);
	dnc_ring_free(w->pump.ring);
	dnc_shared_free(w->shared);
	dnc_auth_free(w->auth);
	dnc_journal_close(w->journal);
}

/* One turn of the test's loop. */
static void turn(struct world *w)
{
	uv_run(&w->loop, UV_RUN_NOWAIT);
	poll(NULL, 0, STEP_MS);
}

/* Reads from FD into TEXT until WORD is in it. Returns how many bytes were read. */
static size_t expect(struct world *w, int fd, char *text, size_t room, const char *word)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;
	size_t n = 0;

	while (dnc_clock_mono_ms() < until) {
		ssize_t got = read(fd, text + n, room - n);

		n += got > 0 ? (size_t)got : 0;
		if (memmem(text, n, word, strlen(word)))
			return n;
		assert_true(got != 0);
		turn(w);
	}
	fail_msg("\"%s\" did not come: %.*s", word, (int)n, text);
	return 0;
}

static int connect_to_hub(struct world *w)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(w->port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* A WebSocket client that gets all events; it was answered. */
static int connect_client(struct world *w)
{
	int fd = connect_to_hub(w);
	char text[4096];

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	snprintf(text, sizeof text,
		"GET /ws/dnc?since=0 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n",
		w->port);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	expect(w, fd, text, sizeof text, "dnc.subscription.confirmed");
	return fd;
}

static void say(struct world *w, int from, int count)
{
	for (int i = from; i < from + count; i++) {
		char line[512];
		int n = snprintf(line, sizeof line,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"provider\":\"p\","
			"\"type\":\"dnc.provider.status_change\",\"summary\":\"%0200d\","
			"\"event_data\":{\"new_status\":\"online\"},"
			"\"timestamp\":\"2026-08-29T08:00:00Z\"}\n",
			i, i);

		assert_int_equal(write(w->input, line, (size_t)n), n);
		if (i % 64 == 0)
			uv_run(&w->loop, UV_RUN_NOWAIT);
	}
}

static void wait_until_in_ring(struct world *w, uint64_t seq)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;

	while (dnc_ring_last(w->pump.ring) < seq && dnc_clock_mono_ms() < until)
		turn(w);
	assert_int_equal(dnc_ring_last(w->pump.ring), seq);
}

static void wait_until_finished(struct world *w)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;

	while (!w->finished && dnc_clock_mono_ms() < until)
		turn(w);
	assert_int_equal(w->finished, 1);
}

/* The close frame of the hub: 1001, going away. */
#define CLOSE_1001 "\x03\xe9"

static void clients_of_all_workers_get_what_is_left_then_1001(void **state)
{
	enum { CLIENTS = 6, EVENTS = 200 };
	static char text[EVENTS * 1024];
	struct world w;
	int fds[CLIENTS];
	size_t n;

	(void)state;
	open_world(&w, WAIT_MS);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = connect_client(&w);
	say(&w, 1, EVENTS);
	wait_until_in_ring(&w, EVENTS);
	assert_true(dnc_drain_begin(&w.drain));
	assert_false(dnc_drain_begin(&w.drain));
	for (int i = 0; i < CLIENTS; i++) {
		n = expect(&w, fds[i], text, sizeof text, CLOSE_1001);
		assert_non_null(memmem(text, n, "{\"seq\":200,", 11));
		close(fds[i]);
	}
	wait_until_finished(&w);
	assert_int_equal(w.input_ended, 1);
	close(w.input);
	close_world(&w);
}

static void after_the_grace_clients_are_closed_that_do_not_read(void **state)
{
	enum { EVENTS = 20000, GRACE_MS = 300 };
	struct world w;
	int64_t begun_ms;
	int fds[2];

	(void)state;
	open_world(&w, GRACE_MS);
	for (int i = 0; i < 2; i++)
		fds[i] = connect_client(&w);
	say(&w, 1, EVENTS);
	wait_until_in_ring(&w, EVENTS);
	begun_ms = dnc_clock_mono_ms();
	dnc_drain_begin(&w.drain);
	wait_until_finished(&w);
	assert_true(dnc_clock_mono_ms() - begun_ms >= GRACE_MS);
	close(w.input);
	close(fds[0]);
	close(fds[1]);
	close_world(&w);
}

/* What is committed meanwhile is acknowledged, and nobody is sent it. */
static void when_the_log_has_lost_events_all_clients_are_closed_at_once(void **state)
{
	enum { EVENTS = 20000, READERS = 4, CLIENTS = 6 };
	static char text[EVENTS * 512];
	struct world w;
	int64_t begun_ms;
	int fds[CLIENTS];
	size_t n;

	(void)state;
	open_world(&w, WAIT_MS);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = connect_client(&w);
	say(&w, 1, 1);
	for (int i = 0; i < READERS; i++)
		expect(&w, fds[i], text, sizeof text, "{\"seq\":1,");
	close(fds[0]);
	say(&w, 2, 100); /* some are in the log, and none in the ring */
	begun_ms = dnc_clock_mono_ms();
	assert_true(dnc_drain_cut(&w.drain));
	assert_false(dnc_drain_begin(&w.drain));
	for (int i = 1; i < READERS; i++) {
		n = expect(&w, fds[i], text, sizeof text, CLOSE_1001 "retry_after_ms=");
		assert_null(memmem(text, n, "{\"seq\":102,", 11));
		close(fds[i]);
	}
	wait_until_finished(&w);
	assert_true(dnc_clock_mono_ms() - begun_ms < WAIT_MS / 2);
	assert_true(dnc_ring_last(w.pump.ring) < 101);
	assert_true(dnc_writer_drain_for(w.writer, 0));
	close(w.input);
	close(fds[4]);
	close(fds[5]);
	close_world(&w);
}

static void another_epoch_reaches_clients_of_all_workers(void **state)
{
	enum { CLIENTS = 6 };
	static const char message[] = "\"epoch\":\"00000000000000b1\",\"first_seq\":1}}";
	static char text[8192];
	struct epoch_list list = {0};
	struct world w;
	int fds[CLIENTS];

	(void)state;
	open_world(&w, WAIT_MS);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = connect_client(&w);
	assert_int_equal(epoch_list_add(&list, DNC_STR("00000000000000b1"), 1), 0);
	journal_epochs_replace(w.journal, &list);
	say(&w, 1, 1);
	for (int i = 0; i < CLIENTS; i++) {
		size_t n = expect(&w, fds[i], text, sizeof text, "{\"seq\":1,");
		const char *told = memmem(text, n, message, sizeof message - 1);

		assert_non_null(told);
		assert_true(told < (char *)memmem(text, n, "{\"seq\":1,", 9));
		close(fds[i]);
	}
	close(w.input);
	close_world(&w);
}

static void a_worker_that_was_told_to_reload_goes_on(void **state)
{
	static char text[8192];
	struct world w;
	int fd;

	(void)state;
	open_world(&w, WAIT_MS);
	dnc_worker_reload(&w.workers[0]);
	dnc_worker_reload(&w.workers[1]);
	fd = connect_client(&w);
	say(&w, 1, 1);
	expect(&w, fd, text, sizeof text, "{\"seq\":1,");
	assert_false(w.workers[0].reload);
	close(fd);
	close(w.input);
	close_world(&w);
}

/* The answer of the worker that has a thread of its own: the test's loop stands still. */
static void ask(struct world *w, const char *request, char *answer, size_t room)
{
	int fd = connect_to_hub(w);
	char text[512];
	int n = snprintf(text, sizeof text,
		"%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		request, w->port);
	size_t got = 0;

	assert_int_equal(write(fd, text, (size_t)n), n);
	while (got < room - 1) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t one =
			poll(&p, 1, WAIT_MS) == 1 ? read(fd, answer + got, room - 1 - got) : 0;

		if (one <= 0)
			break;
		got += (size_t)one;
	}
	answer[got] = '\0';
	close(fd);
}

static void a_drain_is_told_and_takes_nothing_new_while_the_log_still_commits(void **state)
{
	static const char *const refused[] = {
		"GET /readyz", "POST /api/v1/events", "GET /api/v1/stream", "GET /ws/dnc"};
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;
	static char answer[8192];
	struct world w;

	(void)state;
	open_world(&w, WAIT_MS);
	ask(&w, "GET /readyz", answer, sizeof answer);
	assert_non_null(strstr(answer, "HTTP/1.1 200 "));
	/* No connection is drained while the loop stands still. */
	assert_true(dnc_drain_begin(&w.drain));
	do
		ask(&w, "GET /readyz", answer, sizeof answer);
	while (!strstr(answer, "[\"draining\"]") && dnc_clock_mono_ms() < until);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		ask(&w, refused[i], answer, sizeof answer);
		if (!strstr(answer, "HTTP/1.1 503 "))
			fail_msg("%s: %s", refused[i], answer);
	}
	assert_false(w.finished);
	wait_until_finished(&w);
	close(w.input);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_of_all_workers_get_what_is_left_then_1001),
		cmocka_unit_test(after_the_grace_clients_are_closed_that_do_not_read),
		cmocka_unit_test(a_drain_is_told_and_takes_nothing_new_while_the_log_still_commits),
		cmocka_unit_test(when_the_log_has_lost_events_all_clients_are_closed_at_once),
		cmocka_unit_test(another_epoch_reaches_clients_of_all_workers),
		cmocka_unit_test(a_worker_that_was_told_to_reload_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
