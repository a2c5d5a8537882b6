#include "web/http/publisher.h"
#include <pthread.h>
#include <stdlib.h>
#include "log/writer.h"

struct publisher {
	struct submission_tools tools;
	uv_async_t async; /* some are committed */
	pthread_mutex_t lock;
	struct publisher_commit *committed; /* to be reported; under the lock */
	uv_idle_t turns;         /* runs while there are jobs: the loop does not wait then */
	struct dnc_list jobs;    /* in the order in which they came */
	struct dnc_list *served; /* the job that had the last turn, or the head */
	bool closed;             /* libuv would start a closed handle */
};

/* In the log writer's thread. */
static void on_committed(struct dnc_receipt *receipt)
{
	struct publisher_commit *c = (struct publisher_commit *)receipt;
	struct publisher *p = c->publisher;

	pthread_mutex_lock(&p->lock);
	c->next = p->committed;
	p->committed = c;
	pthread_mutex_unlock(&p->lock);
	uv_async_send(&p->async);
}

static void report_committed(struct publisher *p)
{
	struct publisher_commit *c, *next;

	pthread_mutex_lock(&p->lock);
	c = p->committed;
	p->committed = NULL;
	pthread_mutex_unlock(&p->lock);
	for (; c; c = next) {
		next = c->next;
		c->committed(c);
	}
}

static void on_async(uv_async_t *async)
{
	report_committed(async->data);
}

/* One job a turn of the loop, so that other connections are served between. */
static void on_turn(uv_idle_t *turns)
{
	struct publisher *p = turns->data;
	struct dnc_list *link = p->served->next;
	struct publisher_job *job;

	if (link == &p->jobs)
		link = link->next;
	p->served = link;
	job = DNC_LIST_ELEMENT(link, struct publisher_job, link);
	job->work(job);
}

bool publisher_queue(struct publisher *p, struct publisher_job *job)
{
	if (p->closed)
		return false;
	if (dnc_list_is_empty(&p->jobs))
		uv_idle_start(&p->turns, on_turn);
	dnc_list_append(&p->jobs, &job->link);
	return true;
}

void publisher_drop(struct publisher *p, struct publisher_job *job)
{
	if (!dnc_list_is_linked(&job->link))
		return;
	if (p->served == &job->link)
		p->served = job->link.prev;
	dnc_list_remove(&job->link);
	if (dnc_list_is_empty(&p->jobs) && !p->closed)
		uv_idle_stop(&p->turns);
}

bool publisher_is_oldest(const struct publisher *p, const struct publisher_job *job)
{
	return p->jobs.next == &job->link;
}

struct publisher *publisher_new(uv_loop_t *loop, struct dnc_recent *rejects)
{
	struct publisher *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	dnc_list_init(&p->jobs);
	p->served = &p->jobs;
	p->tools = (struct submission_tools){
		.parser = dnc_json_parser_new(),
		.events =
			dnc_event_reader_new(&(struct dnc_event_options){.source_format = "http"}),
		.rejects = rejects,
	};
	if (!p->tools.parser || !p->tools.events || uv_async_init(loop, &p->async, on_async) < 0) {
		publisher_free(p);
		return NULL;
	}
	uv_idle_init(loop, &p->turns);
	p->async.data = p->turns.data = p;
	return p;
}

void publisher_close(struct publisher *p)
{
	p->closed = true;
	uv_close((uv_handle_t *)&p->async, NULL);
	uv_close((uv_handle_t *)&p->turns, NULL);
}

void publisher_free(struct publisher *p)
{
	if (!p)
		return;
	report_committed(p);
	pthread_mutex_destroy(&p->lock);
	dnc_json_parser_free(p->tools.parser);
	dnc_event_reader_free(p->tools.events);
	free(p);
}

const struct submission_tools *publisher_tools(const struct publisher *p)
{
	return &p->tools;
}

int publisher_submit(struct publisher *p, struct dnc_writer *writer, struct dnc_batch *batch,
	struct publisher_commit *c)
{
	c->publisher = p;
	c->receipt.safe = on_committed;
	return dnc_writer_submit(writer, batch, &c->receipt);
}
