#include "priv/conn.h"
#include <stdio.h>

void conn_init(struct conn *c, struct lws *wsi, const struct wire *wire,
	const struct conn_owner *owner, struct conn_shared *shared)
{
	c->wsi = wsi;
	c->wire = wire;
	c->owner = owner;
	c->shared = shared;
}

void conn_destroy(struct conn *c)
{
	dnc_buf_free(&c->out);
}

/* The library searches a list for it, so only when needed. */
static void request_write(struct conn *c)
{
	if (!c->write_requested)
		lws_callback_on_writable(c->wsi);
	c->write_requested = true;
}

void conn_hang_up(struct lws *wsi)
{
	lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
	lws_cancel_service(lws_get_context(wsi)); /* or it waits for something else to happen */
}

/* The one place where a connection stops to accept: STATE is the one that follows. */
static void end(struct conn *c, enum conn_state state, enum close_reason reason)
{
	bool first = conn_accepts(c);

	c->state = state;
	if (c->reason == CLOSE_NONE)
		c->reason = reason;
	if (first)
		c->owner->ended(c);
}

enum dnc_sent conn_lost(struct conn *c)
{
	if (c->state == CONN_DEAD)
		return DNC_SENT_DEAD;
	end(c, CONN_DEAD, CLOSE_LOST);
	conn_hang_up(c->wsi);
	return DNC_SENT_DEAD;
}

void conn_gone(struct conn *c)
{
	end(c, CONN_DEAD, CLOSE_GONE);
}

/* While output waits the library reads nothing, but would wake up for what could be read again and again. */
static void pause_input(struct conn *c, bool pause)
{
	if (c->input_paused != pause)
		lws_rx_flow_control(c->wsi, !pause);
	c->input_paused = pause;
}

/* The one place that writes. Bytes go out as they are; the library keeps what the socket does not accept. The
 * library's manual requires writes inside the writeable callback; outside of it they are sound only like this: in the
 * loop's thread, with nothing buffered and no close under way. */
static enum dnc_sent write_now(struct conn *c, const void *bytes, size_t n)
{
	if (lws_write(c->wsi, (unsigned char *)(uintptr_t)bytes, n, LWS_WRITE_RAW) < (int)n)
		return conn_lost(c);
	if (!lws_partial_buffered(c->wsi))
		return DNC_SENT;
	request_write(c);
	pause_input(c, true);
	return DNC_SENT_FULL;
}

static bool may_write(const struct conn *c)
{
	return !c->write_requested && !c->out.n &&
	       (!c->shared->write_in_callback || c->shared->writing == c);
}

/* Appends to the output that waits, which keeps the order. */
static enum dnc_sent enqueue(struct conn *c, const void *bytes, size_t n)
{
	dnc_buf_add(&c->out, bytes, n);
	if (!dnc_buf_ok(&c->out))
		return conn_lost(c);
	request_write(c);
	if (c->out.n > CONN_OUTBOX_BYTES)
		pause_input(c, true);
	return DNC_SENT_FULL;
}

static enum dnc_sent put(struct conn *c, const void *bytes, size_t n)
{
	return may_write(c) ? write_now(c, bytes, n) : enqueue(c, bytes, n);
}

static enum dnc_sent put_encoded(struct conn *c, const void *frames, size_t n)
{
	struct wire_position position = c->owner->position(c);
	struct dnc_buf *b = &c->shared->encoded;

	dnc_buf_clear(b);
	c->wire->encode(b, frames, n, &position);
	return dnc_buf_ok(b) ? put(c, b->p, b->n) : conn_lost(c);
}

enum dnc_sent conn_put(struct conn *c, const void *frames, size_t n)
{
	if (!conn_accepts(c))
		return DNC_SENT_DEAD;
	if (c->wire->encode)
		return put_encoded(c, frames, n);
	return put(c, frames, n);
}

void conn_ping(struct conn *c)
{
	/* Output that waits for the socket detects a dead connection as well as a ping. */
	if (conn_accepts(c) && !c->write_requested)
		put(c, c->wire->ping.p, c->wire->ping.n);
}

void conn_close(struct conn *c, enum close_reason reason)
{
	if (!conn_accepts(c))
		return;
	end(c, CONN_CLOSING, reason);
	request_write(c);
}

void conn_close_for_shutdown(struct conn *c, uint16_t retry_ms)
{
	c->retry_ms = retry_ms;
	conn_close(c, CLOSE_SHUTDOWN);
}

void conn_answer_close(struct conn *c, uint16_t code)
{
	if (!conn_accepts(c)) {
		c->peer_closed = true; /* both at once */
		return;
	}
	c->peer_closed = true;
	c->answer_code = code;
	conn_close(c, CLOSE_GONE);
}

bool conn_is_idle(const struct conn *c)
{
	return !c->out.n && !c->write_requested;
}

static enum dnc_sent flush_outbox(struct conn *c)
{
	while (c->out_sent < c->out.n) {
		size_t n = c->out.n - c->out_sent;
		enum dnc_sent sent;

		if (n > DNC_HUB_SEND_BYTES)
			n = DNC_HUB_SEND_BYTES; /* the limit of one write (tx_packet_size) */
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

/* Returns the bytes of the close frame; 0: the wire has none. */
static size_t write_close(const struct conn *c, char frame[WIRE_CLOSE_MAX])
{
	const struct close_reason_row *row = &close_reason_rows[c->reason];
	char text[WIRE_CLOSE_MAX];

	if (c->reason == CLOSE_GONE)
		return c->wire->close(frame, c->answer_code, "");
	if (c->reason != CLOSE_SHUTDOWN)
		return c->wire->close(frame, row->code, row->text);
	snprintf(text, sizeof text, "%s%u", row->text, c->retry_ms);
	return c->wire->close(frame, row->code, text);
}

static void send_close(struct conn *c)
{
	char frame[WIRE_CLOSE_MAX];
	size_t n = write_close(c, frame);

	if (!n) {
		conn_lost(c);
		return;
	}
	c->state = CONN_CLOSE_SENT;
	if (write_now(c, frame, n) == DNC_SENT_DEAD)
		return;
	/* The client has closed: it is for this side to end the connection (section 7.1.1), as soon as the frame
	 * was sent. */
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_ACK, CONN_CLOSE_WAIT_S);
	if (c->peer_closed)
		request_write(c);
}

int conn_proceed(struct conn *c)
{
	enum dnc_sent sent;

	c->write_requested = false;
	if (c->state == CONN_DEAD)
		return -1;
	if (lws_partial_buffered(c->wsi)) {
		request_write(c);
		return 0;
	}
	c->shared->writing = c;
	sent = flush_outbox(c);
	if (sent == DNC_SENT)
		pause_input(c, false);
	switch (c->state) {
	case CONN_OPENING:
	case CONN_OPEN:
		if (sent == DNC_SENT)
			c->owner->ready(c);
		break;
	case CONN_CLOSING:
		if (sent == DNC_SENT)
			send_close(c);
		break;
	case CONN_CLOSE_SENT:
		if (sent == DNC_SENT && c->peer_closed)
			c->state = CONN_DEAD;
		break;
	case CONN_DEAD:
		break;
	}
	c->shared->writing = NULL;
	return c->state == CONN_DEAD ? -1 : 0;
}
