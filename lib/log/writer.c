#include "writer.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

enum {
	FULL_BYTES = 8 << 20, /* of a batch, past which adding waits */
	FULL_MARKS = 4096,
	NOTES_MAX = 4 << 20,
	RETRY_MS = 250,    /* after a commit that failed */
	PRUNE_MS = 1000,   /* between looks for what need not be kept, when nothing comes */
	STALLED_MS = 3000, /* in one commit, from when on the log counts as failing */
};

struct dnc_writer {
	struct dnc_journal *journal;
	void (*committed)(void *ctx);
	void *ctx;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work, room, idle;
	struct dnc_batch filling, done;
	bool committing, stopping, failing;
	struct dnc_error why;
	struct dnc_verdicts verdicts;
	uint64_t lost_notes;
	atomic_int_fast64_t busy_ns; /* since when the disk is waited for; 0: it is not */
	bool prune_failed;           /* the thread's own */
	size_t full_bytes;
	struct dnc_writer_stats stats;
};

struct dnc_writer *dnc_writer_new(
	struct dnc_journal *journal, void (*committed)(void *ctx), void *ctx)
{
	struct dnc_writer *w = calloc(1, sizeof *w);
	pthread_condattr_t clock;

	if (!w)
		return NULL;
	w->journal = journal;
	w->committed = committed;
	w->ctx = ctx;
	w->full_bytes = dnc_journal_batch_bytes(journal);
	if (w->full_bytes > FULL_BYTES)
		w->full_bytes = FULL_BYTES;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, &clock);
	pthread_cond_init(&w->room, &clock);
	pthread_cond_init(&w->idle, &clock);
	pthread_condattr_destroy(&clock);
	return w;
}

static bool has_work(const struct dnc_batch *b)
{
	return b->count || b->mark_count || b->notes.n;
}

/* Under the lock. True when something to commit came before MS were over. */
static bool wait_for_work(struct dnc_writer *w, int64_t ms)
{
	int64_t until = dnc_clock_mono_ns() + ms * 1000000;
	struct timespec t = {until / 1000000000, until % 1000000000};

	while (!w->stopping && !has_work(&w->filling))
		if (pthread_cond_timedwait(&w->work, &w->lock, &t) != 0)
			break;
	return has_work(&w->filling);
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
	if (!changed)
		return;
	if (why)
		dnc_err("%s; nothing is acknowledged until it works again", why->message);
	else
		dnc_note("the log can be written again");
	w->committed(w->ctx);
}

/* The disk is waited for from now on, or no longer. */
static void set_busy(struct dnc_writer *w, bool busy)
{
	int64_t now = dnc_clock_mono_ns(), since = w->busy_ns;

	w->busy_ns = busy ? now : 0;
	if (since && now - since >= STALLED_MS * INT64_C(1000000))
		dnc_warn(
			"the log's disk is slow: a write took %.1f s", (double)(now - since) / 1e9);
}

/* 1 when more is left to prune. */
static int prune(struct dnc_writer *w)
{
	struct dnc_error err;
	int rc;

	set_busy(w, true);
	rc = dnc_journal_prune(w->journal, &err);
	set_busy(w, false);
	if (rc < 0 && !w->prune_failed)
		dnc_warn("%s; nothing is pruned until it works again", err.message);
	w->prune_failed = rc < 0;
	return rc;
}

static int append(struct dnc_writer *w, struct dnc_batch *b, struct dnc_error *err)
{
	int rc;

	set_busy(w, true);
	rc = dnc_journal_append(w->journal, b, err);
	set_busy(w, false);
	return rc;
}

/* After a commit that failed: what pruning frees may be what it needs. False when the writer was stopped. */
static bool wait_to_retry(struct dnc_writer *w)
{
	int64_t until = dnc_clock_mono_ns() + RETRY_MS * INT64_C(1000000);
	struct timespec t = {until / 1000000000, until % 1000000000};
	bool stopping;

	while (prune(w) > 0 && dnc_clock_mono_ns() < until)
		;
	pthread_mutex_lock(&w->lock);
	while (!w->stopping && pthread_cond_timedwait(&w->idle, &w->lock, &t) == 0)
		;
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return !stopping;
}

/* Tries until it works; false when the writer was stopped before. */
static bool commit(struct dnc_writer *w, struct dnc_batch *b)
{
	struct dnc_error err;
	int64_t start = dnc_clock_mono_ns();

	while (append(w, b, &err) < 0) {
		set_failing(w, &err);
		pthread_mutex_lock(&w->lock);
		w->stats.failures++;
		pthread_mutex_unlock(&w->lock);
		if (!wait_to_retry(w)) {
			dnc_err("%zu events could not be logged and were not acknowledged",
				b->count);
			return false;
		}
	}
	pthread_mutex_lock(&w->lock);
	dnc_histogram_observe(&w->stats.commit, dnc_clock_mono_ns() - start, 1);
	pthread_mutex_unlock(&w->lock);
	set_failing(w, NULL);
	return true;
}

