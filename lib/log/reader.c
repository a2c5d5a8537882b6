#include "reader.h"
#include <pthread.h>
#include <stdlib.h>
#include "../base/thread.h"

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
	struct queue todo, done;
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

static void *run(void *ctx)
{
	struct dnc_reader *r = ctx;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		struct dnc_job *job = pop(&r->todo);

		if (!job) {
			pthread_cond_wait(&r->work, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		job->run(job, r->journal);
		pthread_mutex_lock(&r->lock);
		push(&r->done, job);
		r->finished(r->ctx);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

struct dnc_reader *dnc_reader_new(
	struct dnc_journal *journal, void (*finished)(void *ctx), void *ctx, struct dnc_error *err)
{
	struct dnc_reader *r = calloc(1, sizeof *r);
	int rc;

	if (!r) {
		dnc_error_nomem(err);
		return NULL;
	}
	r->journal = dnc_journal_reader_new(journal, err);
	if (!r->journal) {
		free(r);
		return NULL;
	}
	r->finished = finished;
	r->ctx = ctx;
	r->todo.end = &r->todo.first;
	r->done.end = &r->done.first;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, NULL);
	rc = dnc_thread_start(&r->thread, run, r);
	if (rc == 0)
		return r;
	dnc_error_set(err, rc, "unable to start a thread");
	dnc_journal_reader_free(r->journal);
	free(r);
	return NULL;
}

void dnc_reader_submit(struct dnc_reader *r, struct dnc_job *job)
{
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
	while ((job = pop(&r->todo)))
		job->done(job);
	dnc_journal_reader_free(r->journal);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->work);
	free(r);
}
