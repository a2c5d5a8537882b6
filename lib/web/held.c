/* held.c - tells clients that get events later than they come, and why: a rate limit, or a connection that takes them
 * too slowly. Once a second a bounded number of clients is looked at, so that no delivery pays for it. */
#include "base/clock.h"
#include "priv/serve.h"

enum {
	HELD_LOOKS = 4096,    /* clients looked at in one second */
	HELD_AFTER_MS = 1000, /* held back for so long before it is told */
	HELD_AGAIN_MS = 30000,
};

static const char *const reasons[] = {[DNC_HELD_BY_RATE] = "rate_limit", [DNC_HELD_BY_LAG] = "lag"};

/* It has everything, or asks for nothing any more. */
static void end(struct client *c)
{
	if (c->held.told && dnc_subscriber_active(c->subscriber))
		send_held_back(c, reasons[c->held.why], 0);
	c->held.told = false;
	c->held.since_ms = 0;
	c->held.behind = 0;
}

static void look(struct client *c, int64_t now)
{
	uint64_t behind, before = c->held.behind;
	enum dnc_held why = dnc_subscriber_held(c->subscriber, &behind);

	if (!behind) {
		end(c);
		return;
	}
	c->held.behind = behind;
	/* Who comes nearer, as in a replay, is not held back. */
	if (why == DNC_HELD_NOT || (why == DNC_HELD_BY_LAG && (!before || behind < before)))
		return;
	if (!c->held.since_ms)
		c->held.since_ms = now;
	if ((why == DNC_HELD_BY_RATE && now - c->held.since_ms < HELD_AFTER_MS) ||
		(c->held.told_ms && now - c->held.told_ms < HELD_AGAIN_MS))
		return;
	/* One message may wait for a connection that takes nothing, not one every half minute. */
	if (c->held.told && c->out.n)
		return;
	c->held.told = true;
	c->held.told_ms = now;
	c->held.why = why;
	send_held_back(c, reasons[why], behind);
}

void held_tick(struct dnc_web *w)
{
	struct client *c = w->held_next ? w->held_next : w->clients;
	int64_t now = dnc_clock_mono_ms();

	for (int i = 0; c && i < HELD_LOOKS; i++, c = c->next)
		if (c->subscriber && !c->close_code && !c->dead)
			look(c, now);
	w->held_next = c;
}

void held_leave(struct client *c)
{
	if (c->web->held_next == c)
		c->web->held_next = c->next;
}
