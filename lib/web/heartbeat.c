/* heartbeat.c - pings. Everybody waits equally long for one, so two queues in the order of time do what a timer
 * for each connection would; the library's list of timers is walked from its start for each new one. */
#include "base/clock.h"
#include "priv/serve.h"

static void leave(struct client *c)
{
	struct heartbeat_queue *q = c->queue;

	if (!q)
		return;
	*(c->queue_prev ? &c->queue_prev->queue_next : &q->first) = c->queue_next;
	*(c->queue_next ? &c->queue_next->queue_prev : &q->last) = c->queue_prev;
	c->queue = NULL;
}

static void enter(struct client *c, struct heartbeat_queue *q)
{
	leave(c);
	c->queue = q;
	c->queued_ms = dnc_clock_mono_ms();
	c->queue_next = NULL;
	c->queue_prev = q->last;
	*(q->last ? &q->last->queue_next : &q->first) = c;
	q->last = c;
}

void heartbeat_heard(struct client *c)
{
	if (!c->role)
		return; /* whatever a stranger says, his time goes on */
	enter(c, c->sse ? &c->web->streams : &c->web->heard);
}

void heartbeat_leave(struct client *c)
{
	leave(c);
}

void heartbeat_await_auth(struct client *c)
{
	enter(c, &c->web->strangers);
}

static struct client *due(const struct heartbeat_queue *q, int64_t after_s)
{
	struct client *c = q->first;

	return c && dnc_clock_mono_ms() - c->queued_ms >= after_s * 1000 ? c : NULL;
}

void heartbeat_tick(struct dnc_web *w)
{
	struct client *c;

	while ((c = due(&w->pinged, PONG_LIMIT_S))) {
		leave(c);
		client_lost(c);
	}
	while ((c = due(&w->strangers, AUTH_LIMIT_S))) {
		leave(c);
		client_close(c, CLOSE_AUTH_LATE, "no token in time");
	}
	while ((c = due(&w->heard, PING_INTERVAL_S))) {
		enter(c, &w->pinged);
		client_ping(c);
	}
	while ((c = due(&w->streams, SSE_COMMENT_S))) {
		enter(c, &w->streams);
		client_ping(c);
	}
}
