#include "wire.h"
#include "answer.h"
#include "base/log.h"
#include "json/json.h"

/* While nothing is read, neither the hub's pings nor its answers to those of the library are: both ends would hang up
 * after a minute. So the library is told that all is well, and the hub is sent a pong that it did not ask for (RFC 6455
 * section 5.5.3), more often than it sends pings. */
enum { BEAT_S = 10 };

static void prepare_pong(struct connection *c, struct dnc_str payload)
{
	static const char before[LWS_PRE];

	dnc_buf_clear(&c->pong);
	dnc_buf_add(&c->pong, before, sizeof before);
	dnc_buf_str(&c->pong, payload);
	lws_callback_on_writable(c->wsi);
}

static void on_beat(lws_sorted_usec_list_t *sul)
{
	struct connection *c = lws_container_of(sul, struct connection, beat);

	c->heard_ms = uv_now(c->loop);
	lws_validity_confirmed(c->wsi);
	if (!c->pong.n && !c->closing)
		prepare_pong(c, DNC_STR(""));
	lws_sul_schedule(c->context, 0, sul, on_beat, BEAT_S * LWS_US_PER_SEC);
}

static void set_beat(struct connection *c, bool held)
{
	if (!held) {
		lws_sul_cancel(&c->beat);
		return;
	}
	lws_sul_schedule(c->context, 0, &c->beat, on_beat, BEAT_S * LWS_US_PER_SEC);
	lws_cancel_service(c->context); /* it looks at its timers when it is called only */
}

void wire_start(struct connection *c)
{
	c->heard = c->closing = false;
	c->heard_ms = uv_now(c->loop);
	dnc_buf_clear(&c->pong);
	if (!c->held)
		return;
	lws_rx_flow_control(c->wsi, 0);
	set_beat(c, true);
}

bool wire_silent(const struct connection *c)
{
	return !c->held && uv_now(c->loop) - c->heard_ms >= HANG_UP_S * 1000 - 500;
}

static void refuse_long(struct connection *c)
{
	dnc_err("the hub sent a message longer than 64 KiB");
	connection_end(c, DNC_EXIT_UNAVAILABLE);
}

int wire_receive(struct connection *c, struct lws *wsi, const char *in, size_t n)
{
	c->heard = true;
	c->heard_ms = uv_now(c->loop);
	if (c->in.n + n > READER_MESSAGE_MAX) {
		refuse_long(c);
		return -1;
	}
	dnc_buf_add(&c->in, in, n);
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	if (dnc_buf_reserve(&c->in, DNC_JSON_PADDING) && dnc_buf_ok(&c->in)) {
		c->received(c->ctx, dnc_buf_view(&c->in));
	} else {
		/* The message may be an event, which the next position would pass over. */
		dnc_err("out of memory");
		connection_end(c, DNC_EXIT_TEMPFAIL);
	}
	dnc_buf_clear(&c->in);
	return c->ended ? -1 : 0;
}

static bool on_message(void *ctx, struct dnc_str text)
{
	struct connection *c = ctx;

	c->heard_ms = uv_now(c->loop);
	c->received(c->ctx, text);
	return !c->ended;
}

static void on_control(void *ctx, enum dnc_opcode opcode, struct dnc_str payload)
{
	struct connection *c = ctx;

	c->heard_ms = uv_now(c->loop);
	if (opcode == DNC_OPCODE_PONG || c->closing)
		return;
	c->closing = opcode == DNC_OPCODE_CLOSE;
	if (c->closing)
		answer_close_frame(&c->attempt, (const unsigned char *)payload.p, payload.n);
	prepare_pong(c, payload);
}

/* The library closes the connection, which is lost then. */
static void on_read_end(void *ctx, enum reader_end how)
{
	struct connection *c = ctx;

	if (how == READER_TOO_LONG)
		refuse_long(c);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* The hub has greeted, and says nothing more before it is asked to. If there is no memory, the library goes on
 * reading. */
static void take_over(struct connection *c)
{
	const struct reader_events events = {on_message, on_control, on_read_end, c};

	if (c->reader || !c->heard)
		return;
	c->reader = reader_new(c->loop, c->wsi, &events);
	if (c->reader && c->held)
		reader_hold(c->reader, true);
}

void wire_stop(struct connection *c)
{
	lws_sul_cancel(&c->beat);
	reader_free(c->reader);
	c->reader = NULL;
}

static int write_frame(struct connection *c, struct dnc_buf *from, enum lws_write_protocol how)
{
	int rc = lws_write(c->wsi, (unsigned char *)from->p + LWS_PRE, from->n - LWS_PRE, how);

	dnc_buf_clear(from);
	if (c->out.n)
		lws_callback_on_writable(c->wsi);
	return rc < 0 ? -1 : 0;
}

/* Answers the hub's close frame. The library, which reads again, closes the connection when the hub has. */
static int write_close(struct connection *c)
{
	wire_stop(c);
	lws_rx_flow_control(c->wsi, 1);
	lws_close_reason(c->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
	return -1;
}

int wire_write(struct connection *c)
{
	if (c->closing)
		return write_close(c);
	take_over(c);
	if (c->pong.n)
		return write_frame(c, &c->pong, LWS_WRITE_PONG);
	return c->out.n > LWS_PRE ? write_frame(c, &c->out, LWS_WRITE_TEXT) : 0;
}

void wire_hold(struct connection *c, bool held)
{
	c->heard_ms = uv_now(c->loop);
	lws_validity_confirmed(c->wsi);
	set_beat(c, held);
	if (c->reader)
		reader_hold(c->reader, held);
	else
		lws_rx_flow_control(c->wsi, !held);
}
