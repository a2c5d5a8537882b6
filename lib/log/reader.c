#include "reader.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "priv/journal.h"
#include "priv/turns.h"

/* A read that failed is tried again after 100 ms, then after twice as long each time: 3 s in all. One that has to wait for what the
 * log will have soon (EAGAIN) goes on after 1.6 s each: 30 s in all, which is longer than most failovers. */
enum { TRIES = 6, PATIENT_TRIES = 23, FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 1600 };

struct dnc_reader {
	struct dnc_journal_reader *journal;
	void (*finished)(void *ctx);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work;
	struct turns todo;
	struct dnc_list done;
	bool stopping;
};

void dnc_reader_client_init(struct dnc_reader_client *c, int64_t now_ms)
{
	*c = (struct dnc_reader_client){0};
	dnc_list_init(&c->jobs);
	dnc_bucket_init(&c->work, DNC_READER_WORK_PER_MINUTE, DNC_READER_WORK_BURST, now_ms);
}

bool dnc_job_is_over(const struct dnc_job *job)
{
	return atomic_load_explicit(&job->cancelled, memory_order_relaxed) ||
	       dnc_clock_mono_ns() >= job->slice_end_ns;
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

/* Without the lock. Returns what RUN did; a failure that is final is an end. */
static int run_job(struct dnc_reader *r, struct dnc_job *job)
{
	struct dnc_error err = {0};
	int64_t wait_ms;
	int rc;

	job->work_ns = 0;
	job->slice_end_ns = dnc_clock_mono_ns() + DNC_JOB_SLICE_MS * INT64_C(1000000);
	rc = job->run(job, r->journal, &err);
	job->failed = rc < 0;
	if (rc >= 0)
		return rc;
	if (++job->tries >= (err.code == EAGAIN ? PATIENT_TRIES : TRIES)) {
		dnc_err("%s; giving up: waiting clients get an error", err.message);
		return 0;
	}
	if (job->tries == 1 && err.code != ECANCELED) /* stopped */
		dnc_warn("%s; trying again", err.message);
	wait_ms = job->tries < TRIES ? (int64_t)FIRST_WAIT_MS << (job->tries - 1) : LONGEST_WAIT_MS;
	job->due_ms = dnc_clock_mono_ms() + wait_ms;
	return -1;
}

/* Under the lock. */
static void end_job(struct dnc_reader *r, struct dnc_job *job)
{
	job->state = DNC_JOB_ENDED;
	dnc_list_append(&r->done, &job->link);
	r->finished(r->ctx);
}

/* Under the lock, which is released while the job runs. */
static void run_next(struct dnc_reader *r, struct dnc_job *job)
{
	int rc;

	job->state = DNC_JOB_RUNNING;
	pthread_mutex_unlock(&r->lock);
	rc = run_job(r, job);
	pthread_mutex_lock(&r->lock);
	turns_charge(job, job->work_ns, dnc_clock_mono_ms());
	if (rc == 0 || job->cancelled) {
		end_job(r, job);
		return;
	}
	job->state = DNC_JOB_QUEUED;
	if (rc < 0)
		turns_retry(&r->todo, job);
	else
		turns_again(&r->todo, job);
}

/* Under the lock, which is released meanwhile. */
static void rest(struct dnc_reader *r)
{
	pthread_mutex_unlock(&r->lock);
	journal_reader_rest(r->journal);
	pthread_mutex_lock(&r->lock);
}

static void *run(void *ctx)
{
	struct dnc_reader *r = ctx;
	bool rested = true; /* since the last job */

	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		int64_t wait_ms;
		struct dnc_job *job = turns_next(&r->todo, dnc_clock_mono_ms(), &wait_ms);

		if (job)
			run_next(r, job);
		else if (!rested)
			rest(r);
		else
			wait_for_work(r, wait_ms);
		rested = !job;
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
	turns_init(&r->todo);
	dnc_list_init(&r->done);
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
	job->cancelled = false;
	job->tries = 0;
	pthread_mutex_lock(&r->lock);
	job->state = DNC_JOB_QUEUED;
	turns_add(&r->todo, job);
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
}

void dnc_reader_cancel(struct dnc_reader *r, struct dnc_job *job)
{
	pthread_mutex_lock(&r->lock);
	job->cancelled = true;
	if (job->state == DNC_JOB_QUEUED) {
		turns_remove(job);
		end_job(r, job);
	}
	pthread_mutex_unlock(&r->lock);
}

/* NULL when none has ended. */
static struct dnc_job *pop_done(struct dnc_reader *r)
{
	struct dnc_list *at;

	pthread_mutex_lock(&r->lock);
	at = dnc_list_pop(&r->done);
	pthread_mutex_unlock(&r->lock);
	return at ? DNC_LIST_ELEMENT(at, struct dnc_job, link) : NULL;
}

void dnc_reader_finish(struct dnc_reader *r)
{
	struct dnc_job *job;

	while ((job = pop_done(r))) {
		job->state = DNC_JOB_IDLE;
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
	journal_reader_stop(r->journal);
	pthread_join(r->thread, NULL);
	dnc_reader_finish(r);
	while ((job = turns_any(&r->todo))) {
		job->failed = true;
		job->done(job);
	}
	journal_reader_free(r->journal);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->work);
	free(r);
}
