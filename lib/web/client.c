/* client.c - one WebSocket connection: messages in, answers and events out. */
#include "http/query.h"
#include "priv/serve.h"
#include <sodium.h>
#include <stdlib.h>
#include "base/clock.h"

/* Runs the library's list of what a connection waits for. */
static void want_writeable(struct client *c)
{
	if (!c->waiting)
		lws_callback_on_writable(c->wsi);
	c->waiting = true;
}

void client_hang_up(struct lws *wsi)
{
	lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
	lws_cancel_service(lws_get_context(wsi)); /* or it waits for something else to happen */
}

enum dnc_sent client_lost(struct client *c)
{
	if (!c->dead)
		client_hang_up(c->wsi);
	if (c->reason == CLOSE_NONE)
		c->reason = CLOSE_LOST;
	c->dead = true;
	return DNC_SENT_DEAD;
}

/* The one place that writes frames. Frames are whole and go out as they are (LWS_WRITE_HTTP means
 * "no framing" on HTTP/1.1); the library keeps what the socket does not take. The library's manual
 * wants writes inside the writeable callback; outside of it they are sound only like this: on the
 * loop's thread, with nothing buffered and no close under way. */
static enum dnc_sent write_now(struct client *c, const void *frames, size_t n)
{
	if (c->dead)
		return DNC_SENT_DEAD;
	if (lws_write(c->wsi, (unsigned char *)(uintptr_t)frames, n, LWS_WRITE_HTTP) < (int)n)
		return client_lost(c);
	if (!lws_partial_buffered(c->wsi))
		return DNC_SENT;
	want_writeable(c);
	return DNC_SENT_FULL;
}

static bool may_write(const struct client *c)
{
	return !c->waiting && !c->close_code && !c->out.n &&
	       (c->writeable || !c->web->options->by_the_book);
}

/* What has to wait goes behind all else that waits, so that the order stays. */
static enum dnc_sent keep(struct client *c, const void *frames, size_t n)
{
	dnc_buf_add(&c->out, frames, n);
	if (!dnc_buf_ok(&c->out))
		return client_lost(c);
	want_writeable(c);
	/* A stream of server-sent events has nothing to read, and on an HTTP connection whose input is held
	 * back the library calls back for no output either. */
	if (c->out.n > OUTBOX_BYTES && !c->paused && !c->sse) {
		c->paused = true;
		lws_rx_flow_control(c->wsi, 0);
	}
	return DNC_SENT_FULL;
}

enum dnc_sent client_put(struct client *c, const void *frames, size_t n)
{
	if (c->dead || c->close_code)
		return DNC_SENT_DEAD;
	if (c->sse) {
		struct dnc_str text = sse_text(c, frames, n);

		if (!text.p)
			return client_lost(c);
		frames = text.p;
		n = text.n;
	}
	return may_write(c) ? write_now(c, frames, n) : keep(c, frames, n);
}

int client_may_start(struct dnc_web *w, const struct dnc_role *role, unsigned permissions,
	const struct dnc_start *start, struct dnc_error *err)
{
	bool past = start->from == DNC_START_SINCE || start->from == DNC_START_TIME || start->n;

	if (!(permissions & DNC_MAY_STREAM))
		return dnc_error_set(
			err, REQUEST_EFORBIDDEN, "role %s lacks dnc:stream", role->name);
	if (past && !(permissions & DNC_MAY_REPLAY))
		return dnc_error_set(err, REQUEST_EFORBIDDEN,
			"role %s lacks dnc:replay: it can't start in the past", role->name);
	if (start->from == DNC_START_TIME && !dnc_hub_has_replay(w->hub)) {
		dnc_error_set(err, REQUEST_EUNAVAILABLE,
			"this hub keeps no log to look times up in; use since or last");
		dnc_error_place(err, "since_time");
		return -1;
	}
	return 0;
}

/* The subscription whose place is still looked for ends before it began: its request is answered now or never. */
static bool supersede(struct client *c)
{
	struct dnc_error err = {.code = REQUEST_ESUPERSEDED,
		.offset = DNC_NO_OFFSET,
		.message = "a newer request replaced this one before its place was found"};

	if (!dnc_subscriber_starting(c->subscriber))
		return false;
	send_error(c, dnc_buf_view(&c->pending_id), &err);
	return true;
}

