#include "writer.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "priv/commit_queue.h"
#include "priv/follower.h"
#include "priv/hubs.h"
#include "priv/journal.h"
#include "priv/receipts.h"
#include "priv/stall.h"
#include "priv/unlogged.h"

enum {
	FULL_BYTES = 8 << 20, /* of a batch, from which on adding waits */
	RETRY_MS = 250,       /* after a commit that failed */
	PRUNE_MS = 1000,      /* between turns of pruning when nothing arrives */
	CHECK_MS = 1000, /* between questions whether a commit would work, when there is none */
};

struct dnc_writer {
	struct dnc_journal *journal;
	void (*committed)(void *ctx);
	void *ctx;
	pthread_t thread;
	bool started, joined;
	struct commit_queue queue;
	struct follower *follower; /* NULL: no other process appends to the log */
	struct stall stall;        /* of the thread's calls of the journal */
	/* The thread's own. */
	bool prune_failed;
	int64_t check_due_ms;     /* nothing was written since a while: the journal is asked */
	struct unlogged unlogged; /* after it was joined, of the queue, too */
	pthread_mutex_t lock;     /* of all below */
	bool failing;
	struct dnc_error why;
	struct dnc_writer_stats stats;
};

struct dnc_writer *dnc_writer_new(
	struct dnc_journal *journal, void (*committed)(void *ctx), void *ctx)
{
	struct dnc_writer *w = calloc(1, sizeof *w);
	size_t full_bytes = journal_batch_bytes(journal);

	if (!w)
		return NULL;
	w->journal = journal;
	w->committed = committed;
	w->ctx = ctx;
	w->stall.call = "write";
	w->stall.part = journal->ops->follow
	                        ? "server (see pg_stat_activity and pg_stat_replication there)"
	                        : "disk";
	pthread_mutex_init(&w->lock, NULL);
	commit_queue_init(&w->queue, full_bytes < FULL_BYTES ? full_bytes : FULL_BYTES);
	if (!journal->ops->follow)
		return w;
	w->follower = follower_new(journal, &w->queue, committed, ctx);
	if (w->follower)
		return w;
	dnc_writer_free(w);
	return NULL;
}

static void set_failing(struct dnc_writer *w, const struct dnc_error *why)
{
	bool changed;

	pthread_mutex_lock(&w->lock);
	changed = w->failing != (why != NULL);
	w->failing = why != NULL;
	if (why)
		w->why = *why;
	pthread_mutex_unlock(&w->lock);
	if (!changed || (why && why->code == ECANCELED)) /* ended by stopping */
		return;
	if (why)
		dnc_err("%s; no event is acknowledged until it works again", why->message);
	else
		dnc_note("the log can be written again");
	w->committed(w->ctx);
}

/* 1 when more is left to prune. */
static int prune(struct dnc_writer *w)
{
	struct dnc_error err;
	int rc;

	stall_begin(&w->stall);
	rc = journal_prune(w->journal, &err);
	stall_end(&w->stall, true);
	if (rc < 0 && !w->prune_failed && err.code != ECANCELED)
		dnc_warn("%s; no event is pruned until it works again", err.message);
	w->prune_failed = rc < 0;
	return rc;
}

static int append(struct dnc_writer *w, struct dnc_batch *b, struct dnc_error *err)
{
	int rc;

	stall_begin(&w->stall);
	rc = journal_append(w->journal, b, err);
	stall_end(&w->stall, true);
	return rc;
}

/* Pruning may free what the commit that failed needs. False when the writer was stopped. */
static bool wait_to_retry(struct dnc_writer *w)
{
	int64_t until = dnc_clock_mono_ms() + RETRY_MS, left;

	while (prune(w) > 0 && dnc_clock_mono_ms() < until)
		;
	left = until - dnc_clock_mono_ms();
	return commit_queue_sleep(&w->queue, left > 0 ? left : 0);
}

/* Tries until it works; false when the writer was stopped before. Lines that led to no event say nothing of the log. */
static bool commit(struct dnc_writer *w, struct dnc_batch *b)
{
	struct dnc_error err;
	int64_t start = dnc_clock_mono_ns();

	if (!b->count && !b->audit.n)
		return true;
	while (append(w, b, &err) < 0) {
		set_failing(w, &err);
		pthread_mutex_lock(&w->lock);
		w->stats.failures++;
		pthread_mutex_unlock(&w->lock);
		if (!wait_to_retry(w))
			return false;
	}
	pthread_mutex_lock(&w->lock);
	dnc_histogram_observe(&w->stats.commit, dnc_clock_mono_ns() - start, 1);
	pthread_mutex_unlock(&w->lock);
	set_failing(w, NULL);
	w->check_due_ms = dnc_clock_mono_ms() + CHECK_MS;
	return true;
}

/* Nothing is written: asks the journal whether a commit would work. */
static void check_journal(struct dnc_writer *w)
{
	struct dnc_error err;
	int rc;

	stall_begin(&w->stall);
	rc = journal_idle(w->journal, &err);
	stall_end(&w->stall, true);
	set_failing(w, rc < 0 ? &err : NULL);
	w->check_due_ms = dnc_clock_mono_ms() + CHECK_MS;
}

static void print_audit(const struct dnc_buf *records)
{
	const char *at = records->p, *end = at + records->n;

	while (at < end) {
		size_t n = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);

		dnc_note("audit %.*s", (int)n, at);
		at += n + 1;
	}
}

