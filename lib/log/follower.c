#include "priv/follower.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "priv/batch.h"
#include "priv/stall.h"

enum {
	WAIT_MS = 5000, /* for a notification, after which it looks nevertheless */
	RETRY_MS = 250, /* after a read that failed */
};

struct follower {
	struct dnc_journal *journal;
	struct commit_queue *queue;
	void (*changed)(void *ctx);
	void *ctx;
	pthread_t thread;
	bool started;
	struct stall stall; /* of the thread's reads */
	/* The thread's own. */
	struct dnc_event_reader *reader;
	struct dnc_batch batch;
	int64_t *logged_at_ms; /* of each event of the batch */
	size_t times_room;
	struct dnc_error fault; /* why the last event could not be taken; code 0: it was */
	pthread_mutex_t lock;   /* of all below */
	pthread_cond_t moved;
	uint64_t expected, handed_on; /* numbers */
	bool stopping, failing;
	bool lost; /* there is nothing to follow any more */
	struct dnc_error why;
};

struct follower *follower_new(
	struct dnc_journal *j, struct commit_queue *q, void (*changed)(void *ctx), void *ctx)
{
	struct follower *f = calloc(1, sizeof *f);
	pthread_condattr_t clock;

	if (!f)
		return NULL;
	*f = (struct follower){.journal = j,
		.queue = q,
		.changed = changed,
		.ctx = ctx,
		.stall = {.call = "read", .part = "server (see pg_stat_activity there)"},
		.expected = j->last,
		.handed_on = j->last,
		.reader = dnc_event_reader_new(&(struct dnc_event_options){0})};
	if (!f->reader) {
		free(f);
		return NULL;
	}
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->moved, &clock);
	pthread_condattr_destroy(&clock);
	return f;
}

static bool no_memory(struct follower *f)
{
	dnc_error_nomem(&f->fault);
	return false;
}

/* Adds an event to the batch, with its shape. */
static bool add(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line)
{
	struct follower *f = ctx;
	struct dnc_batch *b = &f->batch;
	struct dnc_batch_event *e;
	struct dnc_event event;

	if (!dnc_array_grow(&f->logged_at_ms, &f->times_room, b->count + 1) ||
		!batch_put(b, line,
			&(struct dnc_batch_event){.seq = seq,
				.arrived_ns = dnc_clock_mono_ns(),
				.line = {0, (uint32_t)line.n}}))
		return no_memory(f);
	e = &b->events[b->count - 1];
	f->logged_at_ms[b->count - 1] = logged_at_ms;
	if (dnc_event_parse(f->reader, b->text.p + e->line.at, line.n, &event) == 0) {
		dnc_event_shape_of(&event, &e->shape);
		return true;
	}
	b->count--; /* its text stays, unused */
	if (dnc_event_reader_no_memory(f->reader))
		return no_memory(f);
	dnc_error_set(&f->fault, EIO,
		"event %" PRIu64
		" of the log is none that this version of dnc-wsd knows: install a "
		"newer one, or restore the event",
		seq);
	return false;
}

/* The server may be slow, or not say anything for as long as the journal waits for it. */
static int read_log(struct follower *f, struct dnc_error *err)
{
	int rc;

	stall_begin(&f->stall);
	rc = f->journal->ops->follow->read(f->journal, add, f, err);
	stall_end(&f->stall, rc >= 0);
	return rc;
}

/* Reads the next events, if any, into the batch. 1 when there may be more, 0 when not, -1 with ERR. */
static int read_batch(struct follower *f, struct dnc_error *err)
{
	int rc;

	batch_clear(&f->batch);
	f->fault.code = 0;
	rc = read_log(f, err);
	/* Those before it are handed on first. */
	if (rc >= 0 && f->fault.code && f->batch.count)
		return 1;
	if (rc >= 0 && f->fault.code) {
		*err = f->fault;
		rc = -1;
	}
	return rc;
}

/* Counts the events, and notes what they say of providers, as of the time when each was logged. */
static void tally(struct follower *f)
{
	struct dnc_journal *j = f->journal;
	const struct dnc_batch *b = &f->batch;
	uint32_t counts[DNC_TYPES] = {0};

	for (size_t i = 0; i < b->count; i++) {
		const struct dnc_batch_event *e = &b->events[i];
		int64_t at_ms = f->logged_at_ms[i];

		counts[e->shape.type]++;
		if (providers_concerns((enum dnc_type)e->shape.type) &&
			providers_stage(j->providers, dnc_piece_str(b, e->line), e->seq, at_ms) < 0)
			providers_refuse(j->providers);
		if (i + 1 == b->count || f->logged_at_ms[i + 1] != at_ms) {
			rates_add(j->rates, at_ms, counts);
			memset(counts, 0, sizeof counts);
		}
	}
	providers_commit(j->providers);
}

/* From here on the events are part of the journal for this process. False when the queue was stopped. */
static bool hand_on(struct follower *f)
{
	size_t last = f->batch.count - 1;
	uint64_t seq = f->batch.events[last].seq;

	tally(f);
	f->journal->stats.newest_ms = f->logged_at_ms[last];
	f->journal->last = seq;
	journal_know(f->journal, seq);
	if (!commit_queue_hand_on(f->queue, &f->batch))
		return false;
	pthread_mutex_lock(&f->lock);
	f->handed_on = seq;
	pthread_cond_broadcast(&f->moved);
	pthread_mutex_unlock(&f->lock);
	f->changed(f->ctx);
	return true;
}

