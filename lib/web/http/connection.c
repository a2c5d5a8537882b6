#include "web/http/connection.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "web/http/dispatch.h"
#include "web/http/exchange.h"
#include "web/http/request.h"
#include "web/http/reply.h"
#include "web/priv/requests.h"
#include "web/priv/shared.h"
#include "web/web.h"

static void set_deadline(struct http_connection *c, int seconds)
{
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, seconds);
}

void http_connection_open(struct http_connection *c, struct lws *wsi, struct http_context *context,
	const char *address)
{
	c->wsi = wsi;
	c->context = context;
	snprintf(c->address, sizeof c->address, "%s", address);
	set_deadline(c, HTTP_SILENCE_S);
}

static void pause_input(struct http_connection *c, bool pause)
{
	if (c->paused != pause)
		lws_rx_flow_control(c->wsi, !pause);
	c->paused = pause;
}

/* Frees the first N bytes of what waits: they may be a token. */
static void drop_input(struct http_connection *c, size_t n)
{
	if (!c->in.n)
		return;
	if (n < c->in.n)
		memmove(c->in.p, c->in.p + n, c->in.n - n);
	sodium_memzero(c->in.p + c->in.n - n, n);
	c->in.n -= n;
	if (!c->in.n)
		dnc_buf_free(&c->in);
}

static int linger(struct http_connection *c)
{
	c->phase = HTTP_PHASE_LINGER;
	c->step = 0;
	drop_input(c, c->in.n);
	pause_input(c, false);
	if (!c->tls)
		shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_ACK, HTTP_LINGER_S);
	return 0;
}

/* Goes on when the socket has taken the answer. */
static int end_answer(struct http_connection *c)
{
	if (lws_partial_buffered(c->wsi)) {
		pause_input(c,
			true); /* the library would not read, but wake up for it again and again */
		lws_callback_on_writable(c->wsi);
		http_connection_await_reader(c);
		return 0;
	}
	pages_leave(c->context->pages, &c->page);
	if (c->last)
		return linger(c);
	c->phase = HTTP_PHASE_HEAD;
	c->answered = true;
	pause_input(c, false);
	set_deadline(c, HTTP_IDLE_S);
	return 0;
}

/* RC is what a handler returned. */
static int after(struct http_connection *c, int rc)
{
	if (rc == HTTP_LATER)
		return 0;
	if (rc < 0)
		return -1;
	c->phase = HTTP_PHASE_SEND;
	return end_answer(c);
}

/* Sets the deadline of the next HTTP_BODY_STEP bytes, and of the whole. */
static void await_body(struct http_connection *c)
{
	int64_t left = (c->body_end_ms - dnc_clock_mono_ms()) / 1000 + 1;

	c->step = 0;
	set_deadline(c, left < HTTP_BODY_STEP_S ? (left > 0 ? (int)left : 1) : HTTP_BODY_STEP_S);
}

static int begin_request(struct http_connection *c, const struct http_head *head)
{
	int rc;

	c->scanned = 0;
	c->head_begun = false;
	c->chunked = head->chunked;
	c->body_left = head->has_length ? head->length : 0;
	c->last = head->close;
	c->http_1_0 = head->http_1_0;
	c->body_end_ms = dnc_clock_mono_ms() + HTTP_BODY_S * 1000;
	await_body(c);
	rc = http_request(c, head);
	if (rc == HTTP_LATER && c->phase == HTTP_PHASE_BODY && head->expects_continue &&
		(c->chunked || c->body_left) && http_continue(c) < 0)
		return -1;
	return after(c, rc);
}

static int read_head(struct http_connection *c, const char *p, size_t n, size_t *used)
{
	struct http_head *head = &c->context->head;

	*used = 0;
	switch (http_head_read(p, n, &c->scanned, head)) {
	case HTTP_HEAD_READ:
		*used = head->bytes;
		return begin_request(c, head);
	case HTTP_HEAD_REFUSED:
		*used = n;
		c->last = true;
		return after(c, http_request_refused(c, head));
	case HTTP_HEAD_MORE:
		break;
	}
	if (!c->head_begun)
		set_deadline(c, HTTP_HEAD_S);
	c->head_begun = true;
	return 0;
}

