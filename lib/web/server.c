/* server.c - puts the parts of a web server together, and hands them what the library reports. */
#include "web.h"
#include <stdlib.h>
#include "base/log.h"
#include "http/clients.h"
#include "http/connection.h"
#include "http/context.h"
#include "priv/admission.h"
#include "priv/library.h"
#include "priv/listen.h"
#include "priv/loop.h"
#include "priv/sessions.h"
#include "priv/shared.h"

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
	struct admission admission;
	struct {
		bool local;
		char address[ADDRESS_MAX];
		struct limits_admission admission;
	} accepted; /* the connection that is being adopted */
};

static struct dnc_web *web_of(struct lws *wsi)
{
	return library_user(wsi);
}

/* The connection is open: over TLS it has yet to shake hands. */
static int on_adopted(struct http_connection *c, struct lws *wsi)
{
	struct dnc_web *w = web_of(wsi);

	if (!c)
		return -1; /* the library has had no memory for it */
	http_connection_open(c, wsi, w->http, w->accepted.address);
	c->local = w->accepted.local;
	c->admission = w->accepted.admission;
	w->accepted.admission = (struct limits_admission){0};
	return 0;
}

/* Says to a client that does not speak TLS that it must. */
static int refuse_plain(struct dnc_web *w, struct http_connection *c)
{
	static const char answer[] =
		"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n"
		"\r\nThis port speaks TLS: use https:// or wss:// addresses.\n";

	admission_warn_plain(&w->admission, c->address);
	lws_write(c->wsi, (unsigned char *)(uintptr_t)answer, sizeof answer - 1, LWS_WRITE_RAW);
	return -1;
}

static int on_received(struct http_connection *c, const void *in, size_t n)
{
	struct dnc_web *w = web_of(c->wsi);

	c->tls = lws_is_ssl(c->wsi);
	if (w->library.certificate && !c->tls && !c->local)
		return refuse_plain(w, c);
	return http_connection_receive(c, in, n);
}

/* C is NULL for some reasons: they are not of a connection. */
static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct http_connection *c = user;

	switch (reason) {
	case LWS_CALLBACK_RAW_ADOPT:
		return on_adopted(c, wsi);
	case LWS_CALLBACK_RAW_RX:
		return on_received(c, in, n);
	case LWS_CALLBACK_RAW_WRITEABLE:
		return http_connection_proceed(c);
	case LWS_CALLBACK_RAW_CLOSE:
		if (c && c->wsi)
			http_connection_closed(c);
		return 0;
	default:
		return 0;
	}
}

/* The library calls back from within for what it has adopted. */
static void on_accepted(void *ctx, int fd, const struct sockaddr_storage *peer)
{
	struct dnc_web *w = ctx;
	struct limits *limits = w->shared->limits;

	bool local = peer->ss_family == AF_UNIX;

	w->accepted.local = local;
	address_text(peer, w->accepted.address);
	if (!admission_open(&w->admission, fd, w->accepted.address, &w->accepted.admission)) {
		w->stats.counts.refused++;
		return;
	}
	library_adopt(&w->library, fd, local);
	limits_release(limits, &w->accepted.admission); /* unless a connection has it */
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
	if (identity_renew(&w->identity))
		sessions_renew(&w->sessions);
	library_renew_certificate(&w->library, shared_certificate(w->shared));
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

	w->audit = (struct audit){
		.write = options->audit, .ctx = options->ctx, .refusals = w->shared->refusals};
	stats_init(&w->stats);
	rc |= identity_init(&w->identity, options->auth, w->shared->throttle, &w->audit,
		&w->stats.counts, options->trust_proxy);
	w->sessions.conns.write_in_callback = options->write_in_callback;
	w->sessions.hub = options->hub;
	w->sessions.ring = options->ring;
	w->sessions.identity = &w->identity;
	w->sessions.limits = w->shared->limits;
	w->admission = (struct admission){.limits = w->shared->limits};
	w->sessions.audit = &w->audit;
	w->sessions.stats = &w->stats;
	w->sessions.hubs = options->hubs;
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
	struct dnc_certificate *certificate = shared_certificate(w->shared);
	const struct library_options options = {.callback = on_event,
		.connection_bytes = sizeof(struct http_connection),
		.user = w,
		.certificate = certificate,
		.connections = limits_wanted(w->shared->limits)};
	int rc = library_open(&w->library, w->uv, &options, err);

	w->admission.tls = certificate;
	dnc_certificate_unref(certificate);
	if (rc == 0)
		limits_cap(w->shared->limits, w->library.connections);
	return rc;
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

void dnc_web_refuse(struct dnc_web *w)
{
	w->http->draining = true;
}

size_t dnc_web_drain(struct dnc_web *w, bool force)
{
	dnc_web_refuse(w);
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
