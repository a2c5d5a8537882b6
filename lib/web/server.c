/* server.c - puts the parts of a web server together, and hands them what the library reports. */
#include "web.h"
#include <stdlib.h>
#include "http/clients.h"
#include "http/context.h"
#include "http/dispatch.h"
#include "priv/deflate.h"
#include "priv/library.h"
#include "priv/listen.h"
#include "priv/loop.h"
#include "priv/requests.h"
#include "priv/sessions.h"
#include "priv/shared.h"
#include "priv/upgrade.h"

struct dnc_web {
	uv_loop_t *uv; /* borrowed */
	const struct dnc_web_options *options;
	struct dnc_web_shared *shared; /* borrowed */
	struct library library;
	struct listeners *listeners;
	struct loop loop;
	struct identity identity;
	struct audit audit;
	struct stats stats;
	struct sessions sessions;
	struct http_context *http; /* owned */
	struct shared_member member;
};

static struct dnc_web *web_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

static int on_established(struct http_connection *c, struct lws *wsi)
{
	const struct upgrade *upgrade = lws_get_opaque_user_data(wsi);
	struct session *s;
	int rc = -1;

	*c = (struct http_connection){0};
	s = session_new(&web_of(wsi)->sessions, &c->session, wsi, &wire_ws);
	if (s)
		rc = requests_open(s, upgrade && upgrade->known ? &upgrade->principal : NULL);
	upgrade_free(wsi);
	return rc;
}

static int on_http_writeable(struct http_connection *c, struct lws *wsi)
{
	if (!c)
		return 0;
	return c->session ? conn_proceed(&c->session->conn) : http_connection_writeable(c, wsi);
}

static void on_closed(struct http_connection *c)
{
	session_free(&c->session);
	http_connection_closed(c);
}

/* USER is NULL for some reasons: before the connection's protocol is known. */
static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct http_connection *c = user;
	struct session *s = c ? c->session : NULL;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return http_request(web_of(wsi)->http, wsi, c);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return http_check_upgrade(web_of(wsi)->http, wsi, c);
	case LWS_CALLBACK_ADD_HEADERS:
		return deflate_add_headers(wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(c, wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		upgrade_free(wsi);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		return s ? requests_receive(s, in, n) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return s ? conn_proceed(&s->conn) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_http_writeable(c, wsi);
	case LWS_CALLBACK_RECEIVE_PONG:
		if (s)
			session_heard(s);
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return s && s->conn.state >= CONN_CLOSE_SENT ? -1 : 0;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
		if (c)
			on_closed(c);
		return 0;
	case LWS_CALLBACK_HTTP_BODY:
		return http_connection_body(c, in, n);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return http_connection_body_end(c);
	default:
		return 0;
	}
}

static void on_accepted(void *ctx, int fd, bool local)
{
	library_adopt(&((struct dnc_web *)ctx)->library, fd, local);
}

static void on_second(void *ctx)
{
	struct dnc_web *w = ctx;

	sessions_tick(&w->sessions, identity_renew(&w->identity));
	sessions_publish_stats(&w->sessions);
	if (shared_by_several(w->shared))
		clients_refresh(w->http->clients, &w->sessions);
}

void dnc_web_reload(struct dnc_web *w)
{
	const struct dnc_web_options *options = w->options;

	if (identity_renew(&w->identity))
		sessions_renew(&w->sessions);
	if (options->tls_cert)
		library_renew_certificate(&w->library, options->tls_cert, options->tls_key);
}

void dnc_web_work(struct dnc_web *w)
{
	loop_work(&w->loop);
}

void dnc_web_flush(struct dnc_web *w)
{
	loop_advance(&w->loop);
}

static void start_loop(struct dnc_web *w)
{
	w->loop.hub = w->options->hub;
	w->loop.turns = &w->stats.counts.turn;
	w->loop.advanced = w->options->advanced;
	w->loop.advanced_ctx = w->options->ctx;
	w->loop.second = on_second;
	w->loop.second_ctx = w;
	loop_start(&w->loop, w->uv);
}

/* Makes the parts, so that dnc_web_free() may be called. -1 when there is no memory; then nothing is left in the
 * loop. */
static int init_parts(struct dnc_web *w)
{
	const struct dnc_web_options *options = w->options;
	int rc = sessions_init(&w->sessions);

	w->audit = (struct audit){.write = options->audit, .ctx = options->ctx};
	stats_init(&w->stats);
	rc |= identity_init(&w->identity, options->auth, w->shared->throttle, &w->audit,
		&w->stats.counts, options->trust_proxy);
	w->sessions.conns.write_in_callback = options->write_in_callback;
	w->sessions.hub = options->hub;
	w->sessions.ring = options->ring;
	w->sessions.identity = &w->identity;
	w->sessions.limits = w->shared->limits;
	w->sessions.audit = &w->audit;
	w->sessions.stats = &w->stats;
	w->listeners = listeners_new(w->uv, identity_required(&w->identity), on_accepted, w);
	if (rc < 0 || !w->listeners)
		return -1;
	/* The last part: it has a handle in the loop. */
	w->http = http_context_new(w->uv, &w->sessions, options);
	return w->http ? 0 : -1;
}

/* -1 with ERR. */
static int open_library(struct dnc_web *w, struct dnc_error *err)
{
	const struct library_options options = {.callback = on_event,
		.connection_bytes = sizeof(struct http_connection),
		.user = w,
		.tls_cert = w->options->tls_cert,
		.tls_key = w->options->tls_key,
		.compress = w->options->compress,
		.connections = limits_max(w->shared->limits)};

	return library_open(&w->library, w->uv, &options, err);
}

static int listen_on(struct dnc_web *w, struct dnc_error *err)
{
	const struct dnc_web_options *options = w->options;

	if (options->beside)
		return listeners_share(w->listeners, options->beside->listeners, err);
	for (size_t i = 0; i < options->listen_count; i++)
		if (listeners_add(w->listeners, options->listen[i], err) < 0)
			return -1;
	return 0;
}

struct dnc_web *dnc_web_new(uv_loop_t *loop, const struct dnc_web_options *options)
{
	struct dnc_web *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->uv = loop;
	w->options = options;
	w->shared = options->shared;
	if (init_parts(w) == 0)
		return w;
	listeners_free(w->listeners);
	dnc_web_free(w);
	return NULL;
}

int dnc_web_open(struct dnc_web *w, struct dnc_error *err)
{
	start_loop(w);
	sessions_publish_stats(&w->sessions);
	w->member = (struct shared_member){.stats = &w->stats, .clients = w->http->clients};
	shared_join(w->shared, &w->member);
	return open_library(w, err) == 0 && listen_on(w, err) == 0 ? 0 : -1;
}

const char *dnc_web_address(const struct dnc_web *w, size_t index)
{
	return listeners_address(w->listeners, index);
}

size_t dnc_web_drain(struct dnc_web *w, bool force)
{
	w->http->draining = true;
	listeners_stop(w->listeners);
	return sessions_drain(&w->sessions, force);
}

void dnc_web_close(struct dnc_web *w)
{
	if (!w)
		return;
	shared_leave(w->shared, &w->member);
	listeners_free(w->listeners);
	w->listeners = NULL;
	library_close(&w->library);
	loop_close(&w->loop);
	http_context_close(w->http);
}

void dnc_web_free(struct dnc_web *w)
{
	if (!w)
		return;
	library_free(&w->library);
	http_context_free(w->http);
	stats_destroy(&w->stats);
	sessions_destroy(&w->sessions);
	identity_destroy(&w->identity);
	dnc_buf_free(&w->audit.record);
	free(w);
}
