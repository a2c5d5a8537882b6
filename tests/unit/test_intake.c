/* The intake over pipes and sockets, with a real writer and a journal in memory. */
#include "unit.h"
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "daemon/intake.h"
#include "event/event.h"

/* While it is set there is no memory to normalize anything: the linker passes the calls through here (see the
 * Makefile). */
static atomic_bool no_memory;

int __real_dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err);
int __wrap_dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err);

int __wrap_dnc_event_normalize(struct dnc_event_reader *r, const char *text, size_t n,
	struct dnc_event *out, struct dnc_error *err)
{
	return no_memory ? dnc_error_nomem(err) : __real_dnc_event_normalize(r, text, n, out, err);
}

enum { WAIT_MS = 20000, STEP_MS = 2 };

struct world {
	uv_loop_t loop;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_intake *intake;
	struct dnc_batch taken; /* for the writer's thread only */
	unsigned ended;
	char dir[32], rejects[48], socket[48];
};

/* Takes each batch, as the pump does: the writer commits no more until the one before is taken. */
static void on_committed(void *ctx)
{
	struct world *w = ctx;

	dnc_writer_dequeue(w->writer, &w->taken);
	dnc_intake_committed(w->intake);
}

static void on_ended(void *ctx)
{
	((struct world *)ctx)->ended++;
}

/* REJECTS NULL: a file in the world's own folder. */
static void open_world(struct world *w, const char *rejects)
{
	struct dnc_error err;

	*w = (struct world){.dir = "/tmp/dnc-intake-XXXXXX"};
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->rejects, sizeof w->rejects, "%s/rejects", w->dir);
	snprintf(w->socket, sizeof w->socket, "unix:%s/socket", w->dir);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	w->journal = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	w->writer = dnc_writer_new(w->journal, on_committed, w);
	w->intake = dnc_intake_new(
		&w->loop, rejects ? rejects : w->rejects, w->writer, on_ended, w, &err);
	assert_non_null(w->intake);
}

static void start(struct world *w, bool writer)
{
	if (writer)
		assert_int_equal(dnc_writer_start(w->writer), 0);
	assert_int_equal(dnc_intake_start(w->intake), 0);
}

static void close_world(struct world *w)
{
	dnc_writer_join(w->writer);
	dnc_intake_free(w->intake);
	dnc_writer_free(w->writer);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	dnc_journal_close(w->journal);
	dnc_batch_free(&w->taken);
	unlink(w->rejects);
	unlink(w->socket + strlen("unix:"));
	assert_int_equal(rmdir(w->dir), 0);
}

/* The value of a counter in the intake's metrics. */
static unsigned counter(struct world *w, const char *name)
{
	struct dnc_buf text = {0};
	const char *at;
	unsigned value;

	dnc_intake_metrics(w->intake, &text);
	dnc_buf_chr(&text, '\0');
	at = strstr(text.p, name);
	while (at && at > text.p && at[-1] != '\n')
		at = strstr(at + 1, name);
	assert_non_null(at);
	value = (unsigned)strtoul(at + strlen(name), NULL, 10);
	dnc_buf_free(&text);
	return value;
}

static unsigned accepted(struct world *w)
{
	return counter(w, "dnc_input_accepted_total ");
}

static void wait_until_ended(struct world *w)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;

	while (!w->ended && dnc_clock_mono_ms() < until) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		poll(NULL, 0, STEP_MS);
	}
	assert_int_equal(w->ended, 1);
	assert_true(dnc_intake_ended(w->intake));
}

static void wait_until_accepted(struct world *w, unsigned count)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;

	while (accepted(w) < count && dnc_clock_mono_ms() < until)
		poll(NULL, 0, STEP_MS);
	assert_int_equal(accepted(w), count);
}

