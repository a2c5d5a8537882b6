#include "priv/fanout.h"
#include "priv/budget.h"
#include "priv/deliver.h"
#include "priv/frames.h"
#include "priv/lists.h"
#include "priv/transmit.h"

/* With thousands of members each is out of the cache when its turn comes: what it needs is fetched while others are
 * written to. NEXT is the one after the present one; HEAD the end of the list. */
static void prefetch(
	const struct dnc_hub *h, const struct dnc_list *next, const struct dnc_list *head)
{
	const struct dnc_list *after = next->next;

	if (next == head)
		return;
	if (after != head) {
		__builtin_prefetch(after->next);
		__builtin_prefetch(SUBSCRIBER_OF(after, live_link)->conn);
	}
	h->options.transport.soon(SUBSCRIBER_OF(next, live_link)->conn);
}

/* Sends the run to all live members; all events up to UPTO were looked at. */
static void send_to_live(struct dnc_hub *h, struct channel *a, const struct run *r, uint64_t upto)
{
	for (struct dnc_list *link = walk_begin(&h->live_walk, &a->live); link;
		link = walk_next(&h->live_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, live_link);

		prefetch(h, h->live_walk.next, &a->live);
		if (!subscriber_is_live(s))
			continue; /* prefetch() called its owner */
		s->at = upto + 1;
		if (!transmit_run(s, r))
			live_remove(s);
	}
}

/* Each member goes on by itself from the first event that it was not sent. */
static void deliver_to_each(struct dnc_hub *h, struct channel *a)
{
	/* One that has everything is put in front of those that the walk has yet to reach. */
	for (struct dnc_list *link = walk_begin(&h->live_walk, &a->live); link;
		link = walk_next(&h->live_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, live_link);

		live_remove(s);
		if (budget_is_costly(s))
			budget_fall_behind(s);
		deliver(s);
	}
}

/* Members whose rate limit does not allow all of it now go on by themselves. */
static void part_with_rate_limited(struct dnc_hub *h, struct channel *a)
{
	for (struct dnc_list *link = walk_begin(&h->live_walk, &a->live); link;
		link = walk_next(&h->live_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, live_link);

		if (rate_allows(s) >= a->fresh_count)
			continue;
		live_remove(s);
		s->was_rate_limited = true;
		work_add(s); /* not now: it would be live again, and get them twice */
	}
}

/* All members pass over event SEQ, whose frame would be too long, and go on by themselves. */
static void skip_for_live(struct dnc_hub *h, struct channel *a, uint64_t seq)
{
	for (struct dnc_list *link = walk_begin(&h->live_walk, &a->live); link;
		link = walk_next(&h->live_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, live_link);

		live_remove(s);
		if (transmit_skip(s, seq, "too_large"))
			deliver(s);
	}
}

/* True when all that is new is adjacent in the ring in the form that the channel gets; it was sent then. */
static bool send_all_as_run(struct dnc_hub *h, struct channel *a)
{
	struct run r = {.first = a->fresh_from, .last = h->seen};

	if (!a->run || dnc_list_is_empty(&a->live) || a->limited_members ||
		ring_run(h->ring, r.first, r.last, DNC_HUB_SEND_BYTES, &r.n) != r.last)
		return false;
	r.p = ring_frame(h->ring, r.first).p;
	r.count = r.last + 1 - r.first;
	send_to_live(h, a, &r, h->seen);
	return true;
}

/* Gathers the frames of what matched and sends them, in as many runs as it takes. */
static void send_gathered(struct dnc_hub *h, struct channel *a)
{
	struct run r = {0};

	for (size_t i = 0; i < a->fresh_count && !dnc_list_is_empty(&a->live); i++) {
		struct form form = frame_for(h, a, NULL, a->fresh[i]);
		struct dnc_frame f = form.frame;

		if (r.n && (!f.p || r.n + f.bytes > DNC_HUB_SEND_BYTES)) {
			send_to_live(h, a, &r, a->fresh[i] - 1);
			r = (struct run){0};
		}
		if (form.no_memory) {
			deliver_to_each(h, a);
			return;
		}
		if (!f.p) {
			skip_for_live(h, a, a->fresh[i]);
			return;
		}
		run_add(&r, h->gather, f, a->fresh[i]);
	}
	if (r.n)
		send_to_live(h, a, &r, h->seen);
}

void fan_out(struct dnc_hub *h, struct channel *a)
{
	if (send_all_as_run(h, a))
		return;
	/* One socket is best written to in a row. And when not all that matched is known, each looks itself. */
	if (a->run || a->fresh_partial) {
		deliver_to_each(h, a);
		return;
	}
	if (a->limited_members)
		part_with_rate_limited(h, a);
	send_gathered(h, a);
}