/* Under the lock. Without memory nothing can be acknowledged: it waits for some. */
static void acknowledge(struct dnc_writer *w, struct dnc_batch *b)
{
	while (!dnc_verdicts_add(&w->verdicts, b) && !w->stopping) {
		int64_t until = dnc_clock_mono_ns() + RETRY_MS * INT64_C(1000000);
		struct timespec t = {until / 1000000000, until % 1000000000};

		pthread_cond_timedwait(&w->idle, &w->lock, &t);
	}
}

/* Tells those who wait for their events in the batch. */
static void tell(const struct dnc_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct dnc_receipt *r = b->events[i].receipt;

		if (!r)
			continue;
		if (r->logged)
			r->logged[b->events[i].receipt_index] = b->events[i].logged;
		switch ((enum dnc_logged)b->events[i].logged) {
		case DNC_LOGGED_NEW:
			r->accepted++;
			r->last_seq = b->events[i].seq;
			break;
		case DNC_LOGGED_DUPLICATE:
			r->duplicates++;
			break;
		case DNC_LOGGED_CONFLICT:
			r->conflicts++;
			break;
		}
		if (--r->waiting == 0)
			r->safe(r); /* which may free it */
	}
}

static void print_notes(const struct dnc_buf *notes)
{
	const char *at = notes->p, *end = at + notes->n;

	while (at < end) {
		size_t n = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);

		dnc_note("access %.*s", (int)n, at);
		at += n + 1;
	}
}

/* Hands the committed batch on, once the one before was taken. */
static void hand_on(struct dnc_writer *w, struct dnc_batch *b)
{
	struct dnc_batch empty;

	pthread_mutex_lock(&w->lock);
	acknowledge(w, b);
	if (b->count) {
		while (w->done.count && !w->stopping)
			pthread_cond_wait(&w->idle, &w->lock);
		empty = w->done;
		w->done = *b;
		*b = empty;
	}
	dnc_batch_clear(b);
	w->committing = false;
	pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->lock);
	w->committed(w->ctx);
}

/* Nothing comes: whether a commit would work is asked all the same. */
static void look_after(struct dnc_writer *w)
{
	struct dnc_error err;
	int rc;

	set_busy(w, true);
	rc = dnc_journal_idle(w->journal, &err);
	set_busy(w, false);
	set_failing(w, rc < 0 ? &err : NULL);
}

static void *run(void *ctx)
{
	struct dnc_writer *w = ctx;
	struct dnc_batch batch = {0};
	int64_t wait_ms = PRUNE_MS;

	look_after(w);
	for (;;) {
		bool any, stopping;

		pthread_mutex_lock(&w->lock);
		any = wait_for_work(w, wait_ms);
		stopping = w->stopping;
		if (any && !stopping) {
			struct dnc_batch full = w->filling;

			w->filling = batch;
			batch = full;
			w->committing = true;
			pthread_cond_broadcast(&w->room);
		}
		pthread_mutex_unlock(&w->lock);
		if (stopping)
			break;
		if (any && !commit(w, &batch))
			break;
		if (any) {
			tell(&batch);
			print_notes(&batch.notes);
			hand_on(w, &batch);
		} else if (wait_ms) {
			look_after(w);
		}
		wait_ms = prune(w) > 0 ? 0 : PRUNE_MS;
	}
	dnc_batch_free(&batch);
	return NULL;
}

int dnc_writer_start(struct dnc_writer *w)
{
	w->started = dnc_thread_start(&w->thread, run, w) == 0;
	return w->started ? 0 : -1;
}

/* Notes whose line the newest event is, or what became of a line that led to none. */
static bool mark(
	struct dnc_batch *b, bool is_event, uint64_t stream_id, uint64_t line, bool rejected)
{
	struct dnc_batch_mark *m = dnc_batch_mark(b, stream_id, line);

	if (!m)
		return false;
	if (is_event) {
		b->events[b->count - 1].mark = (uint32_t)(m - b->marks) + 1;
		b->events[b->count - 1].line_number = line;
	} else {
		m->rejected += rejected;
		m->dropped += !rejected;
	}
	return true;
}

static int add(struct dnc_writer *w, const struct dnc_event *event, uint64_t stream_id,
	uint64_t line, bool rejected)
{
	int64_t now = event ? dnc_clock_mono_ns() : 0;
	bool ok = true;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping &&
		(w->filling.text.n >= w->full_bytes || w->filling.mark_count >= FULL_MARKS))
		pthread_cond_wait(&w->room, &w->lock);
	if (event && (ok = dnc_batch_add(&w->filling, event)))
		w->filling.events[w->filling.count - 1].arrived_ns = now;
	if (ok && stream_id)
		ok = mark(&w->filling, event != NULL, stream_id, line, rejected);
	ok &= !w->stopping;
	if (!w->committing)
		pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	return ok ? 0 : -1;
}

int dnc_writer_add(
	struct dnc_writer *w, const struct dnc_event *event, uint64_t stream_id, uint64_t line)
{
	return add(w, event, stream_id, line, false);
}

