/* The pump between a real writer, over a journal in memory, and a real ring with a hub. */
#include "unit.h"
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>
#include "daemon/pump.h"
#include "hub/hub.h"
#include "hub/priv/ring.h"

enum { WAIT_S = 20, RING_BYTES = 256 << 10, EVENTS = 3000, TIMES = 2 };

/* Each event comes TIMES times; the log numbers the first one. */
struct world {
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_hub *hub;
	struct dnc_subscriber *subscriber;
	struct dnc_pump pump;
	sem_t committed;
	uint64_t received; /* the seq that the subscriber got last */
	unsigned released, blocked, appended;
};

static void on_committed(void *ctx)
{
	sem_post(&((struct world *)ctx)->committed);
}

static enum dnc_sent on_send(void *conn, const void *frames, size_t n)
{
	const unsigned char *p = frames, *end = p + n;
	struct world *w = conn;

	while (p < end) {
		size_t head = p[1] == 126 ? 4 : 2;
		size_t size = p[1] == 126 ? (size_t)p[2] << 8 | p[3] : p[1];

		assert_memory_equal(p + head, "{\"seq\":", 7);
		assert_int_equal(strtoull((const char *)p + head + 7, NULL, 10), ++w->received);
		p += head + size;
	}
	return DNC_SENT;
}

static enum dnc_sent on_started(void *conn)
{
	(void)conn;
	return DNC_SENT;
}

static void ignore(void *conn)
{
	(void)conn;
}

static void on_release(void *ctx)
{
	struct world *w = ctx;

	w->released++;
	dnc_hub_release_ring(w->hub);
}

static void on_blocked(void *ctx)
{
	((struct world *)ctx)->blocked++;
}

static void on_appended(void *ctx)
{
	struct world *w = ctx;

	w->appended++;
	while (dnc_hub_work(w->hub))
		;
}

static void open_world(struct world *w)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	static const struct dnc_rate unlimited;
	const struct dnc_filter *all;
	struct dnc_error err;
	struct dnc_hub_options options = {.max_lag = 1000000,
		.transport = {
			.send = on_send, .started = on_started, .soon = ignore, .failed = ignore}};

	*w = (struct world){0};
	sem_init(&w->committed, 0, 0);
	w->journal = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	w->writer = dnc_writer_new(w->journal, on_committed, w);
	assert_non_null(w->writer);
	w->pump = (struct dnc_pump){.writer = w->writer,
		.ring = dnc_ring_new(RING_BYTES, 0),
		.release = on_release,
		.blocked = on_blocked,
		.appended = on_appended,
		.ctx = w};
	options.ring = w->pump.ring;
	options.journal = w->journal;
	w->hub = dnc_hub_new(&options);
	w->subscriber = dnc_hub_join(w->hub, w, &everything, &unlimited);
	all = dnc_filter_compile_text("{}", 2, &err);
	assert_int_equal(
		dnc_hub_subscribe(w->subscriber, all, &(struct dnc_start){.from = DNC_START_NOW}),
		0);
	dnc_filter_unref(all);
	dnc_hub_work(w->hub);
}

static void close_world(struct world *w)
{
	dnc_writer_free(w->writer);
	dnc_hub_leave(w->subscriber);
	dnc_hub_free(w->hub);
	dnc_ring_free(w->pump.ring);
	dnc_pump_finish(&w->pump);
	dnc_journal_close(w->journal);
	sem_destroy(&w->committed);
}

static void add(struct world *w, int from, int count)
{
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});

	for (int i = from * TIMES; i < (from + count) * TIMES; i++) {
		char line[512];
		struct dnc_event event;
		int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\","
			"\"type\":\"dnc.provider.status_change\",\"provider\":\"p\","
			"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
			"\"summary\":\"s\",\"event_data\":{\"new_status\":\"online\"},"
			"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i / TIMES);

		assert_int_equal(dnc_event_parse(reader, line, (size_t)n, &event), 0);
		assert_int_equal(dnc_writer_add(w->writer, &event, 0, 0), 0);
	}
	dnc_event_reader_free(reader);
}

static void wait_for_commit(struct world *w)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	while (sem_timedwait(&w->committed, &until) != 0)
		assert_int_equal(errno, EINTR);
}

/* Runs the pump until the subscriber has COUNT events. */
static void pump_until(struct world *w, uint64_t count)
{
	while (w->received < count)
		if (!dnc_pump_run(&w->pump))
			wait_for_commit(w);
	assert_int_equal(w->received, count);
}

static void every_event_is_appended_once_in_order(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	assert_int_equal(dnc_writer_start(w.writer), 0);
	add(&w, 0, EVENTS);
	pump_until(&w, EVENTS);
	add(&w, EVENTS, 1);
	pump_until(&w, EVENTS + 1);
	/* The last event's repetition may be in a batch of its own. */
	while (dnc_pump_run(&w.pump))
		;
	assert_false(dnc_pump_pending(&w.pump));
	assert_int_equal(dnc_ring_last(w.pump.ring), EVENTS + 1);
	assert_int_equal(w.pump.events, EVENTS + 1);
	assert_true(w.pump.event_bytes > (EVENTS + 1) * 256u);
	close_world(&w);
}

static void a_large_batch_is_appended_in_slices(void **state)
{
	struct world w;
	uint64_t before = 0;

	(void)state;
	open_world(&w);
	add(&w, 0, EVENTS);
	assert_int_equal(dnc_writer_start(w.writer), 0); /* commits all at once */
	while (w.received < EVENTS) {
		if (!dnc_pump_run(&w.pump))
			wait_for_commit(&w);
		assert_true(w.received - before <= RING_BYTES / 8 / 256 + 1);
		before = w.received;
	}
	assert_true(w.appended >= EVENTS / (RING_BYTES / 8 / 256 + 1));
	assert_true(w.released > 0); /* the batch is larger than the ring */
	assert_int_equal(w.blocked, 0);
	close_world(&w);
}

static void a_full_ring_stops_the_pump_until_there_is_room(void **state)
{
	struct world w;
	struct ring_mark *other; /* the hub of another thread, which is slow */
	uint64_t stopped_at;

	(void)state;
	open_world(&w);
	other = ring_join(w.pump.ring);
	add(&w, 0, EVENTS);
	assert_int_equal(dnc_writer_start(w.writer), 0);
	while (!w.blocked)
		if (!dnc_pump_run(&w.pump) && !w.blocked)
			wait_for_commit(&w);
	stopped_at = dnc_ring_last(w.pump.ring);
	assert_in_range(stopped_at, 100, EVENTS - 100);
	assert_true(dnc_pump_pending(&w.pump));
	assert_true(dnc_ring_wanted(w.pump.ring));
	assert_false(dnc_pump_run(&w.pump));
	assert_int_equal(dnc_ring_last(w.pump.ring), stopped_at);
	/* It catches up, little by little. */
	for (int turns = 0; w.received < EVENTS && turns < EVENTS; turns++) {
		other->seen = other->seen + 100 < w.received ? other->seen + 100 : w.received;
		other->keep = other->seen + 1;
		dnc_pump_run(&w.pump);
	}
	assert_int_equal(w.received, EVENTS);
	assert_false(dnc_ring_wanted(w.pump.ring));
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_is_appended_once_in_order),
		cmocka_unit_test(a_large_batch_is_appended_in_slices),
		cmocka_unit_test(a_full_ring_stops_the_pump_until_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