static int subscribe(struct client *c, const struct request *r)
{
	bool superseded = supersede(c);
	int rc;

	dnc_buf_clear(&c->pending_id);
	dnc_buf_str(&c->pending_id, r->id);
	rc = dnc_hub_subscribe(c->subscriber, r->filter, &r->start);
	if (rc < 0 && superseded)
		dnc_hub_unsubscribe(c->subscriber); /* it was told to have ended */
	dnc_web_work(c->web);
	return rc;
}

void client_handle(struct client *c, const struct request *r)
{
	struct dnc_error err = {.code = REQUEST_ENOMEM,
		.offset = DNC_NO_OFFSET,
		.message = "the hub is out of memory"};
	int rc = 0;

	switch (r->type) {
	case REQUEST_SUBSCRIBE:
		rc = client_may_start(c->web, c->role, c->permissions, &r->start, &err);
		if (rc == 0)
			rc = subscribe(c, r);
		break;
	case REQUEST_UPDATE_FILTERS:
		rc = dnc_hub_refilter(c->subscriber, r->filter);
		if (rc == 0 && send_confirmed(c, r->id) == DNC_SENT_FULL)
			dnc_subscriber_full(c->subscriber);
		if (rc == 0)
			audit_subscribed(c, "filters_changed");
		break;
	case REQUEST_UNSUBSCRIBE:
		supersede(c);
		dnc_hub_unsubscribe(c->subscriber);
		if (send_confirmed(c, r->id) == DNC_SENT_FULL)
			dnc_subscriber_full(c->subscriber);
		break;
	case REQUEST_PING:
		send_pong(c, r->id);
		break;
	case REQUEST_GET_STATS:
	case REQUEST_AUTH:
	case REQUEST_TYPES:
		send_stats(c, r->id);
		break;
	}
	if (rc < 0)
		send_error(c, r->id, &err);
}

/* N bytes at TEXT, DNC_JSON_PADDING readable ones behind. */
void client_take_message(struct client *c, const char *text, size_t n)
{
	struct request request;
	struct dnc_error err;

	c->web->stats.counts.messages++;
	c->received++;
	c->active_ms = dnc_clock_now_ms();
	if (request_parse(c->web->request_parser, text, n, &request, &err) < 0)
		send_error(c, request.id, &err);
	else if (!c->role && request.type != REQUEST_AUTH)
		client_close(c, CLOSE_UNAUTHENTICATED);
	else if (request.type == REQUEST_AUTH)
		client_take_token(c, &request);
	else
		client_handle(c, &request);
	dnc_filter_unref(request.filter);
}

static int add_to_query(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	return request_query_add(ctx, name, value, err);
}

/* The subscription in the query string, as a message in OUT. How many names it had, or -1 with ERR. */
static int read_query(struct client *c, struct dnc_buf *out, struct dnc_error *err)
{
	struct request_query query = {0};
	int count = query_read(c->wsi, add_to_query, &query, err);

	if (count > 0)
		request_query_end(&query, out);
	request_query_finish(&query);
	return count;
}

/* Who has yet to say who he is has a query that must wait: the request is gone by then. */
static int keep_query(struct client *c)
{
	struct dnc_error err;

	if (read_query(c, &c->pending_id, &err) < 0) {
		send_error(c, (struct dnc_str){0}, &err);
		dnc_buf_clear(&c->pending_id);
	}
	return dnc_buf_ok(&c->pending_id) ? 0 : -1;
}

/* A subscription in the query string of the upgrade. */
static void take_query(struct client *c)
{
	struct dnc_buf message = {0};
	struct dnc_error err;
	int count = read_query(c, &message, &err);

	if (count < 0)
		send_error(c, (struct dnc_str){0}, &err);
	else if (count > 0 && dnc_buf_reserve(&message, DNC_JSON_PADDING))
		client_take_message(c, message.p, message.n);
	dnc_buf_free(&message);
}

/* How the connection asked for events. */
static unsigned rendering_of(struct lws *wsi, bool sse)
{
	unsigned rendering = 0;

	if (sse)
		return 0;
	if (strcmp(lws_get_protocol(wsi)->name, "cloudevents.json") == 0)
		rendering |= DNC_CLOUDEVENT;
	return deflate_used(wsi) ? rendering | DNC_DEFLATED : rendering;
}

