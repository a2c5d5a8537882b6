/* server.c - puts the parts of a web server together, and hands them what the library reports. */
#include "priv/server.h"
#include <stdlib.h>
#include "base/clock.h"
#include "event/event.h"
#include "http/clients.h"
#include "http/handshake.h"
#include "http/history.h"
#include "http/publish.h"
#include "http/routes.h"
#include "priv/deflate.h"
#include "priv/exchange.h"
#include "priv/library.h"
#include "priv/listen.h"
#include "priv/loop.h"
#include "priv/requests.h"
#include "priv/sessions.h"
#include "priv/shared.h"
#include "priv/upgrade.h"

struct server {
	struct dnc_web web; /* first: the public name, and how the parts reach each other */
	struct library library;
	struct listeners *listeners;
	struct loop loop;
	struct identity identity;
	struct audit audit;
	struct stats stats;
	struct sessions sessions;
	struct shared_member member;
};

static struct dnc_web *web_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

static int on_established(struct exchange *e, struct lws *wsi)
{
	const struct upgrade *upgrade = lws_get_opaque_user_data(wsi);
	struct session *s;
	int rc = -1;

	*e = (struct exchange){0};
	s = session_new(web_of(wsi)->sessions, &e->session, wsi, &wire_ws);
	if (s)
		rc = requests_open(s, upgrade && upgrade->known ? &upgrade->who : NULL);
	upgrade_free(wsi);
	return rc;
}

static int on_writeable(struct exchange *e, struct lws *wsi)
{
	if (e && e->closing)
		return lws_partial_buffered(wsi) ? 0 : -1;
	return e && e->session ? conn_proceed(&e->session->conn) : 0;
}

static void on_closed(struct exchange *e)
{
	session_free(&e->session);
	history_abandon(e->history);
	e->history = NULL;
	publish_abandon(e->publish);
	e->publish = NULL;
}

static int on_body(struct exchange *e, const void *in, size_t n)
{
	if (e->publish)
		return publish_body(e->publish, in, n);
	return e->closing ? 0 : -1;
}

/* E is NULL for some reasons: before the connection's protocol is known. */
static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct exchange *e = user;
	struct session *s = e ? e->session : NULL;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return http_request(web_of(wsi), wsi);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return http_check_upgrade(web_of(wsi), wsi);
	case LWS_CALLBACK_ADD_HEADERS:
		return deflate_add_headers(wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(e, wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		upgrade_free(wsi);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		return s ? requests_receive(s, in, n) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return s ? conn_proceed(&s->conn) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writeable(e, wsi);
	case LWS_CALLBACK_RECEIVE_PONG:
		if (s)
			session_heard(s);
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return s && s->conn.state >= CONN_CLOSE_SENT ? -1 : 0;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
		if (e)
			on_closed(e);
		return 0;
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(e, in, n);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return e->publish ? publish_end(e->publish) : -1;
	default:
		return 0;
	}
}

static void on_published(uv_async_t *async)
{
	publish_answer(async->data);
}

static void on_accepted(void *ctx, int fd, bool local)
{
	library_adopt(&((struct server *)ctx)->library, fd, local);
}

static void on_second(void *ctx)
{
	struct server *s = ctx;

	sessions_tick(&s->sessions, identity_renew(&s->identity));
	sessions_publish_stats(&s->sessions);
	if (shared_by_several(s->web.shared))
		clients_refresh(&s->web);
}

void dnc_web_reload(struct dnc_web *w)
{
	struct server *s = (struct server *)w;

	if (identity_renew(&s->identity))
		sessions_renew(&s->sessions);
	if (w->options->tls_cert)
		library_renew_certificate(&s->library, w->options->tls_cert, w->options->tls_key);
}

void dnc_web_work(struct dnc_web *w)
{
	loop_work(&((struct server *)w)->loop);
}

void dnc_web_flush(struct dnc_web *w)
{
	loop_advance(&((struct server *)w)->loop);
}