static int read_body(struct http_connection *c, const char *p, size_t n, size_t *used)
{
	const struct http_exchange_type *type = c->exchange->type;
	int rc;

	if (!c->chunked && n > c->body_left)
		n = (size_t)c->body_left;
	*used = n;
	c->step += n;
	if (c->step >= HTTP_BODY_STEP)
		await_body(c);
	if (!c->chunked)
		c->body_left -= n;
	rc = n ? type->body(c->exchange, p, n, used) : HTTP_LATER;
	if (rc == HTTP_LATER && !c->chunked && !c->body_left && c->phase == HTTP_PHASE_BODY) {
		c->phase = HTTP_PHASE_ANSWER;
		rc = type->body_end(c->exchange);
	}
	return after(c, rc);
}

/* Goes on with N bytes at P, and sets how many were used: to the end of the first answer, so that many requests in one
 * piece take a turn of the loop each. Returns -1 when the connection must be closed. */
static int use(struct http_connection *c, const char *p, size_t n, size_t *used)
{
	enum http_phase phase;
	size_t step;
	int rc = 0;

	*used = 0;
	c->answered = false;
	do {
		phase = c->phase;
		step = 0;
		switch (phase) {
		case HTTP_PHASE_HEAD:
			if (n > *used)
				rc = read_head(c, p + *used, n - *used, &step);
			break;
		case HTTP_PHASE_BODY:
			if (n > *used || !(c->chunked || c->body_left))
				rc = read_body(c, p + *used, n - *used, &step);
			break;
		case HTTP_PHASE_SESSION:
			step = n - *used;
			if (step && c->session->conn.wire->duplex)
				rc = requests_receive(c->session, p + *used, step);
			break;
		case HTTP_PHASE_LINGER:
			step = n - *used;
			c->step += step;
			rc = c->step > HTTP_LINGER_BYTES ? -1 : 0;
			break;
		case HTTP_PHASE_ANSWER:
		case HTTP_PHASE_SEND:
			break;
		}
		*used += step;
	} while (rc == 0 && !c->answered && (step || c->phase != phase));
	return rc;
}

/* Input that waits, for an answer or for the next turn, is not added to. */
static void limit_input(struct http_connection *c)
{
	/* A client that has sent all and closes its side waits for the answer: what was published is in the log. */
	if (c->phase == HTTP_PHASE_ANSWER && c->exchange->type->body)
		pause_input(c, true);
	if (!c->in.n)
		return;
	if (c->answered && c->phase == HTTP_PHASE_HEAD)
		lws_callback_on_writable(c->wsi);
	else if (c->phase != HTTP_PHASE_ANSWER && c->phase != HTTP_PHASE_SEND)
		return;
	pause_input(c, true);
}

static int use_input(struct http_connection *c)
{
	size_t used;
	int rc = use(c, c->in.p, c->in.n, &used);

	drop_input(c, used < c->in.n ? used : c->in.n);
	limit_input(c);
	return rc;
}

int http_connection_receive(struct http_connection *c, const char *in, size_t n)
{
	size_t used = 0;
	int rc = 0;

	if (!c->in.n)
		rc = use(c, in, n, &used);
	if (rc < 0)
		return -1;
	if (used == n) {
		limit_input(c);
		return 0;
	}
	used = c->in.n ? 0 : used;
	dnc_buf_add_secret(&c->in, in + used, n - used);
	if (!dnc_buf_ok(&c->in))
		return -1;
	if (c->in.n > n - used)
		return use_input(c);
	limit_input(c);
	return 0;
}

int http_connection_proceed(struct http_connection *c)
{
	if (c->session)
		return conn_proceed(&c->session->conn);
	if (c->phase == HTTP_PHASE_SEND && end_answer(c) < 0)
		return -1;
	if (c->phase != HTTP_PHASE_HEAD)
		return 0;
	pause_input(c, false);
	return use_input(c);
}

void http_connection_closed(struct http_connection *c)
{
	struct http_exchange *e = c->exchange;

	session_free(&c->session);
	drop_input(c, c->in.n);
	dnc_buf_free(&c->in);
	pages_leave(c->context->pages, &c->page);
	limits_release(c->context->options->shared->limits, &c->admission);
	c->exchange = NULL;
	if (!e)
		return;
	e->connection = NULL;
	e->type->abandon(e);
}
