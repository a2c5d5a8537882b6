#include "priv/map_queue.h"
#include <stdlib.h>

/* Bytes of removed records are kept until they are so many, and more than the others. */
enum { GONE_MAX = 1 << 20 };

bool map_queue_add(struct map_queue *q, const struct dnc_map_job *job)
{
	struct map_entry *e = map_queue_at(q, q->count);

	*e = (struct map_entry){.job = *job,
		.at = q->gone + q->texts.n,
		.record_n = job->record.n,
		.raw_n = job->raw.n,
		.same = dnc_str_eq(job->record, job->raw)};
	dnc_buf_str(&q->texts, job->record);
	if (!e->same)
		dnc_buf_str(&q->texts, job->raw);
	if (!dnc_buf_ok(&q->texts))
		return false;
	q->count++;
	return true;
}

struct dnc_str map_queue_record(const struct map_queue *q, const struct map_entry *e)
{
	return (struct dnc_str){q->texts.p + (e->at - q->gone), e->record_n};
}

struct dnc_map_job map_queue_job(const struct map_queue *q, const struct map_entry *e)
{
	struct dnc_map_job job = e->job;

	job.record = map_queue_record(q, e);
	job.raw = job.record;
	if (!e->same)
		job.raw = (struct dnc_str){job.record.p + job.record.n, e->raw_n};
	return job;
}

static size_t first_text(const struct map_queue *q)
{
	return q->count ? (size_t)(q->entries[q->first].at - q->gone) : q->texts.n;
}

bool map_queue_full(const struct map_queue *q)
{
	return q->count == MAP_QUEUE_MAX || q->texts.n - first_text(q) >= MAP_QUEUE_BYTES;
}

void map_queue_remove_first(struct map_queue *q)
{
	size_t unused;

	free(q->entries[q->first].verdict);
	q->first = (q->first + 1) % MAP_QUEUE_MAX;
	q->count--;
	unused = first_text(q);
	if (q->count && (unused < GONE_MAX || unused < q->texts.n / 2))
		return;
	memmove(q->texts.p, q->texts.p + unused, q->texts.n - unused);
	q->texts.n -= unused;
	q->gone += unused;
}

void map_queue_finish(struct map_queue *q)
{
	while (q->count)
		map_queue_remove_first(q);
	dnc_buf_free(&q->texts);
}