struct client *client_new(struct dnc_web *w, struct client **slot, struct lws *wsi, bool sse)
{
	struct client *c = calloc(1, sizeof *c);
	char address[ADDRESS_MAX];

	if (!c)
		return NULL;
	identity_address(w, wsi, address);

	*c = (struct client){.web = w,
		.wsi = wsi,
		.sse = sse,
		.address = strdup(address),
		.rendering = rendering_of(wsi, sse),
		.next = w->clients,
		.connected_ms = dnc_clock_now_ms(),
		.active_ms = dnc_clock_now_ms(),
		.number = limits_number(w->options->door->limits),
		.writeable = false};
	dnc_bucket_init(&c->messages, MESSAGES_PER_S * 60, MESSAGES_BURST, dnc_clock_mono_ms());
	*slot = c;
	if (c->next)
		c->next->prev = c;
	w->clients = c;
	w->client_count++;
	w->stats.counts.connections++;
	return c;
}

int client_open(struct dnc_web *w, struct client **slot, struct lws *wsi, const struct who *who)
{
	struct client *c = client_new(w, slot, wsi, false);

	if (!c || !c->address)
		return -1;
	if (!who) {
		client_await_auth(c);
		return keep_query(c);
	}
	if (client_admit(c, who) < 0)
		return -1;
	if (c->subscriber)
		take_query(c);
	return 0;
}

void client_free(struct client **slot)
{
	struct client *c = *slot;

	if (!c)
		return;
	*slot = NULL;
	if (c->reason == CLOSE_NONE)
		c->reason = CLOSE_GONE;
	c->web->stats.counts.closed[c->reason]++;
	if (c->role || c->close_code)
		audit_left(c);
	heartbeat_leave(&c->heartbeat);
	held_leave(c);
	dnc_hub_leave(c->subscriber);
	limits_leave(c->web->options->door->limits, &c->slot);
	*(c->prev ? &c->prev->next : &c->web->clients) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->web->client_count--;
	dnc_buf_free(&c->in);
	dnc_buf_free(&c->out);
	dnc_buf_free(&c->pending_id);
	free(c->identity);
	free(c->address);
	free(c);
}

void client_close(struct client *c, enum close_reason reason)
{
	if (c->close_code || c->dead)
		return;
	c->close_code = close_reason_rows[reason].code;
	c->reason = reason;
	if (c->paused)
		lws_rx_flow_control(c->wsi, 1); /* or the peer's answer is never read */
	if (c->subscriber)
		dnc_subscriber_full(c->subscriber);
	want_writeable(c);
}

void client_close_until(struct client *c, uint16_t retry_ms)
{
	c->retry_ms = retry_ms;
	client_close(c, CLOSE_SHUTDOWN);
}

int client_receive(struct client *c, const char *in, size_t n)
{
	client_heard(c);
	/* The library inflates a message in pieces, one each turn of the loop, but does not wake the loop. */
	if (!lws_is_final_fragment(c->wsi) && !lws_remaining_packet_payload(c->wsi))
		lws_callback_on_writable(c->wsi);
	if (c->close_code || c->dead)
		return 0;
	if (lws_frame_is_binary(c->wsi)) {
		client_close(c, CLOSE_BINARY);
		return 0;
	}
	if (c->in.n + n > DNC_WEB_MAX_MESSAGE) {
		client_close(c, CLOSE_SIZE);
		return 0;
	}
	dnc_buf_add(&c->in, in, n);
	if (!lws_is_final_fragment(c->wsi) || lws_remaining_packet_payload(c->wsi))
		return 0;
	if (!dnc_bucket_take(&c->messages, dnc_clock_mono_ms())) {
		client_close(c, CLOSE_RATE);
		return 0;
	}
	if (!dnc_buf_reserve(&c->in, DNC_JSON_PADDING) || !dnc_buf_ok(&c->in))
		return -1;
	client_take_message(c, c->in.p, c->in.n);
	sodium_memzero(c->in.p, c->in.n); /* a token, perhaps */
	dnc_buf_free(&c->in);             /* messages are rare: an idle client keeps no buffer */
	return c->dead ? -1 : 0;
}

