#include "priv/turns.h"

#define JOB_OF(at)    DNC_LIST_ELEMENT(at, struct dnc_job, link)
#define CLIENT_OF(at) DNC_LIST_ELEMENT(at, struct dnc_reader_client, link)

void turns_init(struct turns *t)
{
	dnc_list_init(&t->urgent);
	dnc_list_init(&t->clients);
	dnc_list_init(&t->later);
	t->urgent_count = 0;
}

static struct dnc_list *queue_of(struct turns *t, struct dnc_job *job)
{
	struct dnc_reader_client *c = job->client;

	if (!c)
		return &t->urgent;
	if (!dnc_list_is_linked(&c->link))
		dnc_list_append(&t->clients, &c->link);
	return &c->jobs;
}

void turns_add(struct turns *t, struct dnc_job *job)
{
	dnc_list_append(queue_of(t, job), &job->link);
}

void turns_again(struct turns *t, struct dnc_job *job)
{
	dnc_list_insert(queue_of(t, job), &job->link);
}

void turns_retry(struct turns *t, struct dnc_job *job)
{
	dnc_list_append(&t->later, &job->link);
}

void turns_remove(struct dnc_job *job)
{
	struct dnc_reader_client *c = job->client;

	dnc_list_remove(&job->link);
	if (c && dnc_list_is_empty(&c->jobs))
		dnc_list_remove(&c->link);
}

void turns_charge(struct dnc_job *job, int64_t ns, int64_t now_ms)
{
	if (!job->client || !ns)
		return;
	dnc_bucket_refill(&job->client->work, now_ms);
	dnc_bucket_spend(&job->client->work, (uint64_t)ns / 1000);
}

static void note_wait(int64_t *wait_ms, int64_t ms)
{
	if (*wait_ms < 0 || ms < *wait_ms)
		*wait_ms = ms;
}

/* Queues the jobs whose retry is due. */
static void requeue_due(struct turns *t, int64_t now_ms, int64_t *wait_ms)
{
	struct dnc_list *next;

	for (struct dnc_list *at = t->later.next; at != &t->later; at = next) {
		struct dnc_job *job = JOB_OF(at);

		next = at->next;
		if (job->due_ms > now_ms) {
			note_wait(wait_ms, job->due_ms - now_ms);
			continue;
		}
		dnc_list_remove(at);
		turns_add(t, job);
	}
}

/* The first job of the first client that may go on, which then comes after the others. */
static struct dnc_job *next_of_clients(struct turns *t, int64_t now_ms, int64_t *wait_ms)
{
	DNC_LIST_EACH (at, &t->clients) {
		struct dnc_reader_client *c = CLIENT_OF(at);
		struct dnc_job *job;

		if (!dnc_bucket_allows(&c->work, now_ms)) {
			note_wait(wait_ms, dnc_bucket_wait_ms(&c->work) + 1);
			continue;
		}
		job = JOB_OF(dnc_list_first(&c->jobs));
		turns_remove(job);
		if (!dnc_list_is_empty(&c->jobs)) {
			dnc_list_remove(&c->link);
			dnc_list_append(&t->clients, &c->link);
		}
		return job;
	}
	return NULL;
}

struct dnc_job *turns_next(struct turns *t, int64_t now_ms, int64_t *wait_ms)
{
	struct dnc_job *job = NULL;

	*wait_ms = -1;
	requeue_due(t, now_ms, wait_ms);
	if (t->urgent_count >= TURNS_URGENT || dnc_list_is_empty(&t->urgent)) {
		job = next_of_clients(t, now_ms, wait_ms);
		t->urgent_count = 0;
	}
	if (job || dnc_list_is_empty(&t->urgent))
		return job;
	t->urgent_count++;
	job = JOB_OF(dnc_list_first(&t->urgent));
	turns_remove(job);
	return job;
}

struct dnc_job *turns_any(struct turns *t)
{
	struct dnc_list *at = &t->urgent;
	struct dnc_job *job;

	if (dnc_list_is_empty(at))
		at = &t->later;
	if (dnc_list_is_empty(at) && !dnc_list_is_empty(&t->clients))
		at = &CLIENT_OF(dnc_list_first(&t->clients))->jobs;
	if (dnc_list_is_empty(at))
		return NULL;
	job = JOB_OF(dnc_list_first(at));
	turns_remove(job);
	return job;
}
