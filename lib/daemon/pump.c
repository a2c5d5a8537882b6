#include "daemon/pump.h"

/* A slice is a share of the ring and takes some milliseconds at most, so that clients do not wait long for the thread
 * after a large batch. */
enum { SLICE_SHARE = 8, SLICE_BYTES = 8 << 20 };

/* Returns the end of the next slice in the batch. *BYTES is the room in the ring that it takes. */
static size_t slice_end(const struct dnc_pump *p, size_t *bytes)
{
	size_t most = dnc_ring_size(p->ring) / SLICE_SHARE, to = p->position;

	if (most > SLICE_BYTES)
		most = SLICE_BYTES;
	/* No event counts as less than a short frame, so that there are slots for all. */
	for (*bytes = 0; to < p->batch.count && *bytes < most; to++)
		*bytes += p->batch.events[to].line.n + DNC_RING_SHORT_FRAME;
	return to;
}

static bool reserve(struct dnc_pump *p, size_t bytes, size_t count)
{
	if (dnc_ring_reserve(p->ring, bytes, count))
		return true;
	p->release(p->ctx);
	if (dnc_ring_reserve(p->ring, bytes, count))
		return true;
	p->blocked(p->ctx);
	return false;
}

bool dnc_pump_run(struct dnc_pump *p)
{
	size_t bytes, to;

	if (!dnc_pump_pending(p)) {
		p->position = 0;
		if (!dnc_writer_dequeue(p->writer, &p->batch))
			return false;
	}
	to = slice_end(p, &bytes);
	if (!reserve(p, bytes, to - p->position))
		return false;
	for (; p->position < to; p->position++) {
		const struct dnc_batch_event *e = &p->batch.events[p->position];
		struct dnc_str line = dnc_piece_str(&p->batch, e->line);

		if (!e->seq)
			continue;
		dnc_ring_append(p->ring, line.p, line.n, &e->shape, e->arrived_ns);
		p->events++;
		p->event_bytes += line.n;
	}
	p->appended(p->ctx);
	return true;
}

void dnc_pump_discard(struct dnc_pump *p)
{
	do
		p->position = p->batch.count;
	while (dnc_writer_dequeue(p->writer, &p->batch));
}

bool dnc_pump_pending(const struct dnc_pump *p)
{
	return p->position < p->batch.count;
}

void dnc_pump_finish(struct dnc_pump *p)
{
	dnc_batch_free(&p->batch);
}