static enum dnc_sent flush_outbox(struct client *c)
{
	while (c->out_sent < c->out.n) {
		size_t n = c->out.n - c->out_sent;
		enum dnc_sent sent;

		if (n > DNC_HUB_SEND_BYTES)
			n = DNC_HUB_SEND_BYTES; /* one write takes no more (tx_packet_size) */
		sent = write_now(c, c->out.p + c->out_sent, n);
		c->out_sent += n;
		if (sent != DNC_SENT)
			return sent;
	}
	c->out_sent = 0;
	if (c->out.n)
		dnc_buf_free(&c->out);
	return DNC_SENT;
}

/* A close frame (RFC 6455 section 5.5.1). The library would hang up without one when asked to
 * close from the loop, so it is framed here; the peer's answer ends the connection. */
static void send_close(struct client *c)
{
	char frame[2 + 125] = {
		(char)0x88}; /* the payload of a control frame, RFC 6455 section 5.5 */
	int n = snprintf(frame + 4, sizeof frame - 4, "%s", close_reason_rows[c->reason].text);

	if (c->retry_ms)
		n += snprintf(frame + 4 + n, sizeof frame - 4 - (size_t)n, "%u", c->retry_ms);
	frame[1] = (char)(n + 2);
	frame[2] = (char)(c->close_code >> 8);
	frame[3] = (char)c->close_code;

	c->bye = true;
	if (c->sse) { /* the end of the body says it all */
		client_lost(c);
		return;
	}
	if (write_now(c, frame, (size_t)n + 4) != DNC_SENT_DEAD)
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_ACK, CLOSE_WAIT_S);
}

int client_writeable(struct client *c)
{
	c->waiting = false;
	if (c->dead)
		return -1;
	if (lws_partial_buffered(c->wsi)) {
		want_writeable(c);
		return 0;
	}
	c->writeable = true;
	if (flush_outbox(c) == DNC_SENT && !c->close_code) {
		if (c->paused)
			lws_rx_flow_control(c->wsi, 1);
		c->paused = false;
		if (c->subscriber)
			dnc_subscriber_ready(c->subscriber);
		dnc_web_work(c->web);
	}
	c->writeable = false;
	if (c->close_code && !c->bye && !c->out.n && !lws_partial_buffered(c->wsi))
		send_close(c);
	return c->dead ? -1 : 0;
}

void client_ping(struct client *c)
{
	/* With a byte in it: of an answer without any the library says nothing. */
	static const char ping[] = {(char)0x89, 1, 'p'}, comment[] = ":\n\n";

	const char *p = c->sse ? comment : ping;
	size_t n = c->sse ? sizeof comment - 1 : sizeof ping;

	/* When something waits for the socket, that will be found out to go nowhere. */
	if (c->waiting || c->close_code || c->dead)
		return;
	if (may_write(c))
		write_now(c, p, n);
	else
		keep(c, p, n);
}

bool client_done(const struct client *c)
{
	return !c->out.n && !c->waiting &&
	       (!c->subscriber || !dnc_subscriber_active(c->subscriber) ||
		       dnc_subscriber_next(c->subscriber) > dnc_ring_last(c->web->options->ring));
}

static enum dnc_sent hub_send(void *conn, const void *frames, size_t n)
{
	return client_put(conn, frames, n);
}

static void hub_soon(void *conn)
{
	enum { LINE = 64, HOT = 640 }; /* what a write reads of the library's connection */
	const struct client *c = conn;

	for (size_t at = 0; at < HOT; at += LINE)
		__builtin_prefetch((const char *)c->wsi + at);
}

static enum dnc_sent hub_started(void *conn)
{
	struct client *c = conn;

	if (c->dead || c->close_code)
		return DNC_SENT_DEAD;
	audit_subscribed(c, "subscribed");
	return send_confirmed(c, dnc_buf_view(&c->pending_id));
}

static void hub_failed(void *conn)
{
	client_close(conn, CLOSE_LOG);
}

const struct dnc_transport dnc_web_transport = {
	hub_send, hub_soon, send_gap, send_over_budget, hub_started, hub_failed};
