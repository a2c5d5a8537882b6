/* web.c - the server: addresses, the library's context, and turns of the loop. */
#include "web.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "base/log.h"
#include "http/clients.h"
#include "http/handshake.h"
#include "http/history.h"
#include "http/publish.h"
#include "http/routes.h"
#include "priv/serve.h"

/* Descriptors beside those of clients: loop, inputs, logs, and headroom to refuse with; and what producers
 * may take where the system allows more. */
enum { SPARE_DESCRIPTORS = 256, PRODUCER_DESCRIPTORS = 4096 };

static void log_library(int level, const char *line)
{
	dnc_log(level == LLL_ERR ? DNC_WARN : DNC_DEBUG, "libwebsockets: %.*s",
		(int)strcspn(line, "\n"), line);
}

static struct dnc_web *web_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

static void on_published(uv_async_t *async)
{
	publish_answer(async->data);
}

static int establish(struct dnc_web *w, struct session *session, struct lws *wsi)
{
	const struct upgrade *upgrade = lws_get_opaque_user_data(wsi);
	int rc = client_open(
		w, &session->client, wsi, upgrade && upgrade->known ? &upgrade->who : NULL);

	upgrade_free(wsi);
	return rc;
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct session *session = user;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return http_request(web_of(wsi), wsi);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return http_check_upgrade(web_of(wsi), wsi);
	case LWS_CALLBACK_ADD_HEADERS:
		return deflate_add_headers(wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		*session = (struct session){0};
		return establish(web_of(wsi), session, wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		upgrade_free(wsi);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		return session->client ? client_receive(session->client, in, n) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return session->client ? client_writeable(session->client) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		if (session && session->closing)
			return lws_partial_buffered(wsi) ? 0 : -1;
		return session && session->client ? client_writeable(session->client) : 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		if (session->client)
			client_heard(session->client);
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return session->client && session->client->bye ? -1 : 0;
	case LWS_CALLBACK_CLOSED:
		client_free(&session->client);
		return 0;
	case LWS_CALLBACK_CLOSED_HTTP:
		if (!session)
			return 0;
		client_free(&session->client);
		history_abandon(session->history);
		session->history = NULL;
		publish_abandon(session->publish);
		session->publish = NULL;
		return 0;
	case LWS_CALLBACK_HTTP_BODY:
		if (session->publish)
			return publish_body(session->publish, in, n);
		return session->closing ? 0 : -1;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return session->publish ? publish_end(session->publish) : -1;
	default:
		return 0;
	}
}

static void on_pace(uv_timer_t *timer)
{
	struct dnc_web *w = timer->data;

	dnc_hub_tick(w->hub);
	dnc_web_work(w);
}

/* Wakes those that a rate limit holds back, as long as there are any. */
static void pace(struct dnc_web *w)
{
	bool paces = dnc_hub_rate_limits(w->hub);

	if (paces == w->pacing)
		return;
	w->pacing = paces;
	if (paces)
		uv_timer_start(&w->pace, on_pace, DNC_HUB_TICK_MS, DNC_HUB_TICK_MS);
	else
		uv_timer_stop(&w->pace);
}

/* True when keys, roles or revoked tokens were read again. */
static bool renew_access(struct dnc_web *w)
{
	if (!dnc_auth_is_old(w->options->auth, w->access))
		return false;
	w->old_access = w->access;
	w->access = dnc_auth_acquire(w->options->auth);
	return true;
}

static void check_clients(struct dnc_web *w, bool reloaded)
{
	for (struct client *c = w->clients, *next; c; c = next) {
		next = c->next;
		client_check(c, reloaded);
	}
	/* Nobody looks into the old one any more. */
	if (reloaded)
		dnc_auth_snapshot_unref(w->old_access);
}

void dnc_web_reload(struct dnc_web *w)
{
	check_clients(w, renew_access(w));
	if (w->options->tls_cert && lws_tls_cert_updated(w->context, w->options->tls_cert,
					    w->options->tls_key, NULL, 0, NULL, 0) != 0)
		dnc_warn("unable to use the new certificate: the old one stays");
}

void web_publish_stats(struct dnc_web *w)
{
	struct stats_roles roles = {0};

	for (const struct client *c = w->clients; c; c = c->next)
		stats_count_role(&roles, c->role ? c->role->name : "", 1);
	stats_publish(&w->stats, w->hub, &roles);
}

static void on_second(uv_timer_t *timer)
{
	struct dnc_web *w = timer->data;

	pings_tick(w);
	check_clients(w, renew_access(w));
	held_tick(w);
	web_publish_stats(w);
	if (shared_by_several(w->options->door))
		clients_refresh(w);
}

/* How long the turn took that ends here. */
static void on_turn(uv_prepare_t *prepare)
{
	struct dnc_web *w = prepare->data;
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(prepare->loop);

	if (w->turn_ns)
		dnc_histogram_observe(&w->stats.counts.turn,
			(int64_t)(now - w->turn_ns - (idle - w->idle_ns)), 1);
	w->turn_ns = now;
	w->idle_ns = idle;
}

static void on_work(uv_idle_t *idle)
{
	struct dnc_web *w = idle->data;

	bool more = dnc_hub_work(w->hub);

	w->options->advanced(w->options->ctx);
	pace(w);
	if (more)
		return;
	uv_idle_stop(idle);
	w->working = false;
}

void dnc_web_work(struct dnc_web *w)
{
	if (w->working)
		return;
	w->working = true;
	uv_idle_start(&w->work, on_work);
}

void dnc_web_flush(struct dnc_web *w)
{
	bool more = dnc_hub_advance(w->hub);

	w->options->advanced(w->options->ctx);
	if (more || !w->working)
		dnc_web_work(w);
}

static void on_accepted(void *ctx, int fd, bool local)
{
	struct dnc_web *w = ctx;

	/* The library closes what it does not take. */
	if (!lws_adopt_socket_vhost(local ? w->local_vhost : w->vhost, fd))
		dnc_warn("a connection was refused: no memory or descriptors are left");
}

/* A descriptor for each client: asks for as many as the system grants. And for not many more, because the
 * library has tables for all that are allowed; telling it a limit of its own would make it search them. */
static void settle_descriptors(unsigned wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < wanted)
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (limit.rlim_cur > wanted + PRODUCER_DESCRIPTORS)
		limit.rlim_cur = wanted + PRODUCER_DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted)
		dnc_warn("only %llu descriptors are allowed, not the %u that --max-connections "
			 "needs; raise ulimit -n",
			(unsigned long long)limit.rlim_cur, wanted);
}

