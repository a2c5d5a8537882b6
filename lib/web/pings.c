/* pings.c - pings clients, and closes those that do not answer or do not authenticate in time. */
#include "base/clock.h"
#include "priv/serve.h"

void client_heard(struct client *c)
{
	if (!c->role)
		return; /* the time to authenticate goes on whatever is sent */
	heartbeat_enter(
		c->sse ? &c->web->streams : &c->web->heard, &c->heartbeat, dnc_clock_mono_ms());
}

void client_await_auth(struct client *c)
{
	heartbeat_enter(&c->web->strangers, &c->heartbeat, dnc_clock_mono_ms());
}

static struct client *due(const struct heartbeat_queue *q, int64_t now_ms)
{
	struct heartbeat *h = heartbeat_due(q, now_ms);

	return h ? DNC_LIST_ELEMENT(h, struct client, heartbeat) : NULL;
}

void pings_tick(struct dnc_web *w)
{
	int64_t now = dnc_clock_mono_ms();
	struct client *c;

	while ((c = due(&w->pinged, now))) {
		heartbeat_leave(&c->heartbeat);
		client_lost(c);
	}
	while ((c = due(&w->strangers, now))) {
		heartbeat_leave(&c->heartbeat);
		client_close(c, CLOSE_AUTH_TIMEOUT);
	}
	while ((c = due(&w->heard, now))) {
		heartbeat_enter(&w->pinged, &c->heartbeat, now);
		client_ping(c);
	}
	while ((c = due(&w->streams, now))) {
		heartbeat_enter(&w->streams, &c->heartbeat, now);
		client_ping(c);
	}
}
