/* take.c - from the log to the ring. */
#include "daemon.h"

/* What is appended to the ring in one turn: a share of it, some milliseconds of work at most. */
enum { SLICE_SHARE = 8, SLICE_BYTES = 8 << 20 };

/* How many events of the batch are appended now, and the ring's room that they take. */
static size_t slice(const struct daemon *d, size_t *bytes)
{
	enum { SHORTEST = 256 }; /* counted for each, so that there are slots for all */
	size_t most = dnc_ring_size(d->ring) / SLICE_SHARE, to = d->taken;

	if (most > SLICE_BYTES)
		most = SLICE_BYTES;
	for (*bytes = 0; to < d->batch.count && *bytes < most; to++)
		*bytes += d->batch.events[to].line.n + SHORTEST;
	return to;
}

static void wake_workers(struct daemon *d)
{
	for (unsigned i = 1; i < d->options.workers; i++)
		worker_wake(&d->workers[i]);
}

static bool reserve(struct daemon *d, size_t bytes, size_t count)
{
	if (dnc_ring_reserve(d->ring, bytes, count))
		return true;
	dnc_hub_release_ring(d->workers[0].hub);
	if (dnc_ring_reserve(d->ring, bytes, count))
		return true;
	wake_workers(d); /* on_advanced() comes back when there is room */
	return false;
}

bool daemon_take(struct daemon *d)
{
	size_t bytes, to;

	if (d->taken == d->batch.count) {
		d->taken = 0;
		if (!dnc_writer_take(d->writer, &d->batch))
			return false;
	}
	to = slice(d, &bytes);
	if (!reserve(d, bytes, to - d->taken))
		return false;
	for (; d->taken < to; d->taken++) {
		const struct dnc_batch_event *e = &d->batch.events[d->taken];
		struct dnc_str line = dnc_piece_str(&d->batch, e->line);

		if (!e->seq)
			continue;
		dnc_ring_append(d->ring, line.p, line.n, e->arrived_ns);
		d->events++;
		d->event_bytes += line.n;
	}
	wake_workers(d);
	dnc_web_flush(d->workers[0].web);
	uv_async_send(&d->committed); /* the rest, or the next batch */
	return true;
}
