#include "priv/commit_queue.h"
#include <time.h>
#include "base/clock.h"
#include "priv/batch.h"

enum {
	MARKS_MAX = 4096, /* of a batch, from which on adding waits */
	AUDIT_BYTES_MAX = 4 << 20,
	RETRY_MS = 250, /* between attempts to get memory for verdicts */
};

void commit_queue_init(struct commit_queue *q, size_t full_bytes)
{
	pthread_condattr_t clock;

	*q = (struct commit_queue){.full_bytes = full_bytes};
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->work, &clock);
	pthread_cond_init(&q->space, &clock);
	pthread_cond_init(&q->changed, &clock);
	pthread_condattr_destroy(&clock);
}

void commit_queue_destroy(struct commit_queue *q)
{
	dnc_batch_free(&q->filling);
	dnc_batch_free(&q->committed);
	dnc_verdicts_free(&q->verdicts);
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->work);
	pthread_cond_destroy(&q->space);
	pthread_cond_destroy(&q->changed);
}

void commit_queue_unlogged(struct commit_queue *q, struct unlogged *u)
{
	pthread_mutex_lock(&q->lock);
	unlogged_add(u, &q->filling);
	u->records += q->lost_audit;
	pthread_mutex_unlock(&q->lock);
}

void commit_queue_stop(struct commit_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->stopping = true;
	pthread_cond_broadcast(&q->work);
	pthread_cond_broadcast(&q->space);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

static bool has_work(const struct dnc_batch *b)
{
	return b->count || b->mark_count || b->audit.n;
}

static struct timespec in_ms(int64_t ms)
{
	int64_t ns = dnc_clock_mono_ns() + ms * 1000000;

	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

/* Under the lock. While a commit is under way the committing thread looks for work afterwards anyway. */
static void signal_work(struct commit_queue *q)
{
	if (!q->committing)
		pthread_cond_signal(&q->work);
}

/* Under the lock. Marks the newest event's line, or counts a line that led to none. */
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

/* Under the lock. False if there is no memory. */
static bool put(struct dnc_batch *b, const struct dnc_event *event,
	const struct dnc_batch_event *described, uint64_t stream_id, uint64_t line, bool rejected)
{
	if (event && !batch_put(b, event->line, described))
		return false;
	if (!stream_id || mark(b, event != NULL, stream_id, line, rejected))
		return true;
	b->count -= event != NULL; /* its text stays, unused */
	return false;
}

/* Under the lock. False if the queue was stopped. */
static bool wait_for_space(struct commit_queue *q)
{
	const struct dnc_batch *b = &q->filling;

	while (!q->stopping && (b->text.n >= q->full_bytes || b->mark_count >= MARKS_MAX))
		pthread_cond_wait(&q->space, &q->lock);
	return !q->stopping;
}

/* Under the lock. */
static void wait_for_memory(struct commit_queue *q)
{
	struct timespec until = in_ms(RETRY_MS);

	signal_work(q); /* a commit gives memory back */
	pthread_cond_timedwait(&q->changed, &q->lock, &until);
}

int commit_queue_add(struct commit_queue *q, const struct dnc_event *event, uint64_t stream_id,
	uint64_t line, bool rejected)
{
	struct dnc_batch_event described;
	bool ok;

	if (event) {
		described = batch_describe(event);
		described.arrived_ns = dnc_clock_mono_ns();
	}
	pthread_mutex_lock(&q->lock);
	while ((ok = wait_for_space(q)) &&
		!put(&q->filling, event, &described, stream_id, line, rejected))
		wait_for_memory(q);
	signal_work(q);
	pthread_mutex_unlock(&q->lock);
	return ok ? 0 : -1;
}

int commit_queue_merge(struct commit_queue *q, const struct dnc_batch *batch)
{
	bool ok;

	pthread_mutex_lock(&q->lock);
	ok = !q->stopping && q->filling.text.n < q->full_bytes &&
	     q->filling.mark_count < MARKS_MAX && batch_append(&q->filling, batch);
	signal_work(q);
	pthread_mutex_unlock(&q->lock);
	return ok ? 0 : -1;
}

bool commit_queue_audit(struct commit_queue *q, struct dnc_str json)
{
	bool first = false, added;

	pthread_mutex_lock(&q->lock);
	added = json.n && !q->stopping && q->filling.audit.n + json.n <= AUDIT_BYTES_MAX &&
	        batch_audit(&q->filling, json);
	if (!added) {
		first = !q->losing_audit;
		q->lost_audit++;
	}
	q->losing_audit = !added;
	signal_work(q);
	pthread_mutex_unlock(&q->lock);
	return !first;
}

int commit_queue_next(struct commit_queue *q, struct dnc_batch *batch, int64_t ms)
{
	struct timespec until = in_ms(ms);
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	while (!q->stopping && !has_work(&q->filling))
		if (pthread_cond_timedwait(&q->work, &q->lock, &until) != 0)
			break;
	if (q->stopping) {
		rc = -1;
	} else if (has_work(&q->filling)) {
		struct dnc_batch full = q->filling;

		q->filling = *batch;
		*batch = full;
		q->committing = true;
		q->committing_events = full.count;
		q->committing_bytes = full.text.n;
		pthread_cond_broadcast(&q->space);
		rc = 1;
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

bool commit_queue_sleep(struct commit_queue *q, int64_t ms)
{
	struct timespec until = in_ms(ms);
	bool stopping;

	pthread_mutex_lock(&q->lock);
	while (!q->stopping && pthread_cond_timedwait(&q->changed, &q->lock, &until) == 0)
		;
	stopping = q->stopping;
	pthread_mutex_unlock(&q->lock);
	return !stopping;
}

/* Under the lock. Without memory nothing can be acknowledged: it waits for some. */
static void add_verdicts(struct commit_queue *q, struct dnc_batch *b)
{
	while (!verdicts_add(&q->verdicts, b) && !q->stopping) {
		struct timespec until = in_ms(RETRY_MS);

		pthread_cond_timedwait(&q->changed, &q->lock, &until);
	}
}

/* Under the lock. Waits until the batch before was taken, and swaps BATCH for its memory. When stopped the batch before
 * stays: its consumer must not miss one in between. */
static bool hand_on(struct commit_queue *q, struct dnc_batch *batch)
{
	struct dnc_batch taken;

	while (q->committed.count && !q->stopping)
		pthread_cond_wait(&q->changed, &q->lock);
	if (q->committed.count)
		return false;
	taken = q->committed;
	q->committed = *batch;
	*batch = taken;
	return true;
}

/* Under the lock. */
static void end_commit(struct commit_queue *q, struct dnc_batch *batch)
{
	batch_clear(batch);
	q->committing = false;
	q->committing_events = q->committing_bytes = 0;
	pthread_cond_broadcast(&q->changed);
}

void commit_queue_publish(struct commit_queue *q, struct dnc_batch *batch)
{
	pthread_mutex_lock(&q->lock);
	add_verdicts(q, batch);
	if (batch->count)
		hand_on(q, batch);
	end_commit(q, batch);
	pthread_mutex_unlock(&q->lock);
}

void commit_queue_settle(struct commit_queue *q, struct dnc_batch *batch)
{
	pthread_mutex_lock(&q->lock);
	add_verdicts(q, batch);
	end_commit(q, batch);
	pthread_mutex_unlock(&q->lock);
}

bool commit_queue_hand_on(struct commit_queue *q, struct dnc_batch *batch)
{
	bool done;

	pthread_mutex_lock(&q->lock);
	done = hand_on(q, batch);
	if (done)
		batch_clear(batch);
	pthread_mutex_unlock(&q->lock);
	return done;
}

bool commit_queue_verdicts(struct commit_queue *q, struct dnc_verdicts *v)
{
	struct dnc_verdicts full;

	verdicts_clear(v);
	pthread_mutex_lock(&q->lock);
	full = q->verdicts;
	q->verdicts = *v;
	*v = full;
	pthread_mutex_unlock(&q->lock);
	return v->count > 0;
}

bool commit_queue_dequeue(struct commit_queue *q, struct dnc_batch *batch)
{
	struct dnc_batch full;

	batch_clear(batch);
	pthread_mutex_lock(&q->lock);
	full = q->committed;
	q->committed = *batch;
	*batch = full;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	return batch->count > 0;
}

void commit_queue_waiting(struct commit_queue *q, uint64_t *events, uint64_t *bytes)
{
	pthread_mutex_lock(&q->lock);
	*events = q->filling.count + q->committing_events;
	*bytes = q->filling.text.n + q->committing_bytes;
	pthread_mutex_unlock(&q->lock);
}

uint64_t commit_queue_lost_audit(struct commit_queue *q)
{
	uint64_t lost;

	pthread_mutex_lock(&q->lock);
	lost = q->lost_audit;
	pthread_mutex_unlock(&q->lock);
	return lost;
}

bool commit_queue_drain(struct commit_queue *q, int64_t ms)
{
	struct timespec until = in_ms(ms < 0 ? 0 : ms);
	bool drained;

	pthread_mutex_lock(&q->lock);
	while (!q->stopping && (has_work(&q->filling) || q->committing))
		if (ms < 0)
			pthread_cond_wait(&q->changed, &q->lock);
		else if (pthread_cond_timedwait(&q->changed, &q->lock, &until) != 0)
			break;
	drained = !has_work(&q->filling) && !q->committing;
	pthread_mutex_unlock(&q->lock);
	return drained;
}
