#include "reader.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "priv/journal.h"

/* A read that failed is tried again after 100 ms, then after twice as long each time: 3 s in all. */
enum { TRIES = 6, FIRST_WAIT_MS = 100 };

struct queue {
	struct dnc_job *first, **end;
};

struct dnc_reader {
	struct dnc_journal_reader *journal;
	void (*finished)(void *ctx);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work;
	struct queue todo, later, done; /* later: to be tried again */
	bool stopping;
};

static void push(struct queue *q, struct dnc_job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct dnc_job *pop(struct queue *q)
{
	struct dnc_job *job = q->first;

	if (job && !(q->first = job->next))
		q->end = &q->first;
	return job;
}

/* Under the lock. Queues the jobs whose retry is due; returns the time until the next one is, or -1. */
static int64_t requeue_due(struct dnc_reader *r)
{
	int64_t now = dnc_clock_mono_ms(), wait_ms = -1;
	struct queue still = {.end = &still.first};
	struct dnc_job *job;

	while ((job = pop(&r->later))) {
		int64_t left = job->due_ms - now;

		push(left > 0 ? &still : &r->todo, job);
		if (left > 0 && (wait_ms < 0 || left < wait_ms))
			wait_ms = left;
	}
	while ((job = pop(&still)))
		push(&r->later, job);
	return wait_ms;
}

/* Under the lock. Waits for work, MS at most unless that is negative. */
static void wait_for_work(struct dnc_reader *r, int64_t ms)
{
	int64_t until = dnc_clock_mono_ns() + ms * 1000000;
	struct timespec t = {until / 1000000000, until % 1000000000};

	if (ms < 0)
		pthread_cond_wait(&r->work, &r->lock);
	else
		pthread_cond_timedwait(&r->work, &r->lock, &t);
}

/* Without the lock. True when the job has ended: it succeeded, or failed too often. */
static bool run_job(struct dnc_reader *r, struct dnc_job *job)
{
	struct dnc_error err;

	job->failed = job->run(job, r->journal, &err) < 0;
	if (!job->failed)
		return true;
	if (++job->tries == TRIES) {
		dnc_err("%s; giving up: waiting clients get an error", err.message);
		return true;
	}
	if (job->tries == 1)
		dnc_warn("%s; trying again", err.message);
	job->due_ms = dnc_clock_mono_ms() + ((int64_t)FIRST_WAIT_MS << (job->tries - 1));
	return false;
}

static void *run(void *ctx)
{
	struct dnc_reader *r = ctx;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		int64_t wait_ms = requeue_due(r);
		struct dnc_job *job = pop(&r->todo);
		bool ended;

		if (!job) {
			wait_for_work(r, wait_ms);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		ended = run_job(r, job);
		pthread_mutex_lock(&r->lock);
		push(ended ? &r->done : &r->later, job);
		if (ended)
			r->finished(r->ctx);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

struct dnc_reader *dnc_reader_new(
	struct dnc_journal *journal, void (*finished)(void *ctx), void *ctx, struct dnc_error *err)
{
	struct dnc_reader *r = calloc(1, sizeof *r);
	pthread_condattr_t clock;
	int rc;

	if (!r) {
		dnc_error_nomem(err);
		return NULL;
	}
	r->journal = journal_reader_new(journal, err);
	if (!r->journal) {
		free(r);
		return NULL;
	}
	r->finished = finished;
	r->ctx = ctx;
	r->todo.end = &r->todo.first;
	r->later.end = &r->later.first;
	r->done.end = &r->done.first;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, &clock);
	pthread_condattr_destroy(&clock);
	rc = dnc_thread_start(&r->thread, run, r);
	if (rc == 0)
		return r;
	dnc_error_set(err, rc, "unable to start a thread");
	journal_reader_free(r->journal);
	free(r);
	return NULL;
}

const struct dnc_journal *dnc_reader_journal(const struct dnc_reader *r)
{
	return dnc_journal_of(r->journal);
}

void dnc_reader_submit(struct dnc_reader *r, struct dnc_job *job)
{
	job->failed = false;
	job->tries = 0;
	pthread_mutex_lock(&r->lock);
	push(&r->todo, job);
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
}

void dnc_reader_finish(struct dnc_reader *r)
{
	struct dnc_job *job;

	for (;;) {
		pthread_mutex_lock(&r->lock);
		job = pop(&r->done);
		pthread_mutex_unlock(&r->lock);
		if (!job)
			return;
		job->done(job);
	}
}

void dnc_reader_free(struct dnc_reader *r)
{
	struct dnc_job *job;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	dnc_reader_finish(r);
	while ((job = pop(&r->todo)) || (job = pop(&r->later))) {
		job->failed = true;
		job->done(job);
	}
	journal_reader_free(r->journal);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->work);
	free(r);
}