static void wait_until_not_ready(struct world *w, const char *check)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;
	const char *now;

	do {
		now = dnc_intake_not_ready(w->intake);
		if (check ? now && strcmp(now, check) == 0 : !now)
			return;
		poll(NULL, 0, STEP_MS);
	} while (dnc_clock_mono_ms() < until);
	fail_msg("%s, not %s", now ? now : "ready", check ? check : "ready");
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Reads acknowledgements until the last one is EXPECTED. */
static void expect_ack(int fd, const char *expected)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;
	char line[256] = "";
	size_t n = 0;

	while (dnc_clock_mono_ms() < until) {
		struct pollfd entry = {.fd = fd, .events = POLLIN};

		if (poll(&entry, 1, STEP_MS) <= 0)
			continue;
		assert_int_equal(read(fd, line + n, 1), 1);
		if (line[n] == '\n') {
			line[n] = '\0';
			if (strcmp(line, expected) == 0)
				return;
			n = 0;
		} else {
			assert_true(++n < sizeof line);
		}
	}
	fail_msg("\"%s\" did not come, last \"%s\"", expected, line);
}

static void expect_silence(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&entry, 1, 0), 0);
}

static int connect_producer(struct world *w)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, w->socket + strlen("unix:"));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void read_rejects(struct world *w, char *text, size_t room)
{
	int fd = open(w->rejects, O_RDONLY);
	ssize_t n = read(fd, text, room - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

#define EVENT(id, name)                                                                            \
	"{\"id\":\"0198f0a0-0000-7000-8000-00000000000" id                                         \
	"\",\"type\":\"dnc.provider.status_change\",\"provider\":\"" name                          \
	"\",\"event_data\":{\"new_status\":\"online\"},"                                           \
	"\"timestamp\":\"2026-08-29T08:00:00Z\"}\n"

static void input_that_has_ended_is_in_the_log(void **state)
{
	static struct dnc_recent_entry noted[DNC_RECENT];
	struct dnc_recent *recent = dnc_recent_new();
	struct world w;
	struct dnc_error err;
	char address[16], text[2048];
	int fds[2];

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(pipe(fds), 0);
	snprintf(address, sizeof address, "fd:%d", fds[0]);
	assert_int_equal(dnc_intake_add(w.intake, address, &err), 0);
	assert_true(dnc_intake_ended(w.intake)); /* not started */
	dnc_intake_note_rejects(w.intake, recent);
	start(&w, true);
	assert_false(dnc_intake_ended(w.intake));
	say(fds[1], EVENT("1", "a") "\n" EVENT("2", "a") "{\"type\":\"dnc.x\"}\nnonsense\n");
	close(fds[1]);
	wait_until_ended(&w);
	assert_int_equal(dnc_journal_last(w.journal), 2);
	assert_int_equal(accepted(&w), 2);
	assert_int_equal(dnc_intake_accepted(w.intake), 2);
	assert_int_equal(dnc_intake_rejected(w.intake), 2);
	/* People see the place and the code, the newest first. */
	assert_int_equal(dnc_recent_copy(recent, noted), 2);
	assert_int_equal(noted[0].line, 5);
	assert_string_equal(noted[0].what, "invalid_json");
	assert_string_equal(noted[0].where, address);
	assert_int_equal(noted[1].line, 4);
	assert_string_equal(noted[1].what, "unknown_type");
	assert_int_equal(counter(&w, "dnc_input_rejected_total{code=\"unknown_type\"} "), 1);
	assert_int_equal(counter(&w, "dnc_input_rejected_total{code=\"invalid_json\"} "), 1);
	read_rejects(&w, text, sizeof text);
	assert_non_null(strstr(text, "{\"line\":4,\"source\":\"fd:"));
	assert_non_null(strstr(text, "\"code\":\"unknown_type\""));
	assert_non_null(strstr(text, "\"raw\":\"nonsense\""));
	assert_false(dnc_intake_failed(w.intake));
	assert_null(dnc_intake_not_ready(w.intake));
	close_world(&w);
	dnc_recent_free(recent);
	close(fds[0]);
}

static void a_line_that_is_too_long_is_rejected(void **state)
{
	static char line[DNC_EVENT_MAX_BYTES + 4096];
	struct world w;
	struct dnc_error err;
	char address[16];
	int fds[2];

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	snprintf(address, sizeof address, "fd:%d", fds[0]);
	assert_int_equal(dnc_intake_add(w.intake, address, &err), 0);
	start(&w, true);
	memset(line, 'x', sizeof line - 1);
	say(fds[1], line);
	say(fds[1], "\n" EVENT("1", "a"));
	close(fds[1]);
	wait_until_ended(&w);
	assert_int_equal(dnc_journal_last(w.journal), 1);
	assert_int_equal(counter(&w, "dnc_input_rejected_total{code=\"too_large\"} "), 1);
	close_world(&w);
	close(fds[0]);
}

static void a_producer_is_acknowledged_after_the_commit_only(void **state)
{
	struct world w;
	struct dnc_error err;
	int a, b;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(dnc_intake_add(w.intake, w.socket, &err), 0);
	a = connect_producer(&w);
	b = connect_producer(&w);
	start(&w, false);
	say(a, EVENT("1", "a") "\nnonsense\n" EVENT("2", "a"));
	wait_until_accepted(&w, 2);
	say(b, EVENT("1", "a") EVENT("3", "a"));
	wait_until_accepted(&w, 4);
	expect_silence(a);
	expect_silence(b);
	assert_int_equal(dnc_writer_start(w.writer), 0);
	expect_ack(a, "4 rejected=1 dropped=1");
	expect_ack(b, "2 duplicates=1 others=1");
	assert_int_equal(dnc_journal_last(w.journal), 3);
	dnc_intake_stop(w.intake);
	wait_until_ended(&w);
	close(a);
	close(b);
	close_world(&w);
}

static void a_conflict_is_in_the_rejects_before_it_is_acknowledged(void **state)
{
	struct world w;
	struct dnc_error err;
	char address[16], text[2048];
	int fds[2], producer;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(pipe(fds), 0);
	snprintf(address, sizeof address, "fd:%d", fds[0]);
	assert_int_equal(dnc_intake_add(w.intake, address, &err), 0);
	assert_int_equal(dnc_intake_add(w.intake, w.socket, &err), 0);
	producer = connect_producer(&w);
	start(&w, true);
	say(producer, EVENT("1", "a"));
	expect_ack(producer, "1");
	say(producer, EVENT("1", "b"));
	expect_ack(producer, "2 rejected=1 others=1");
	read_rejects(&w, text, sizeof text);
	assert_non_null(strstr(text, "\"line\":2,"));
	assert_non_null(strstr(text, "\"code\":\"id_conflict\""));
	/* Of an input without acknowledgements, too; it is named. */
	say(fds[1], "\n\n" EVENT("1", "c"));
	close(fds[1]);
	wait_until_accepted(&w, 3);
	dnc_intake_stop(w.intake);
	wait_until_ended(&w);
	read_rejects(&w, text, sizeof text);
	assert_non_null(strstr(text, "{\"line\":3,\"source\":\"fd:"));
	assert_int_equal(dnc_journal_last(w.journal), 1);
	assert_int_equal(counter(&w, "dnc_input_rejected_total{code=\"id_conflict\"} "), 2);
	close(producer);
	close(fds[0]);
	close_world(&w);
}

static void nothing_is_acknowledged_while_rejects_cannot_be_written(void **state)
{
	struct world w;
	struct dnc_error err;
	char address[16], bytes[4096];
	int fds[2], producer;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	memset(bytes, 'x', sizeof bytes);
	while ((n = write(fds[1], bytes, sizeof bytes)) > 0)
		;
	snprintf(address, sizeof address, "fd:%d", fds[1]);
	open_world(&w, address);
	assert_int_equal(dnc_intake_add(w.intake, w.socket, &err), 0);
	producer = connect_producer(&w);
	start(&w, true);
	say(producer, EVENT("1", "a") "nonsense\n");
	wait_until_not_ready(&w, "rejects");
	assert_int_equal(counter(&w, "dnc_input_rejected_total{code=\"invalid_json\"} "), 0);
	while ((n = read(fds[0], bytes, sizeof bytes)) > 0)
		;
	expect_ack(producer, "2 rejected=1");
	wait_until_not_ready(&w, NULL);
	assert_int_equal(counter(&w, "dnc_input_rejected_total{code=\"invalid_json\"} "), 1);
	dnc_intake_stop(w.intake);
	wait_until_ended(&w);
	close(producer);
	close_world(&w);
	close(fds[0]);
	close(fds[1]);
}

static void a_line_without_memory_waits_and_is_not_rejected(void **state)
{
	struct world w;
	struct dnc_error err;
	int producer;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(dnc_intake_add(w.intake, w.socket, &err), 0);
	producer = connect_producer(&w);
	start(&w, true);
	no_memory = true;
	say(producer, EVENT("1", "a"));
	wait_until_not_ready(&w, "input");
	expect_silence(producer);
	no_memory = false;
	expect_ack(producer, "1");
	wait_until_not_ready(&w, NULL);
	assert_int_equal(dnc_journal_last(w.journal), 1);
	/* A stop does not wait for memory, and acknowledges nothing. */
	no_memory = true;
	say(producer, EVENT("2", "a"));
	wait_until_not_ready(&w, "input");
	dnc_intake_stop(w.intake);
	wait_until_ended(&w);
	no_memory = false;
	assert_true(dnc_intake_failed(w.intake));
	assert_int_equal(accepted(&w), 1);
	assert_int_equal(dnc_journal_last(w.journal), 1);
	close(producer);
	close_world(&w);
}

static void rejects_go_to_a_new_file_after_reopen(void **state)
{
	struct world w;
	struct dnc_error err;
	char moved[64], text[2048];
	int producer;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(dnc_intake_add(w.intake, w.socket, &err), 0);
	producer = connect_producer(&w);
	start(&w, true);
	say(producer, "first\n");
	expect_ack(producer, "1 rejected=1");
	snprintf(moved, sizeof moved, "%s/moved", w.dir);
	assert_int_equal(rename(w.rejects, moved), 0);
	dnc_intake_reopen(w.intake);
	say(producer, "second\n");
	expect_ack(producer, "2 rejected=2");
	read_rejects(&w, text, sizeof text);
	assert_null(strstr(text, "first"));
	assert_non_null(strstr(text, "second"));
	dnc_intake_stop(w.intake);
	wait_until_ended(&w);
	unlink(moved);
	close(producer);
	close_world(&w);
}

static void an_input_that_fails_is_told(void **state)
{
	struct world w;
	struct dnc_error err;
	char address[16];
	int fd = open("/", O_RDONLY); /* read(2) fails */

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(dnc_intake_add(w.intake, "unix:/nowhere/at/all", &err), -1);
	assert_int_equal(dnc_intake_add(w.intake, "fd:999", &err), -1);
	snprintf(address, sizeof address, "fd:%d", fd);
	assert_int_equal(dnc_intake_add(w.intake, address, &err), 0);
	start(&w, true);
	wait_until_ended(&w);
	assert_true(dnc_intake_failed(w.intake));
	assert_string_equal(dnc_intake_not_ready(w.intake), "input");
	close_world(&w);
	close(fd);
}

/* A pipe that the intake reads; returns the end to write to. */
static int add_pipe(struct world *w, char address[16], int *read_end)
{
	struct dnc_error err;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	snprintf(address, 16, "fd:%d", fds[0]);
	assert_int_equal(dnc_intake_add(w->intake, address, &err), 0);
	*read_end = fds[0];
	return fds[1];
}

static void wait_until_read(int fd)
{
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;
	int unread = 1;

	while (unread && dnc_clock_mono_ms() < until) {
		assert_int_equal(ioctl(fd, FIONREAD, &unread), 0);
		poll(NULL, 0, STEP_MS);
	}
	assert_int_equal(unread, 0);
}

static void half_a_line_at_the_stop_is_lost_and_told(void **state)
{
	static const struct {
		const char *text;
		bool lost;
	} cases[] = {{EVENT("1", "a"), false}, {EVENT("1", "a") "{\"id\"", true}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct world w;
		char address[16];
		int read_end, fd;

		open_world(&w, NULL);
		fd = add_pipe(&w, address, &read_end);
		start(&w, true);
		say(fd, cases[i].text);
		wait_until_accepted(&w, 1);
		wait_until_read(read_end);
		dnc_intake_stop(w.intake);
		wait_until_ended(&w);
		dnc_intake_join(w.intake);
		assert_int_equal(dnc_intake_lost(w.intake), cases[i].lost);
		assert_false(dnc_intake_failed(w.intake));
		close_world(&w);
		close(fd);
		close(read_end);
	}
}

static void what_was_not_read_at_the_stop_is_lost_and_told(void **state)
{
	struct world w;
	char address[16];
	int read_end, fd;

	(void)state;
	open_world(&w, NULL);
	fd = add_pipe(&w, address, &read_end);
	start(&w, true);
	no_memory = true;
	say(fd, EVENT("1", "a"));
	wait_until_not_ready(&w, "input");
	say(fd, EVENT("2", "a"));
	dnc_intake_stop(w.intake);
	wait_until_ended(&w);
	no_memory = false;
	dnc_intake_join(w.intake);
	assert_true(dnc_intake_lost(w.intake));
	close_world(&w);
	close(fd);
	close(read_end);
}

/* More lines than the writer takes, which then ends. */
static void a_line_that_the_writer_did_not_take_is_lost_and_told(void **state)
{
	struct world w;
	struct dnc_error err;
	char address[16];
	FILE *file = tmpfile();
	int64_t until = dnc_clock_mono_ms() + WAIT_MS;
	struct dnc_writer_stats stats;

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 100000; i++)
		fputs(EVENT("1", "a"), file);
	fflush(file);
	rewind(file);
	open_world(&w, NULL);
	snprintf(address, sizeof address, "fd:%d", fileno(file));
	assert_int_equal(dnc_intake_add(w.intake, address, &err), 0);
	start(&w, false);
	do {
		poll(NULL, 0, STEP_MS);
		stats = dnc_writer_stats(w.writer);
	} while (stats.waiting_bytes < 8 << 20 && dnc_clock_mono_ms() < until);
	dnc_writer_join(w.writer);
	wait_until_ended(&w);
	dnc_intake_join(w.intake);
	assert_true(dnc_intake_lost(w.intake));
	assert_true(dnc_writer_lost(w.writer));
	assert_int_equal(dnc_journal_last(w.journal), 0);
	close_world(&w);
	fclose(file);
}

/* Its line was the last one: it is found only when nothing is read any more. */
static void a_conflict_at_the_end_that_cannot_be_recorded_is_a_failure(void **state)
{
	struct world w;
	char address[16];
	int read_end, fd;

	(void)state;
	open_world(&w, "/dev/full");
	fd = add_pipe(&w, address, &read_end);
	start(&w, false);
	say(fd, EVENT("1", "a") EVENT("1", "b"));
	wait_until_accepted(&w, 2);
	dnc_intake_stop(w.intake);
	close(fd);
	assert_int_equal(dnc_writer_start(w.writer), 0);
	wait_until_ended(&w);
	dnc_intake_join(w.intake);
	assert_true(dnc_intake_failed(w.intake));
	close_world(&w);
	close(read_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_that_has_ended_is_in_the_log),
		cmocka_unit_test(a_line_that_is_too_long_is_rejected),
		cmocka_unit_test(a_producer_is_acknowledged_after_the_commit_only),
		cmocka_unit_test(a_conflict_is_in_the_rejects_before_it_is_acknowledged),
		cmocka_unit_test(nothing_is_acknowledged_while_rejects_cannot_be_written),
		cmocka_unit_test(a_line_without_memory_waits_and_is_not_rejected),
		cmocka_unit_test(rejects_go_to_a_new_file_after_reopen),
		cmocka_unit_test(an_input_that_fails_is_told),
		cmocka_unit_test(half_a_line_at_the_stop_is_lost_and_told),
		cmocka_unit_test(what_was_not_read_at_the_stop_is_lost_and_told),
		cmocka_unit_test(a_line_that_the_writer_did_not_take_is_lost_and_told),
		cmocka_unit_test(a_conflict_at_the_end_that_cannot_be_recorded_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
