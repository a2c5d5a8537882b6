/* hub_peer.h - a hub with a transport that remembers, and events for it. */
#pragma once
#include "unit.h"
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "event/event.h"
#include "frame/frame.h"
#include "hub/hub.h"
#include "hub/ring.h"
#include "log/priv/journal_ops.h"

enum { PEER_EVENTS = 4096 };

enum callback {
	ON_NONE,
	ON_SEND,
	ON_SOON,
	ON_GAP,
	ON_EPOCH,
	ON_OVER_BUDGET,
	ON_STARTED,
	ON_FAILED,
	CALLBACKS
};

/* What the transport is given as a connection. */
struct peer {
	uint64_t seqs[PEER_EVENTS];
	size_t count, gaps, starts, failures, ends;
	uint64_t gap_from, gap_to, ended_from;
	const char *gap_reason;
	struct dnc_epoch epoch; /* the last one it was told, */
	size_t epochs, before;  /* of so many, after so many events */
	bool full;              /* its socket takes one write, then no more */
	bool gone;              /* it left: no callback may come */
	/* Called once, from the callback ON. */
	enum callback on;
	void (*act)(struct peer *peer);
	struct dnc_subscriber *subscriber;
	size_t calls[CALLBACKS];
};

static inline void peer_called(struct peer *peer, enum callback which)
{
	assert_false(peer->gone);
	peer->calls[which]++;
	if (peer->on != which)
		return;
	peer->on = ON_NONE;
	peer->act(peer);
}

static inline enum dnc_sent peer_sent(const struct peer *peer)
{
	return peer->full ? DNC_SENT_FULL : DNC_SENT;
}

static inline enum dnc_sent peer_send(void *conn, const void *frames, size_t n)
{
	const char *p = frames, *end = p + n;
	struct peer *peer = conn;

	while (p < end) {
		struct dnc_frame_header h;

		assert_int_equal(dnc_frame_read_header(p, (size_t)(end - p), &h), DNC_FRAME_READ);
		assert_int_equal(h.opcode, DNC_OPCODE_TEXT);
		assert_true(h.final);
		assert_false(h.deflated);
		assert_memory_equal(p + h.bytes, "{\"seq\":", 7);
		assert_true(peer->count < PEER_EVENTS);
		peer->seqs[peer->count++] = strtoull(p + h.bytes + 7, NULL, 10);
		p += h.bytes + h.payload;
	}
	assert_ptr_equal(p, end);
	peer_called(peer, ON_SEND);
	return peer_sent(peer);
}

static inline void peer_soon(void *conn)
{
	peer_called(conn, ON_SOON);
}

static inline enum dnc_sent peer_gap(void *conn, uint64_t from, uint64_t to, const char *reason)
{
	struct peer *peer = conn;

	peer->gaps++;
	peer->gap_from = from;
	peer->gap_to = to;
	peer->gap_reason = reason;
	peer_called(peer, ON_GAP);
	return DNC_SENT;
}

static inline enum dnc_sent peer_epoch(void *conn, const struct dnc_epoch *epoch)
{
	struct peer *peer = conn;

	peer->epochs++;
	peer->epoch = *epoch;
	peer->before = peer->count;
	peer_called(peer, ON_EPOCH);
	return peer_sent(peer);
}

static inline enum dnc_sent peer_over_budget(void *conn, uint64_t from)
{
	struct peer *peer = conn;

	peer->ends++;
	peer->ended_from = from;
	peer_called(peer, ON_OVER_BUDGET);
	return DNC_SENT;
}

static inline enum dnc_sent peer_started(void *conn)
{
	struct peer *peer = conn;

	peer->starts++;
	peer_called(peer, ON_STARTED);
	return DNC_SENT;
}

static inline void peer_failed(void *conn)
{
	struct peer *peer = conn;

	peer->failures++;
	peer_called(peer, ON_FAILED);
}

static const struct dnc_transport peer_transport = {
	peer_send, peer_soon, peer_gap, peer_epoch, peer_over_budget, peer_started, peer_failed};

static struct dnc_journal *journal; /* to be opened by main() */
static struct dnc_ring *ring;
static size_t wakes; /* calls of the hub's `work` */

static inline void peer_wake(void *ctx)
{
	++*(size_t *)ctx;
}

