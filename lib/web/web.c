/* web.c - the server: addresses, the library's context, and turns of the loop. */
#include "web.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "../base/clock.h"
#include "../base/log.h"
#include "serve.h"

/* Descriptors beside those of clients: loop, inputs, logs, and headroom to refuse with. */
enum { SPARE_DESCRIPTORS = 256 };

static void log_library(int level, const char *line)
{
	dnc_log(level == LLL_ERR ? DNC_WARN : DNC_DEBUG, "libwebsockets: %.*s",
		(int)strcspn(line, "\n"), line);
}

static struct dnc_web *web_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
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
	case LWS_CALLBACK_ESTABLISHED:
		*session = (struct session){0};
		return client_open(web_of(wsi), &session->client, wsi, false);
	case LWS_CALLBACK_RECEIVE:
		return session->client ? client_receive(session->client, in, n) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return session->client ? client_writeable(session->client) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return session && session->client ? client_writeable(session->client) : 0;
	case LWS_CALLBACK_TIMER:
		if (session && session->client)
			client_keep_alive(session->client);
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
		return 0;
	default:
		return 0;
	}
}

static void on_work(uv_idle_t *idle)
{
	struct dnc_web *w = idle->data;

	if (dnc_hub_work(w->hub))
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
	dnc_hub_flush(w->hub);
	dnc_web_work(w);
}

static void on_accepted(void *ctx, int fd)
{
	struct dnc_web *w = ctx;

	/* The library closes what it does not take. */
	if (!lws_adopt_socket_vhost(w->vhost, fd))
		dnc_warn("a connection was refused: no memory or descriptors are left");
}

/* A descriptor for each client: ask for as many as the system grants. */
static unsigned raise_descriptors(unsigned wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return wanted;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < wanted)
		dnc_warn("only %llu descriptors are allowed, not the %u that --max-connections "
			 "needs; raise ulimit -n",
			(unsigned long long)limit.rlim_cur, wanted);
	return limit.rlim_cur < wanted ? (unsigned)limit.rlim_cur : wanted;
}

static int make_context(struct dnc_web *w, uv_loop_t *loop)
{
	void *loops[1] = {loop};

	w->protocols[0] = (struct lws_protocols){.name = "dnc.v1",
		.callback = on_event,
		.per_session_data_size = sizeof(struct session),
		.rx_buffer_size =
			256, /* what a client says is short, and longer messages come in pieces */
		.tx_packet_size = DNC_HUB_SEND_BYTES};
	w->keepalive = (lws_retry_bo_t){
		.secs_since_valid_ping = PING_INTERVAL_S, .secs_since_valid_hangup = PONG_LIMIT_S};
	w->info = (struct lws_context_creation_info){
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = w->protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.foreign_loops = loops,
		.user = w,
		.gid = -1,
		.uid = -1,
		.retry_and_idle_policy = &w->keepalive,
		.max_http_header_data = 8192,
		.keepalive_timeout = 15,
		.timeout_secs = 15,
		.server_string = "dnc-wsd",
		.fd_limit_per_thread =
			raise_descriptors(w->options->max_connections + SPARE_DESCRIPTORS),
	};
	lws_set_log_level(LLL_ERR, log_library);
	w->context = lws_create_context(&w->info);
	if (w->context)
		w->vhost = lws_create_vhost(w->context, &w->info);
	return w->vhost ? 0 : -1;
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
	uv_idle_init(loop, &w->work);
	w->work.data = w;
	w->parser = dnc_json_parser_new();
	w->listeners = listeners_new(loop, on_accepted, w);
	if (!w->parser || !w->listeners || make_context(w, loop) < 0) {
		dnc_error_nomem(err);
		goto fail;
	}
	for (size_t i = 0; i < options->listen_count; i++)
		if (listeners_add(w->listeners, options->listen[i], err) < 0)
			goto fail;
	return w;
fail:
	dnc_web_free(w);
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
		char reason[32];

		next = c->next;
		if (c->close_code || (!force && !client_done(c)))
			continue;
		/* Spread, so that they do not all come back at once. */
		snprintf(reason, sizeof reason, "retry_after_ms=%d", 500 + rand() % 4500);
		client_close(c, LWS_CLOSE_STATUS_GOINGAWAY, reason);
	}
	return w->client_count;
}

static void on_closed(uv_handle_t *handle)
{
	struct dnc_web *w = handle->data;

	dnc_json_parser_free(w->parser);
	dnc_buf_free(&w->scratch);
	dnc_buf_free(&w->page);
	dnc_buf_free(&w->sse);
	free(w);
}

void dnc_web_free(struct dnc_web *w)
{
	if (!w)
		return;
	uv_idle_stop(&w->work);
	listeners_free(w->listeners);
	if (w->context)
		lws_context_destroy(w->context);
	w->context = NULL;
	uv_close((uv_handle_t *)&w->work, on_closed);
}
