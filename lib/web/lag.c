#include "priv/lag.h"
#include "base/clock.h"
#include "priv/messages.h"
#include "priv/sessions.h"

enum {
	LAG_CHECKS = 4096,   /* sessions checked in one second */
	LAG_AFTER_MS = 1000, /* a rate limit is reported when it has lasted so long */
	LAG_AGAIN_MS = 30000,
};

static const char *const reasons[] = {[DNC_LAG_RATE_LIMIT] = "rate_limit",
	[DNC_LAG_FILTER_COST] = "filter_cost",
	[DNC_LAG_SLOW_CLIENT] = "lag"};

/* The client has all events, or its subscription has ended. */
static void end(struct session *s)
{
	if (s->lag.notified && dnc_subscriber_active(s->subscriber))
		send_held_back(s, reasons[s->lag.why], 0);
	s->lag.notified = false;
	s->lag.since_ms = 0;
	s->lag.behind = 0;
}

static void check(struct session *s, int64_t now)
{
	uint64_t behind, before = s->lag.behind;
	enum dnc_lag_reason why = dnc_subscriber_lag_reason(s->subscriber, &behind);

	if (!behind) {
		end(s);
		return;
	}
	s->lag.behind = behind;
	/* A client that is catching up, as in a replay, is not notified. */
	if (why == DNC_LAG_NONE || (why == DNC_LAG_SLOW_CLIENT && (!before || behind < before)))
		return;
	if (!s->lag.since_ms)
		s->lag.since_ms = now;
	if ((why != DNC_LAG_SLOW_CLIENT && now - s->lag.since_ms < LAG_AFTER_MS) ||
		(s->lag.notified_ms && now - s->lag.notified_ms < LAG_AGAIN_MS))
		return;
	/* One message at most waits for a connection that reads nothing. */
	if (s->lag.notified && s->conn.out.n)
		return;
	s->lag.notified = true;
	s->lag.notified_ms = now;
	s->lag.why = why;
	send_held_back(s, reasons[why], behind);
}

void lag_tick(struct sessions *all)
{
	struct dnc_list *link = all->lag_next ? all->lag_next : all->list.next;
	int64_t now = dnc_clock_mono_ms();

	for (int i = 0; link != &all->list && i < LAG_CHECKS; i++, link = link->next) {
		struct session *s = DNC_LIST_ELEMENT(link, struct session, link);

		if (s->subscriber && conn_accepts(&s->conn))
			check(s, now);
	}
	all->lag_next = link == &all->list ? NULL : link;
}

void lag_leave(struct session *s)
{
	if (s->all->lag_next == &s->link)
		s->all->lag_next = s->link.next == &s->all->list ? NULL : s->link.next;
}