/* TLS 1.2 at least, with forward secrecy and authenticated ciphers alone (RFC 9325 section 4.2); HTTP/1.1, because
 * frames are written as they are. */
static void use_tls(struct dnc_web *w)
{
	w->info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	w->info.ssl_cert_filepath = w->options->tls_cert;
	w->info.ssl_private_key_filepath = w->options->tls_key;
	w->info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_SSLv3 |
	                          SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION;
	w->info.ssl_cipher_list = "ECDHE+AESGCM:ECDHE+CHACHA20";
	w->info.alpn = "http/1.1";
}

static int make_context(struct dnc_web *w, uv_loop_t *loop, struct dnc_error *err)
{
	void *loops[1] = {loop};

	w->protocols[0] = (struct lws_protocols){.name = "dnc.v1",
		.callback = on_event,
		.per_session_data_size = sizeof(struct session),
		.rx_buffer_size =
			256, /* what a client says is short, and longer messages come in pieces */
		.tx_packet_size = DNC_HUB_SEND_BYTES};
	w->protocols[1] = w->protocols[0];
	w->protocols[1].name = "cloudevents.json";
	w->info = (struct lws_context_creation_info){
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = w->protocols,
		.extensions = w->options->compress ? deflate_extensions : NULL,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
	                   (w->options->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		.foreign_loops = loops,
		.user = w,
		.gid = -1,
		.uid = -1,
		.retry_and_idle_policy = &w->keepalive,
		/* A token of DNC_TOKEN_MAX must fit. */
		.max_http_header_data = 16384,
		.keepalive_timeout = 15,
		.timeout_secs = 15,
		.server_string = "dnc-wsd",
	};
	settle_descriptors(limits_max(w->options->door->limits) + SPARE_DESCRIPTORS);
	lws_set_log_level(LLL_ERR, log_library);
	w->context = lws_create_context(&w->info);
	if (!w->context)
		return dnc_error_nomem(err);
	w->info.vhost_name = "local";
	w->local_vhost = lws_create_vhost(w->context, &w->info);
	w->info.vhost_name = "default";
	if (w->options->tls_cert)
		use_tls(w);
	w->vhost = lws_create_vhost(w->context, &w->info);
	if (w->vhost && w->local_vhost)
		return 0;
	return dnc_error_set(err, EINVAL, "%s",
		w->options->tls_cert ? "the TLS certificate and key can't be used"
				     : "out of memory");
}

struct dnc_web *dnc_web_new(
	uv_loop_t *loop, const struct dnc_web_options *options, struct dnc_error *err)
{
	struct dnc_web *w = calloc(1, sizeof *w);

	if (!w) {
		dnc_error_nomem(err);
		return NULL;
	}
	w->options = options;
	w->hub = options->hub;
	w->started_ms = dnc_clock_mono_ms();
	stats_init(&w->stats);
	w->audit = (struct audit){.note = options->access_note, .ctx = options->ctx};
	pthread_mutex_init(&w->client_list.lock, NULL);
	heartbeat_queue_init(&w->heard, PING_INTERVAL_S);
	heartbeat_queue_init(&w->pinged, PONG_LIMIT_S);
	heartbeat_queue_init(&w->streams, SSE_COMMENT_S);
	heartbeat_queue_init(&w->strangers, AUTH_LIMIT_S);
	pthread_mutex_init(&w->published_lock, NULL);
	uv_async_init(loop, &w->published_async, on_published);
	w->published_async.data = w;
	w->normalizer = dnc_event_reader_new(&(struct dnc_event_options){.source_format = "http"});
	uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
	uv_idle_init(loop, &w->work);
	uv_timer_init(loop, &w->pace);
	uv_timer_init(loop, &w->second);
	uv_prepare_init(loop, &w->turn);
	w->work.data = w->pace.data = w->second.data = w->turn.data = w;
	uv_prepare_start(&w->turn, on_turn);
	uv_timer_start(&w->second, on_second, 1000, 1000);
	web_publish_stats(w);
	w->member = (struct shared_member){.stats = &w->stats, .clients = &w->client_list};
	shared_join(options->door, &w->member);
	w->parser = dnc_json_parser_new();
	w->request_parser = dnc_json_parser_new();
	w->access = dnc_auth_acquire(options->auth);
	w->listeners = listeners_new(loop, w->access->keys, on_accepted, w);
	if (!w->parser || !w->request_parser || !w->normalizer || !w->listeners) {
		dnc_error_nomem(err);
		goto fail;
	}
	if (make_context(w, loop, err) < 0)
		goto fail;
	if (options->beside && listeners_share(w->listeners, options->beside->listeners, err) < 0)
		goto fail;
	for (size_t i = 0; !options->beside && i < options->listen_count; i++)
		if (listeners_add(w->listeners, options->listen[i], err) < 0)
			goto fail;
	return w;
fail:
	dnc_web_close(w); /* its memory stays: only the loop could say when it is free */
	return NULL;
}

const char *dnc_web_address(const struct dnc_web *w, size_t index)
{
	return listeners_address(w->listeners, index);
}

size_t dnc_web_drain(struct dnc_web *w, bool force)
{
	w->draining = true;
	listeners_stop(w->listeners);
	for (struct client *c = w->clients, *next; c; c = next) {
		next = c->next;
		if (c->close_code || (!force && !client_done(c)))
			continue;
		/* Spread, so that they do not all come back at once. */
		client_close_until(c, (uint16_t)(500 + randombytes_uniform(4500)));
	}
	return w->client_count;
}

void dnc_web_close(struct dnc_web *w)
{
	if (!w)
		return;
	shared_leave(w->options->door, &w->member);
	listeners_free(w->listeners);
	w->listeners = NULL;
	if (w->context)
		lws_context_destroy(w->context);
	uv_close((uv_handle_t *)&w->work, NULL);
	uv_close((uv_handle_t *)&w->pace, NULL);
	uv_close((uv_handle_t *)&w->second, NULL);
	uv_close((uv_handle_t *)&w->turn, NULL);
	uv_close((uv_handle_t *)&w->published_async, NULL);
}

void dnc_web_free(struct dnc_web *w)
{
	if (!w)
		return;
	/* On a loop that is not its own, the library wants to be told twice. */
	if (w->context)
		lws_context_destroy(w->context);
	publish_answer(w); /* to nobody: all are gone */
	stats_destroy(&w->stats);
	pthread_mutex_destroy(&w->client_list.lock);
	pthread_mutex_destroy(&w->published_lock);
	dnc_event_reader_free(w->normalizer);
	dnc_json_parser_free(w->parser);
	dnc_json_parser_free(w->request_parser);
	dnc_auth_snapshot_unref(w->access);
	dnc_buf_free(&w->scratch);
	dnc_buf_free(&w->page);
	dnc_buf_free(&w->sse);
	dnc_buf_free(&w->audit.record);
	dnc_buf_free(&w->client_list.json);
	free(w);
}
