/* fake_log.h - a log whose reads may fail, and a hub on it. */
#pragma once
#include "hub_peer.h"
#include <limits.h>
#include "log/reader.h"

/* Events 1 to `last` but for a hole. */
static struct fake {
	struct dnc_journal base;
	atomic_int failures;         /* reads that will fail */
	atomic_int after;            /* so many rows, each */
	uint64_t hole_from, hole_to; /* not there */
	int finished;                /* eventfd: the reader has something */
	/* The next read is told to run out of memory at its allocation FAIL_MEMORY, from 1 on. */
	atomic_int fail_memory;
	void (*fail_after)(int count, int times);
} fake;

static struct dnc_reader *reader;

static inline void fake_reader_free(struct dnc_journal_reader *r)
{
	free(r);
}

static inline struct dnc_journal_reader *fake_reader_new(
	struct dnc_journal *j, struct dnc_error *err)
{
	struct dnc_journal_reader *r = calloc(1, sizeof *r);

	(void)err;
	r->journal = j;
	return r;
}

static inline bool fake_fails(struct dnc_error *err)
{
	if (fake.failures <= 0)
		return false;
	fake.failures--;
	dnc_error_set(err, 5, "unable to read the fake log");
	return true;
}

static inline int fake_read(struct dnc_journal_reader *r, uint64_t from, bool back,
	struct dnc_str phone, bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	bool fails = fake_fails(err);
	int rows = fails ? fake.after : INT_MAX;

	(void)phone;
	if (fake.fail_memory)
		fake.fail_after(atomic_exchange(&fake.fail_memory, 0) - 1, 1);
	for (uint64_t seq = from; seq >= r->journal->oldest && seq <= r->journal->last;
		seq += back ? (uint64_t)-1 : 1) {
		char line[600];

		if (seq >= fake.hole_from && seq <= fake.hole_to)
			continue;
		if (rows-- == 0)
			return -1;
		if (!each(ctx, seq,
			    (struct dnc_str){line, (size_t)provider_event(line, sizeof line, seq)}))
			return 0;
	}
	return fails ? -1 : 0;
}

static inline int fake_find_time(
	struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	(void)ms;
	*seq = r->journal->oldest;
	return fake_fails(err) ? -1 : 0;
}

static const struct journal_ops fake_ops = {.reader_new = fake_reader_new,
	.reader_free = fake_reader_free,
	.read = fake_read,
	.find_time = fake_find_time};

static inline void fake_finished(void *ctx)
{
	eventfd_write(*(int *)ctx, 1);
}

/* Opens the log with events OLDEST to LAST, and its reader. */
static inline void open_fake(uint64_t oldest, uint64_t last)
{
	struct dnc_error err;

	memset(&fake, 0, sizeof fake);
	fake.base.ops = &fake_ops;
	fake.base.oldest = oldest;
	fake.base.last = last;
	fake.finished = eventfd(0, EFD_NONBLOCK);
	assert_true(fake.finished >= 0);
	fake.base.epochs = epochs_new();
	assert_int_equal(epochs_begin(fake.base.epochs, &(struct epoch_list){0}, last + 1), 0);
	reader = dnc_reader_new(&fake.base, fake_finished, &fake.finished, &err);
	assert_non_null(reader);
}

static inline void close_fake(void)
{
	dnc_reader_free(reader);
	close(fake.finished);
	epochs_free(fake.base.epochs);
}

/* A hub that has just started on a log with events OLDEST to LAST. */
static inline struct dnc_hub *new_hub_on(uint64_t oldest, uint64_t last)
{
	open_fake(oldest, last);
	ring = dnc_ring_new(256 << 10, last);
	wakes = 0;
	return dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = 1000000,
		.journal = &fake.base,
		.reader = reader,
		.transport = peer_transport,
		.work = peer_wake,
		.ctx = &wakes});
}

static inline void free_hub_on(struct dnc_hub *h)
{
	dnc_reader_free(reader);
	reader = NULL;
	free_hub(h);
	close_fake();
}

/* Waits until the reader has something, 20 s at most, and hands it to who asked. */
static inline void read_some(void)
{
	struct pollfd wait = {.fd = fake.finished, .events = POLLIN};
	eventfd_t count;

	assert_int_equal(poll(&wait, 1, 20000), 1);
	eventfd_read(fake.finished, &count);
	dnc_reader_finish(reader);
}

/* Waits for the next tick, and lets the hub have it. */
static inline void tick(struct dnc_hub *h)
{
	poll(NULL, 0, DNC_HUB_TICK_MS);
	dnc_hub_tick(h);
}

/* Lets hub and reader work until PEER has COUNT events and FAILURES. */
static inline void pump(struct dnc_hub *h, const struct peer *peer, size_t count, size_t failures)
{
	for (work(h); peer->count < count || peer->failures < failures; work(h))
		if (dnc_hub_needs_ticks(h))
			tick(h);
		else
			read_some();
	assert_int_equal(peer->count, count);
	assert_int_equal(peer->failures, failures);
}
