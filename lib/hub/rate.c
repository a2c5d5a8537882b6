#include "priv/rate.h"
#include "base/clock.h"
#include "base/log.h"
#include "priv/lists.h"

enum { MEMORY_WAITS = 60 }; /* of a tick each: 3 s */

void rate_queue_init(struct rate_queue *q)
{
	for (int i = 0; i < RATE_SLOTS; i++)
		dnc_list_init(&q->slots[i]);
}

uint64_t rate_allows(struct dnc_subscriber *s)
{
	return s->rate.per_minute ? dnc_bucket_allows(&s->rate, dnc_clock_mono_ms()) : UINT64_MAX;
}

/* S waits for so many ticks from now on; it does not wait yet. */
static void wait_ticks(struct dnc_subscriber *s, int64_t ticks)
{
	struct rate_queue *q = &s->hub->rate_queue;
	int64_t now = dnc_clock_mono_ms() / DNC_HUB_TICK_MS;

	if (!q->waiting)
		q->tick = now;
	ticks = ticks < RATE_SLOTS ? ticks : RATE_SLOTS - 1;
	dnc_list_insert(&q->slots[(now + ticks) % RATE_SLOTS], &s->rate_link);
	if (q->waiting++ == 0)
		hub_wake(s->hub);
}

void rate_wait(struct dnc_subscriber *s)
{
	if (dnc_list_is_linked(&s->rate_link))
		return;
	s->was_rate_limited = true;
	s->hub->stats.rate_limited++;
	wait_ticks(s, 1 + dnc_bucket_wait_ms(&s->rate) / DNC_HUB_TICK_MS);
}

void rate_wait_ms(struct dnc_subscriber *s, int64_t ms)
{
	if (!dnc_list_is_linked(&s->rate_link))
		wait_ticks(s, 1 + ms / DNC_HUB_TICK_MS);
}

bool memory_wait(struct dnc_subscriber *s)
{
	if (s->memory_waits == MEMORY_WAITS) {
		s->memory_waits = 0;
		if (!s->hub->memory_reported)
			dnc_err("out of memory: events are skipped, or clients disconnected");
		s->hub->memory_reported = true;
		return false;
	}
	s->memory_waits++;
	if (!dnc_list_is_linked(&s->rate_link))
		wait_ticks(s, 1);
	return true;
}

void rate_remove(struct dnc_subscriber *s)
{
	if (!dnc_list_is_linked(&s->rate_link))
		return;
	walk_remove(&s->hub->rate_walk, &s->rate_link);
	s->hub->rate_queue.waiting--;
}

void rate_tick(struct dnc_hub *h, void (*due)(struct dnc_subscriber *s))
{
	struct rate_queue *q = &h->rate_queue;
	int64_t now = dnc_clock_mono_ms() / DNC_HUB_TICK_MS;

	if (now - q->tick > RATE_SLOTS)
		q->tick = now - RATE_SLOTS;
	while (q->tick < now) {
		struct dnc_list *slot = &q->slots[++q->tick % RATE_SLOTS];

		/* A subscriber that has to wait again is put in a later slot, or in front of this one. */
		for (struct dnc_list *link = walk_begin(&h->rate_walk, slot); link;
			link = walk_next(&h->rate_walk)) {
			struct dnc_subscriber *s = SUBSCRIBER_OF(link, rate_link);

			rate_remove(s);
			due(s);
		}
	}
}