/* -1 when there is no memory. */
static int init_parts(struct server *s, uv_loop_t *loop)
{
	const struct dnc_web_options *options = s->web.options;
	int rc = sessions_init(&s->sessions);

	s->audit = (struct audit){.note = options->access_note, .ctx = options->ctx};
	stats_init(&s->stats);
	rc |= identity_init(&s->identity, options->auth, s->web.shared->throttle, &s->audit,
		&s->stats.counts, options->trust_proxy);
	s->loop.hub = options->hub;
	s->loop.turns = &s->stats.counts.turn;
	s->loop.advanced = options->advanced;
	s->loop.advanced_ctx = options->ctx;
	s->loop.second = on_second;
	s->loop.second_ctx = s;
	loop_start(&s->loop, loop);
	s->sessions.conns.by_the_book = options->by_the_book;
	s->sessions.hub = options->hub;
	s->sessions.ring = options->ring;
	s->sessions.identity = &s->identity;
	s->sessions.limits = s->web.shared->limits;
	s->sessions.audit = &s->audit;
	s->sessions.stats = &s->stats;
	s->listeners = listeners_new(loop, identity_required(&s->identity), on_accepted, s);
	return s->listeners ? rc : -1;
}

static int init_http(struct dnc_web *w, uv_loop_t *loop)
{
	pthread_mutex_init(&w->client_list.lock, NULL);
	pthread_mutex_init(&w->published_lock, NULL);
	uv_async_init(loop, &w->published_async, on_published);
	w->published_async.data = w;
	w->normalizer = dnc_event_reader_new(&(struct dnc_event_options){.source_format = "http"});
	w->parser = dnc_json_parser_new();
	w->started_ms = dnc_clock_mono_ms();
	return w->normalizer && w->parser ? 0 : -1;
}

static int listen_on(struct server *s, struct dnc_error *err)
{
	const struct dnc_web_options *options = s->web.options;
	const struct server *beside = (const struct server *)options->beside;

	if (beside)
		return listeners_share(s->listeners, beside->listeners, err);
	for (size_t i = 0; i < options->listen_count; i++)
		if (listeners_add(s->listeners, options->listen[i], err) < 0)
			return -1;
	return 0;
}

struct dnc_web *dnc_web_new(
	uv_loop_t *loop, const struct dnc_web_options *options, struct dnc_error *err)
{
	struct server *s = calloc(1, sizeof *s);
	struct library_options library = {.callback = on_event,
		.connection_bytes = sizeof(struct exchange),
		.user = s,
		.tls_cert = options->tls_cert,
		.tls_key = options->tls_key,
		.compress = options->compress};

	if (!s) {
		dnc_error_nomem(err);
		return NULL;
	}
	s->web = (struct dnc_web){.options = options,
		.hub = options->hub,
		.shared = options->door,
		.identity = &s->identity,
		.audit = &s->audit,
		.stats = &s->stats,
		.sessions = &s->sessions};
	s->member = (struct shared_member){.stats = &s->stats, .clients = &s->web.client_list};
	if (init_parts(s, loop) | init_http(&s->web, loop)) {
		dnc_error_nomem(err);
		goto fail;
	}
	sessions_publish_stats(&s->sessions);
	shared_join(s->web.shared, &s->member);
	library.connections = limits_max(s->web.shared->limits);
	if (library_open(&s->library, loop, &library, err) < 0 || listen_on(s, err) < 0)
		goto fail;
	return &s->web;
fail:
	dnc_web_close(&s->web); /* its memory stays: only the loop could say when it is free */
	return NULL;
}

const char *dnc_web_address(const struct dnc_web *w, size_t index)
{
	return listeners_address(((const struct server *)w)->listeners, index);
}

size_t dnc_web_drain(struct dnc_web *w, bool force)
{
	struct server *s = (struct server *)w;

	w->draining = true;
	listeners_stop(s->listeners);
	return sessions_drain(&s->sessions, force);
}

void dnc_web_close(struct dnc_web *w)
{
	struct server *s = (struct server *)w;

	if (!w)
		return;
	shared_leave(w->shared, &s->member);
	listeners_free(s->listeners);
	s->listeners = NULL;
	library_close(&s->library);
	loop_close(&s->loop);
	uv_close((uv_handle_t *)&w->published_async, NULL);
}

void dnc_web_free(struct dnc_web *w)
{
	struct server *s = (struct server *)w;

	if (!w)
		return;
	library_free(&s->library);
	publish_answer(w); /* to nobody: all clients are gone */
	pthread_mutex_destroy(&w->client_list.lock);
	pthread_mutex_destroy(&w->published_lock);
	dnc_event_reader_free(w->normalizer);
	dnc_json_parser_free(w->parser);
	dnc_buf_free(&w->page);
	dnc_buf_free(&w->client_list.json);
	stats_destroy(&s->stats);
	sessions_destroy(&s->sessions);
	identity_destroy(&s->identity);
	dnc_buf_free(&s->audit.record);
	free(s);
}