/* A hub with a ring of its own and nothing in the log. */
static inline struct dnc_hub *new_hub(uint64_t max_lag)
{
	ring = dnc_ring_new(256 << 10, 0);
	wakes = 0;
	return dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = max_lag,
		.journal = journal,
		.transport = peer_transport,
		.work = peer_wake,
		.ctx = &wakes});
}

static inline void free_hub(struct dnc_hub *h)
{
	dnc_hub_free(h);
	dnc_ring_free(ring);
}

static inline void work(struct dnc_hub *h)
{
	while (dnc_hub_work(h))
		;
}

static inline struct dnc_subscriber *join(struct dnc_hub *h, struct peer *peer)
{
	static const struct dnc_view everything = {.types = DNC_ALL_TYPES};
	static const struct dnc_rate at_once;

	return peer->subscriber = dnc_hub_join(h, peer, &everything, &at_once);
}

/* LINE, which DNC_JSON_PADDING readable bytes must follow, is canonical. */
static inline void append_line(struct dnc_hub *h, const char *line, int n)
{
	/* Kept: with a sanitizer its large buffers take longer than the rest. */
	static struct dnc_event_reader *r;
	struct dnc_event_shape shape;
	struct dnc_event event;

	if (!r)
		r = dnc_event_reader_new(&(struct dnc_event_options){0});
	assert_int_equal(dnc_event_parse(r, line, (size_t)n, &event), 0);
	dnc_event_shape_of(&event, &shape);
	while (!dnc_ring_reserve(ring, (size_t)n, 1)) {
		dnc_hub_release_ring(h);
		dnc_hub_advance(h);
	}
	dnc_ring_append(ring, line, (size_t)n, &shape, 0);
}

/* Event SEQ, of two providers in turn: "even" and "odd". */
static inline int provider_event(char *line, size_t size, uint64_t seq)
{
	return snprintf(line, size,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\","
		"\"type\":\"dnc.provider.status_change\",\"provider\":\"%s\","
		"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
		"\"summary\":\"s\",\"event_data\":{\"new_status\":\"online\"},"
		"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
		"\"source_format\":\"ndjs\\/\"}}" /* an escape, which takes memory to read */,
		(int)seq, seq % 2 ? "odd" : "even");
}

/* COUNT such events; the hub has looked at none of them, unless the ring was full. */
static inline void append_only(struct dnc_hub *h, int count)
{
	for (int i = 0; i < count; i++) {
		char line[512];

		append_line(h, line,
			provider_event(
				line, sizeof line - DNC_JSON_PADDING, dnc_ring_last(ring) + 1));
	}
}

static inline void append(struct dnc_hub *h, int count)
{
	append_only(h, count);
	work(h);
}

/* One event about NUMBER, which the hub has not looked at. */
static inline void append_number_only(struct dnc_hub *h, const char *number)
{
	char line[512];
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000000\","
		"\"type\":\"dnc.number.suppressed\",\"phone_number\":\"%s\","
		"\"severity\":\"info\",\"timestamp\":\"2026-08-29T08:00:00.000Z\","
		"\"summary\":\"s\",\"event_data\":{},\"metadata\":{\"ingested_at\":"
		"\"2026-08-29T08:00:00.000Z\"}}",
		number);

	append_line(h, line, n);
}

static inline void append_number(struct dnc_hub *h, const char *number)
{
	append_number_only(h, number);
	work(h);
}

static inline const struct dnc_filter *filter(const char *json)
{
	struct dnc_error err;

	return dnc_filter_compile_text(json, strlen(json), &err);
}

/* Without a turn of the hub after it. */
static inline void subscribe_only(
	struct dnc_subscriber *s, const char *json, struct dnc_start start)
{
	const struct dnc_filter *f = filter(json);

	assert_int_equal(dnc_hub_subscribe(s, f, &start), 0);
	dnc_filter_unref(f);
}

static inline void subscribe(
	struct dnc_hub *h, struct dnc_subscriber *s, const char *json, struct dnc_start start)
{
	subscribe_only(s, json, start);
	work(h);
}

static inline void refilter(struct dnc_subscriber *s, const char *json)
{
	const struct dnc_filter *f = filter(json);

	assert_int_equal(dnc_hub_refilter(s, f), 0);
	dnc_filter_unref(f);
}

/* Subscribes S to all from after event N on. */
static inline void subscribe_since(struct dnc_hub *h, struct dnc_subscriber *s, uint64_t n)
{
	subscribe(h, s, "{}", (struct dnc_start){.from = DNC_START_SINCE, .n = n});
}