/* Of a log that is followed the follower hands on the events. */
static void finish(struct dnc_writer *w, struct dnc_batch *b)
{
	uint64_t last = 0;

	receipts_settle(b);
	print_audit(&b->audit);
	if (w->follower) {
		for (size_t i = 0; i < b->count; i++)
			if (b->events[i].seq > last)
				last = b->events[i].seq;
		/* Before the queue counts as drained. */
		if (last)
			follower_expect(w->follower, last);
		commit_queue_settle(&w->queue, b);
	} else {
		commit_queue_publish(&w->queue, b);
	}
	w->committed(w->ctx);
}

static void *run(void *ctx)
{
	struct dnc_writer *w = ctx;
	struct dnc_batch batch = {0};
	int64_t wait_ms = PRUNE_MS;
	int rc;

	check_journal(w);
	while ((rc = commit_queue_next(&w->queue, &batch, wait_ms)) >= 0) {
		if (rc > 0) {
			if (!commit(w, &batch)) {
				unlogged_add(&w->unlogged, &batch);
				break;
			}
			finish(w, &batch);
		}
		if (dnc_clock_mono_ms() >= w->check_due_ms)
			check_journal(w);
		wait_ms = prune(w) > 0 ? 0 : PRUNE_MS;
	}
	dnc_batch_free(&batch);
	return NULL;
}

int dnc_writer_start(struct dnc_writer *w)
{
	if (w->follower && follower_start(w->follower) < 0)
		return -1;
	w->started = dnc_thread_start(&w->thread, run, w) == 0;
	return w->started ? 0 : -1;
}

int dnc_writer_add(
	struct dnc_writer *w, const struct dnc_event *event, uint64_t stream_id, uint64_t line)
{
	return commit_queue_add(&w->queue, event, stream_id, line, false);
}

int dnc_writer_skip(struct dnc_writer *w, uint64_t stream_id, uint64_t line, bool rejected)
{
	return stream_id ? commit_queue_add(&w->queue, NULL, stream_id, line, rejected) : 0;
}

int dnc_writer_submit(struct dnc_writer *w, struct dnc_batch *batch, struct dnc_receipt *receipt)
{
	int64_t now = dnc_clock_mono_ns();
	bool failing;

	pthread_mutex_lock(&w->lock);
	failing = w->failing;
	pthread_mutex_unlock(&w->lock);
	if (failing)
		return -1;
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->events[i].arrived_ns)
			batch->events[i].arrived_ns = now;
	receipts_attach(batch, receipt);
	return commit_queue_merge(&w->queue, batch);
}

void dnc_writer_audit(struct dnc_writer *w, struct dnc_str json)
{
	if (!commit_queue_audit(&w->queue, json))
		dnc_err("audit records are being lost: the log can't be written or is closed, or "
			"there is no memory");
}

bool dnc_writer_verdicts(struct dnc_writer *w, struct dnc_verdicts *v)
{
	return commit_queue_verdicts(&w->queue, v);
}

bool dnc_writer_drain(struct dnc_writer *w)
{
	return commit_queue_drain(&w->queue, -1);
}

bool dnc_writer_drain_for(struct dnc_writer *w, int64_t ms)
{
	return commit_queue_drain(&w->queue, ms);
}

bool dnc_writer_catch_up(struct dnc_writer *w)
{
	return !w->follower || follower_catch_up(w->follower);
}

bool dnc_writer_dequeue(struct dnc_writer *w, struct dnc_batch *batch)
{
	return commit_queue_dequeue(&w->queue, batch);
}

bool dnc_writer_failing(struct dnc_writer *w, struct dnc_error *why)
{
	bool failing;

	pthread_mutex_lock(&w->lock);
	failing = w->failing;
	if (failing)
		*why = w->why;
	pthread_mutex_unlock(&w->lock);
	return failing || (w->follower && follower_failing(w->follower, why)) ||
	       stall_is_long(&w->stall, why);
}

struct dnc_writer_stats dnc_writer_stats(struct dnc_writer *w)
{
	struct dnc_writer_stats stats;

	pthread_mutex_lock(&w->lock);
	stats = w->stats;
	pthread_mutex_unlock(&w->lock);
	commit_queue_waiting(&w->queue, &stats.waiting_events, &stats.waiting_bytes);
	stats.lost_records = commit_queue_lost_audit(&w->queue);
	return stats;
}

void dnc_writer_leave(struct dnc_writer *w)
{
	hubs_leave(w->journal->hubs);
	if (w->follower)
		w->journal->ops->follow->wake(w->journal);
}

void dnc_writer_stop(struct dnc_writer *w)
{
	commit_queue_stop(&w->queue);
	if (w->follower)
		follower_stop(w->follower);
}

void dnc_writer_join(struct dnc_writer *w)
{
	if (w->joined)
		return;
	dnc_writer_stop(w);
	if (w->started)
		pthread_join(w->thread, NULL);
	if (w->follower)
		follower_join(w->follower);
	w->joined = true;
	commit_queue_unlogged(&w->queue, &w->unlogged);
	unlogged_tell(&w->unlogged);
}

bool dnc_writer_lost(const struct dnc_writer *w)
{
	return w->unlogged.events || w->unlogged.records;
}

void dnc_writer_free(struct dnc_writer *w)
{
	if (!w)
		return;
	dnc_writer_join(w);
	follower_free(w->follower);
	commit_queue_destroy(&w->queue);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