static void set_failing(struct follower *f, const struct dnc_error *why)
{
	bool changed, stopping;

	pthread_mutex_lock(&f->lock);
	changed = f->failing != (why != NULL);
	f->failing = why != NULL;
	if (why)
		f->why = *why;
	stopping = f->stopping;
	pthread_mutex_unlock(&f->lock);
	if (!changed || stopping)
		return;
	if (why)
		dnc_err("%s; clients get no new event until it works again", why->message);
	else
		dnc_note("the log can be read again");
	f->changed(f->ctx);
}

/* False when the follower was stopped. */
static bool wait_to_retry(struct follower *f)
{
	int64_t ns = dnc_clock_mono_ns() + RETRY_MS * INT64_C(1000000);
	struct timespec until = {ns / 1000000000, ns % 1000000000};
	bool stopping;

	pthread_mutex_lock(&f->lock);
	while (!f->stopping && pthread_cond_timedwait(&f->moved, &f->lock, &until) == 0)
		;
	stopping = f->stopping;
	pthread_mutex_unlock(&f->lock);
	return !stopping;
}

static bool is_stopping(struct follower *f)
{
	bool stopping;

	pthread_mutex_lock(&f->lock);
	stopping = f->stopping;
	pthread_mutex_unlock(&f->lock);
	return stopping;
}

/* Reads and hands on all that there is. Under load there is always more a moment later: the round ends nevertheless, or
 * whoever asked for one would not be answered. -1 with ERR. */
static int follow(struct follower *f, struct dnc_error *err)
{
	uint64_t known = f->journal->stats.known;
	int more;

	journal_round_begin(f->journal);
	do {
		more = read_batch(f, err);
		if (more < 0)
			return -1;
		if (f->batch.count) {
			set_failing(f, NULL);
			if (!hand_on(f))
				return 0;
		}
	} while (more);
	if (known > f->journal->last) /* anybody may NOTIFY */
		atomic_compare_exchange_strong(&f->journal->stats.known, &known, f->journal->last);
	journal_round_end(f->journal);
	f->changed(f->ctx); /* who asked for a round is answered, and there may be a new epoch */
	return 0;
}

/* True when the log has lost what was handed on: the daemon ends, and nobody needs to wait. */
static bool note_lost(struct follower *f)
{
	if (!f->journal->changes.lost)
		return false;
	pthread_mutex_lock(&f->lock);
	f->lost = true;
	pthread_cond_broadcast(&f->moved);
	pthread_mutex_unlock(&f->lock);
	f->changed(f->ctx);
	return true;
}

/* After a failure it is a moment without another one that says that the log can be read again. */
static void *run(void *ctx)
{
	struct follower *f = ctx;
	struct dnc_error err;

	while (!is_stopping(f)) {
		int rc = follow(f, &err);

		if (rc == 0)
			rc = f->journal->ops->follow->wait(
				f->journal, f->failing ? RETRY_MS : WAIT_MS, &err);
		if (note_lost(f))
			break;
		set_failing(f, rc < 0 ? &err : NULL);
		if (rc < 0 && !wait_to_retry(f))
			break;
	}
	return NULL;
}

int follower_start(struct follower *f)
{
	f->started = dnc_thread_start(&f->thread, run, f) == 0;
	return f->started ? 0 : -1;
}

void follower_expect(struct follower *f, uint64_t seq)
{
	journal_know(f->journal, seq);
	pthread_mutex_lock(&f->lock);
	if (seq > f->expected)
		f->expected = seq;
	pthread_mutex_unlock(&f->lock);
	f->journal->ops->follow->wake(f->journal);
}

bool follower_catch_up(struct follower *f)
{
	bool done;

	pthread_mutex_lock(&f->lock);
	while (!f->stopping && !f->lost && f->handed_on < f->expected)
		pthread_cond_wait(&f->moved, &f->lock);
	done = f->handed_on >= f->expected;
	pthread_mutex_unlock(&f->lock);
	return done;
}

bool follower_failing(struct follower *f, struct dnc_error *why)
{
	bool failing;

	pthread_mutex_lock(&f->lock);
	failing = f->failing;
	if (failing)
		*why = f->why;
	pthread_mutex_unlock(&f->lock);
	return failing || stall_is_long(&f->stall, why);
}

void follower_stop(struct follower *f)
{
	const struct journal_follow *ops = f->journal->ops->follow;

	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_cond_broadcast(&f->moved);
	pthread_mutex_unlock(&f->lock);
	if (ops->stop)
		ops->stop(f->journal);
	ops->wake(f->journal);
}

void follower_join(struct follower *f)
{
	follower_stop(f);
	if (f->started)
		pthread_join(f->thread, NULL);
	f->started = false;
}

void follower_free(struct follower *f)
{
	if (!f)
		return;
	follower_join(f);
	dnc_event_reader_free(f->reader);
	dnc_batch_free(&f->batch);
	free(f->logged_at_ms);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->moved);
	free(f);
}
