#include "priv/downtime.h"
#include "base/clock.h"

enum {
	DOWN_MS = 2000,         /* so long without a far end is down */
	NO_PROGRESS_MS = 10000, /* and so long without anything that becomes safe */
};

/* Moves the time *AT, if it is one, by LOST milliseconds, but not beyond NOW. */
static void move(int64_t *at, int64_t lost, int64_t now)
{
	if (*at)
		*at = *at + lost < now ? *at + lost : now;
}

void downtime_turn(struct route *r)
{
	int64_t now = dnc_clock_mono_ms();
	int64_t lost = r->turned_at_ms ? now - r->turned_at_ms - DOWNTIME_LOOK_MS : 0;

	r->turned_at_ms = now;
	if (!r->far->acts->down_since(r->far))
		r->down_lost_ms = 0;
	if (lost <= 0)
		return;
	move(&r->progress_at_ms, lost, now);
	move(&r->retired_at_ms, lost, now);
	move(&r->full_since_ms, lost, now);
	r->down_lost_ms += lost;
}

/* For how long the far end has been unable to deliver. */
static int64_t down_ms(const struct route *r)
{
	int64_t since = r->far->acts->down_since(r->far), down = r->turned_at_ms - since;

	if (!since || down <= 0)
		return 0;
	return down > r->down_lost_ms ? down - r->down_lost_ms : 0;
}

const char *downtime_why(const struct route *r)
{
	if (!r->unsafe.count)
		return NULL;
	if (down_ms(r) >= DOWN_MS)
		return "is down";
	/* A command has a limit of its own, as long as others need not wait for it. */
	if (r->turned_at_ms - r->progress_at_ms >= NO_PROGRESS_MS &&
		(r->what.kind != DNC_ROUTE_EXEC || r->far->acts->full(r->far)))
		return "makes no progress";
	return NULL;
}

bool route_drains(const struct route *r, int64_t from_ms)
{
	if (r->progress_at_ms > from_ms)
		from_ms = r->progress_at_ms;
	return r->state == ROUTE_SPOOLING && !r->failed.message[0] && down_ms(r) < DOWN_MS &&
	       (r->what.kind == DNC_ROUTE_EXEC || r->turned_at_ms - from_ms < NO_PROGRESS_MS);
}

bool route_is_stuck(const struct route *r)
{
	int64_t since = r->progress_at_ms > r->retired_at_ms ? r->progress_at_ms : r->retired_at_ms;
	int64_t limit = NO_PROGRESS_MS;

	if (!r->retired || !r->unsafe.count)
		return false;
	if (r->what.kind == DNC_ROUTE_EXEC && !r->far->acts->down_since(r->far))
		limit += r->what.timeout_ms ? r->what.timeout_ms : DNC_ROUTE_TIMEOUT_MS;
	return r->turned_at_ms - since >= limit;
}
