/* web.c - the server: addresses, the library's context, and turns of the loop. */
#include "web.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "../base/clock.h"
#include "../base/log.h"
#include "serve.h"

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
		return client_open(web_of(wsi), &session->client, wsi, false);
	case LWS_CALLBACK_RECEIVE:
		return session->client ? client_receive(session->client, in, n) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return session->client ? client_writeable(session->client) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return session && session->client ? client_writeable(session->client) : 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		if (session->client)
			alive_heard(session->client);
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

static void on_pace(uv_timer_t *timer)
{
	struct dnc_web *w = timer->data;

	dnc_hub_tick(w->hub);
	dnc_web_work(w);
}

/* Wakes those that a rate limit holds back, as long as there are any. */
static void pace(struct dnc_web *w)
{
	bool paces = dnc_hub_paces(w->hub);

	if (paces == w->pacing)
		return;
	w->pacing = paces;
	if (paces)
		uv_timer_start(&w->pace, on_pace, DNC_HUB_TICK_MS, DNC_HUB_TICK_MS);
	else
		uv_timer_stop(&w->pace);
}

static void on_second(uv_timer_t *timer)
{
	struct dnc_web *w = timer->data;

	alive_tick(w);
	figures_refresh(w);
}

/* How long the turn took that ends here. */
static void on_turn(uv_prepare_t *prepare)
{
	struct dnc_web *w = prepare->data;
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(prepare->loop);

	if (w->turn_ns)
		dnc_histogram_observe(
			&w->counts.turn, (int64_t)(now - w->turn_ns - (idle - w->idle_ns)), 1);
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

static void on_accepted(void *ctx, int fd)
{
	struct dnc_web *w = ctx;

	/* The library closes what it does not take. */
	if (!lws_adopt_socket_vhost(w->vhost, fd))
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

static int make_context(struct dnc_web *w, uv_loop_t *loop)
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
	};
	settle_descriptors(door_limit(w->options->door) + SPARE_DESCRIPTORS);
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
	pthread_mutex_init(&w->figures_lock, NULL);
	uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
	uv_idle_init(loop, &w->work);
	uv_timer_init(loop, &w->pace);
	uv_timer_init(loop, &w->second);
	uv_prepare_init(loop, &w->turn);
	w->work.data = w->pace.data = w->second.data = w->turn.data = w;
	uv_prepare_start(&w->turn, on_turn);
	uv_timer_start(&w->second, on_second, 1000, 1000);
	figures_refresh(w);
	door_add_web(options->door, w);
	w->parser = dnc_json_parser_new();
	w->listeners = listeners_new(loop, on_accepted, w);
	if (!w->parser || !w->listeners || make_context(w, loop) < 0) {
		dnc_error_nomem(err);
		goto fail;
	}
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
	door_remove_web(w->options->door, w);
	listeners_free(w->listeners);
	w->listeners = NULL;
	if (w->context)
		lws_context_destroy(w->context);
	uv_close((uv_handle_t *)&w->work, NULL);
	uv_close((uv_handle_t *)&w->pace, NULL);
	uv_close((uv_handle_t *)&w->second, NULL);
	uv_close((uv_handle_t *)&w->turn, NULL);
}

void dnc_web_free(struct dnc_web *w)
{
	if (!w)
		return;
	/* On a loop that is not its own, the library wants to be told twice. */
	if (w->context)
		lws_context_destroy(w->context);
	pthread_mutex_destroy(&w->figures_lock);
	dnc_json_parser_free(w->parser);
	dnc_buf_free(&w->scratch);
	dnc_buf_free(&w->page);
	dnc_buf_free(&w->sse);
	free(w);
}
