#include "priv/rate.h"
#include "base/clock.h"
#include "priv/internal.h"

static void refill(struct dnc_subscriber *s)
{
	int64_t now = dnc_clock_mono_ms();

	s->tokens += (double)(now - s->refilled_ms) * s->pace.per_minute / 60000;
	if (s->tokens > s->pace.burst)
		s->tokens = s->pace.burst;
	s->refilled_ms = now;
}

uint64_t rate_allows(struct dnc_subscriber *s)
{
	if (!s->pace.per_minute)
		return UINT64_MAX;
	refill(s);
	return (uint64_t)s->tokens;
}

void rate_spend(struct dnc_subscriber *s, uint64_t count)
{
	if (s->pace.per_minute)
		s->tokens -= (double)count;
}

void rate_wait(struct dnc_subscriber *s)
{
	struct rate_wheel *w = &s->hub->wheel;
	double ms = (1 - s->tokens) * 60000 / s->pace.per_minute;
	int64_t ticks = 1 + (int64_t)ms / DNC_HUB_TICK_MS,
		now = dnc_clock_mono_ms() / DNC_HUB_TICK_MS;
	struct dnc_subscriber **slot;

	if (s->paced)
		return;
	if (!w->waiting)
		w->tick = now;
	slot = &w->slot[(now + (ticks < PACE_SLOTS ? ticks : PACE_SLOTS - 1)) % PACE_SLOTS];
	s->paced = true;
	s->held_back = true;
	s->rate_slot = slot;
	s->rate_prev = NULL;
	s->rate_next = *slot;
	if (s->rate_next)
		s->rate_next->rate_prev = s;
	*slot = s;
	if (w->waiting++ == 0)
		hub_wake(s->hub);
	s->hub->stats.paced++;
}

void rate_remove(struct dnc_subscriber *s)
{
	if (!s->paced)
		return;
	s->paced = false;
	if (s->hub->rate_walk == s)
		s->hub->rate_walk = s->rate_next;
	*(s->rate_prev ? &s->rate_prev->rate_next : s->rate_slot) = s->rate_next;
	if (s->rate_next)
		s->rate_next->rate_prev = s->rate_prev;
	s->hub->wheel.waiting--;
}

bool dnc_hub_rate_limits(const struct dnc_hub *h)
{
	return h->wheel.waiting;
}

void dnc_hub_tick(struct dnc_hub *h)
{
	struct rate_wheel *w = &h->wheel;
	int64_t now = dnc_clock_mono_ms() / DNC_HUB_TICK_MS;

	if (now - w->tick > PACE_SLOTS)
		w->tick = now - PACE_SLOTS;
	hub_enter(h);
	while (w->tick < now) {
		struct dnc_subscriber *s = w->slot[++w->tick % PACE_SLOTS];

		/* Who has to wait again goes to a later slot. */
		for (; s; s = h->rate_walk) {
			h->rate_walk = s->rate_next;
			rate_remove(s);
			deliver(s);
		}
	}
	hub_exit(h);
}
