/* A connection from its first byte to its end: requests, bodies, upgrades, streams and frames in any order and in any
 * pieces, with a socket that is full now and then. What is answered does not depend on the pieces, and nothing is kept. The
 * library is played here; a program's own functions come before those of shared libraries. */
#include "fuzz.h"
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdio.h>
#include "log/journal.h"
#include "log/writer.h"
#include "web/http/connection.h"
#include "web/http/context.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

static struct {
	size_t written;
	unsigned answers;    /* heads of them */
	bool full, buffered; /* the socket takes no more; the library keeps a part */
	bool paused, dead;
} peer;

int lws_write(struct lws *wsi, unsigned char *buf, size_t n, enum lws_write_protocol protocol)
{
	(void)wsi;
	(void)protocol;
	peer.written += n;
	peer.answers += n > 9 && memcmp(buf, "HTTP/1.1 ", 9) == 0;
	peer.buffered = peer.full;
	return (int)n;
}

int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return peer.buffered;
}

int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;
	return 1;
}

int lws_rx_flow_control(struct lws *wsi, int enable)
{
	(void)wsi;
	if (peer.paused != (bool)enable)
		abort(); /* only changes */
	peer.paused = !enable;
	return 0;
}

void lws_set_timeout(struct lws *wsi, enum pending_timeout reason, int seconds)
{
	(void)wsi;
	if (reason == PENDING_TIMEOUT_CLOSE_SEND && seconds == LWS_TO_KILL_ASYNC)
		peer.dead = true;
}

struct lws_context *lws_get_context(const struct lws *wsi)
{
	(void)wsi;
	return NULL;
}

void lws_cancel_service(struct lws_context *context)
{
	(void)context;
}

lws_sockfd_type lws_get_socket_fd(struct lws *wsi)
{
	(void)wsi;
	return -1;
}

const char *lws_get_peer_simple(struct lws *wsi, char *name, size_t size)
{
	(void)wsi;
	snprintf(name, size, "127.0.0.1");
	return name;
}

static struct {
	uv_loop_t loop;
	struct sessions sessions;
	struct identity identity;
	struct audit audit;
	struct stats stats;
	struct dnc_web_options options;
	struct http_context *http;
} server;

static void dequeue(void *ctx)
{
	(void)ctx;
}

static void add_metrics(void *ctx, struct dnc_buf *out)
{
	(void)ctx;
	(void)out;
}

static const char *not_ready(void *ctx)
{
	(void)ctx;
	return NULL;
}

static void drop_record(void *ctx, struct dnc_str json)
{
	(void)ctx;
	(void)json;
}

/* Once: a server without authentication, whose log takes nothing. */
static void open_server(void)
{
	static const struct dnc_web_limits limits = {10, 0, 0};
	static const char *const origins[] = {"https://ops.example"};
	struct dnc_error err;
	struct dnc_journal *journal = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	struct dnc_auth *auth =
		dnc_auth_new(&(struct dnc_auth_options){.default_role = "admin"}, &err);
	struct dnc_ring *ring = dnc_ring_new(1 << 20, 0);

	uv_loop_init(&server.loop);
	server.options = (struct dnc_web_options){.shared = dnc_shared_new(&limits),
		.auth = auth,
		.allow_origin = origins,
		.allow_origin_count = 1,
		.compress = true,
		.ring = ring,
		.writer = dnc_writer_new(journal, dequeue, NULL),
		.metrics = add_metrics,
		.not_ready = not_ready};
	server.options.hub = dnc_hub_new(&(struct dnc_hub_options){.ring = ring,
		.max_lag = 1000,
		.journal = journal,
		.transport = dnc_web_transport,
		.work = dequeue});
	dnc_writer_stop(server.options.writer);
	stats_init(&server.stats);
	server.audit.write = drop_record;
	if (!auth || !server.options.hub || sessions_init(&server.sessions) < 0 ||
		identity_init(&server.identity, auth, server.options.shared->throttle,
			&server.audit, &server.stats.counts, false) < 0)
		abort();
	server.sessions.hub = server.options.hub;
	server.sessions.ring = ring;
	server.sessions.identity = &server.identity;
	server.sessions.limits = server.options.shared->limits;
	server.sessions.audit = &server.audit;
	server.sessions.stats = &server.stats;
	server.http = http_context_new(&server.loop, &server.sessions, &server.options);
	if (!server.http)
		abort();
}

/* The library's turns in which the socket takes what waits. Returns false when the connection must be closed. */
static bool drain(struct http_connection *c)
{
	for (int i = 0; i < 1000; i++) {
		peer.full = peer.buffered = false;
		if (peer.dead || http_connection_proceed(c) < 0)
			return false;
		while (dnc_hub_work(server.options.hub))
			;
		if (!peer.paused && !peer.buffered)
			return true;
	}
	abort(); /* it waits for ever */
}

/* The connection gets all of DATA in pieces of STEP bytes; with PRESSURE the socket is full after each. */
static unsigned serve(const uint8_t *data, size_t size, size_t step, bool pressure)
{
	struct http_connection c = {.context = NULL};
	bool open = true;

	memset(&peer, 0, sizeof peer);
	http_connection_open(&c, (struct lws *)&peer, server.http, "127.0.0.1");
	for (size_t at = 0; open && at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		char *copy = malloc(n); /* ends where its bytes end */

		if (!copy)
			abort();
		memcpy(copy, data + at, n);
		peer.full = pressure;
		open = http_connection_receive(&c, copy, n) == 0 && drain(&c);
		free(copy);
	}
	http_connection_closed(&c);
	if (c.session || c.exchange || c.in.n || server.sessions.count ||
		dnc_hub_stats(server.options.hub).subscribers)
		abort();
	return peer.answers;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned whole;

	if (!server.http)
		open_server();
	whole = serve(data, size, size ? size : 1, false);
	if (size && size < 4096 && serve(data, size, 1, false) != whole)
		abort();
	if (serve(data, size, 7, true) != whole)
		abort();
	return 0;
}