int dnc_writer_skip(struct dnc_writer *w, uint64_t stream_id, uint64_t line, bool rejected)
{
	return stream_id ? add(w, NULL, stream_id, line, rejected) : 0;
}

/* Under the lock. */
static bool add_offered(struct dnc_writer *w, struct dnc_event_reader *reader,
	const struct dnc_str *lines, size_t count, struct dnc_receipt *receipt)
{
	size_t before = w->filling.count;
	int64_t now = dnc_clock_mono_ns();

	for (size_t i = 0; i < count; i++) {
		struct dnc_event event;

		if (dnc_event_parse(reader, lines[i].p, lines[i].n, &event) < 0 ||
			!dnc_batch_add(&w->filling, &event)) {
			w->filling.count = before; /* their text stays behind, unused */
			return false;
		}
		w->filling.events[w->filling.count - 1].arrived_ns = now;
		w->filling.events[w->filling.count - 1].receipt = receipt;
		w->filling.events[w->filling.count - 1].receipt_index = (uint32_t)i;
	}
	return true;
}

int dnc_writer_offer(struct dnc_writer *w, struct dnc_event_reader *reader,
	const struct dnc_str *lines, size_t count, struct dnc_receipt *receipt)
{
	bool ok;

	receipt->waiting = count;
	pthread_mutex_lock(&w->lock);
	ok = !w->stopping && !w->failing && w->filling.text.n < w->full_bytes &&
	     add_offered(w, reader, lines, count, receipt);
	if (ok && !w->committing)
		pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	return ok ? 0 : -1;
}

void dnc_writer_note(struct dnc_writer *w, struct dnc_str json)
{
	bool first = false;

	pthread_mutex_lock(&w->lock);
	if (w->filling.notes.n + json.n > NOTES_MAX || !dnc_batch_note(&w->filling, json))
		first = w->lost_notes++ == 0;
	else if (!w->committing)
		pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	if (first)
		dnc_err("access records are lost: the log can't be written");
}

bool dnc_writer_verdicts(struct dnc_writer *w, struct dnc_verdicts *v)
{
	struct dnc_verdicts full;

	dnc_verdicts_clear(v);
	pthread_mutex_lock(&w->lock);
	full = w->verdicts;
	w->verdicts = *v;
	*v = full;
	pthread_mutex_unlock(&w->lock);
	return v->count > 0;
}

bool dnc_writer_drain(struct dnc_writer *w)
{
	bool drained;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping && (has_work(&w->filling) || w->committing))
		pthread_cond_wait(&w->idle, &w->lock);
	drained = !has_work(&w->filling) && !w->committing;
	pthread_mutex_unlock(&w->lock);
	return drained;
}

bool dnc_writer_take(struct dnc_writer *w, struct dnc_batch *batch)
{
	struct dnc_batch full;

	dnc_batch_clear(batch);
	pthread_mutex_lock(&w->lock);
	full = w->done;
	w->done = *batch;
	*batch = full;
	pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->lock);
	return batch->count > 0;
}

bool dnc_writer_failing(struct dnc_writer *w, struct dnc_error *why)
{
	int64_t since = w->busy_ns, ms = since ? (dnc_clock_mono_ns() - since) / 1000000 : 0;
	bool failing;

	pthread_mutex_lock(&w->lock);
	failing = w->failing;
	if (failing)
		*why = w->why;
	pthread_mutex_unlock(&w->lock);
	if (failing || ms < STALLED_MS)
		return failing;
	dnc_error_set(why, ETIMEDOUT,
		"the log's disk is slow: a write has taken %" PRId64 " s so far", ms / 1000);
	return true;
}

struct dnc_writer_stats dnc_writer_stats(struct dnc_writer *w)
{
	struct dnc_writer_stats stats;

	pthread_mutex_lock(&w->lock);
	stats = w->stats;
	pthread_mutex_unlock(&w->lock);
	return stats;
}

void dnc_writer_stop(struct dnc_writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_cond_broadcast(&w->room);
	pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->lock);
}

void dnc_writer_settle(struct dnc_writer *w, int64_t ms)
{
	int64_t until = dnc_clock_mono_ns() + ms * 1000000;
	struct timespec t = {until / 1000000000, until % 1000000000};

	pthread_mutex_lock(&w->lock);
	while (!w->stopping && (has_work(&w->filling) || w->committing))
		if (pthread_cond_timedwait(&w->idle, &w->lock, &t) != 0)
			break;
	pthread_mutex_unlock(&w->lock);
}

void dnc_writer_join(struct dnc_writer *w)
{
	dnc_writer_stop(w);
	if (w->started)
		pthread_join(w->thread, NULL);
	w->started = false;
}

void dnc_writer_free(struct dnc_writer *w)
{
	if (!w)
		return;
	dnc_writer_join(w);
	if (w->filling.count)
		dnc_err("%zu events were not logged and not acknowledged", w->filling.count);
	dnc_batch_free(&w->filling);
	dnc_batch_free(&w->done);
	dnc_verdicts_free(&w->verdicts);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->room);
	pthread_cond_destroy(&w->idle);
	free(w);
}
