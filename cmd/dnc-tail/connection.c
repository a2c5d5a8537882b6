#include "connection.h"
#include <errno.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include "answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "credentials.h"
#include "json/json.h"
#include "notices.h"
#include "tls.h"
#include "wire.h"

/* Backoff doubles from the first to the last; the library adds jitter. */
static const uint32_t backoff_ms[] = {100, 200, 400, 800, 1600, 3200, 5000};

static const lws_retry_bo_t retry = {
	.retry_ms_table = backoff_ms,
	.retry_ms_table_count = LWS_ARRAY_SIZE(backoff_ms),
	.conceal_count = UINT16_MAX,
	.jitter_percent = 50,
	.secs_since_valid_ping = 30,
	.secs_since_valid_hangup = HANG_UP_S,
};

/* The library looks names up while the loop waits: each name server gets one question and so many seconds. */
enum { LOOKUP_S = 3 };
/* With --no-follow: so many attempts in a row fail before the last one is the end; about 20 s. */
enum { NO_FOLLOW_FAILURES = 8 };

/* A subscription that ends within this time is brief: after so many in a row the next attempt waits as after failures, also at
 * another hub, which may be no better. */
enum { BRIEF_MS = 1000, BRIEF_MAX = 2 };

static void on_connect(lws_sorted_usec_list_t *sul);

/* The next attempt: when the server asked for it, or at another hub at once, else with growing pauses. */
static void schedule(struct connection *c)
{
	int64_t wait_us = c->pause_ms * 1000;
	uint16_t jitter = 0;

	if (c->next == HUBS_OTHER && c->brief < BRIEF_MAX) {
		lws_sul_schedule(c->context, 0, &c->connect, on_connect, 1);
		return;
	}
	if (!wait_us) {
		lws_retry_sul_schedule(c->context, 0, &c->connect, &retry, on_connect, &c->tries);
		return;
	}
	/* Up to an eighth more, so that clients do not come back all at once. */
	lws_get_random(c->context, &jitter, sizeof jitter);
	lws_sul_schedule(c->context, 0, &c->connect, on_connect,
		wait_us + wait_us / 8 * jitter / UINT16_MAX);
}

/* True if no other attempt is made. */
static bool gives_up(const struct connection *c)
{
	const struct options *o = c->options;

	if (c->next == HUBS_END)
		return true;
	if (o->no_reconnect && (c->subscribed || c->next == HUBS_ROUND))
		return true;
	if (c->next == HUBS_OTHER)
		return false;
	if (o->no_follow && c->failures >= NO_FOLLOW_FAILURES)
		return true;
	return !c->subscribed && !hubs_asks_to_wait(&c->hubs, dnc_clock_mono_ms());
}

/* The subscription has ended, if there was one. */
static void count_brief(struct connection *c)
{
	if (!c->confirmed_ms)
		return;
	c->brief++;
	if (dnc_clock_mono_ms() - c->confirmed_ms >= BRIEF_MS)
		c->brief = c->tries = 0;
	c->confirmed_ms = 0;
}

/* Explains and handles the end of the attempt or connection, once. */
static void lost(struct connection *c)
{
	struct hub *hub = hubs_now(&c->hubs);
	struct failure f;

	if (!c->live)
		return;
	c->attempt.no_files = !c->attempt.requested && failure_lacks_files();
	c->attempt.silent = c->attempt.established && wire_silent(c);
	wire_stop(c);
	c->live = false;
	c->wsi = c->pending = NULL;
	lws_sul_cancel(&c->limit);
	dnc_buf_clear(&c->in);
	count_brief(c);
	if (c->ended)
		return;
	if (!c->attempt.established && !c->attempt.status &&
		dnc_clock_mono_ms() - c->attempt.start_ms >= ADDRESS_S * 1000 - 500)
		c->attempt.timed_out = true; /* the library has given up, perhaps a little early */
	failure_explain(&hub->address, c->options->token_file, &c->attempt, &f);
	c->next = hubs_failed(&c->hubs, &f, c->attempt.wait_ms, dnc_clock_mono_ms(), &c->pause_ms);
	if (gives_up(c)) {
		notice_end(c, &hub->address, f.text);
		connection_end(c, f.rc);
		return;
	}
	c->failures += c->next != HUBS_OTHER;
	notice_lost(c, hub, f.text);
	c->lost_while_held = c->held;
	if (!c->held)
		schedule(c);
}

static void on_limit(lws_sorted_usec_list_t *sul)
{
	struct connection *c = lws_container_of(sul, struct connection, limit);

	if (c->held) { /* nothing is read, not even the confirmation */
		lws_sul_schedule(c->context, 0, &c->limit, on_limit, ATTEMPT_S * LWS_US_PER_SEC);
		return;
	}
	c->attempt.timed_out = true;
	if (c->pending)
		lws_set_timeout(c->pending, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	lost(c);
}

/* The request for the upgrade is written: N bytes are free at P. */
static int on_request(struct connection *c, struct lws *wsi, unsigned char **p, size_t n)
{
	struct dnc_error err;

	c->attempt.requested = true;
	c->peer_size = sizeof c->peer;
	if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&c->peer, &c->peer_size) < 0)
		c->peer_size = 0;
	/* For each connection, because the token may have been renewed. */
	if (!c->options->token_file ||
		credentials_add_token(c->options->token_file, wsi, p, *p + n, &err) == 0)
		return 0;
	dnc_err("%s", err.message);
	connection_end(c, err.code == EINVAL ? DNC_EXIT_USAGE : DNC_EXIT_IO);
	return -1;
}

/* False for what is left of an attempt whose time is over. */
static bool is_current(const struct connection *c, struct lws *wsi)
{
	return (uintptr_t)lws_get_opaque_user_data(wsi) == c->attempts;
}

static void on_established(struct connection *c, struct lws *wsi)
{
	c->wsi = wsi;
	wire_start(c);
	c->attempt.established = true;
	lws_sul_schedule(c->context, 0, &c->limit, on_limit, ATTEMPT_S * LWS_US_PER_SEC);
	if (c->options->token_file)
		return;
	/* A hub that requires a token would wait for it for seconds; any other message it answers at once. */
	dnc_buf_lit(connection_begin(c), "{\"type\":\"ping\"}");
	connection_send(c);
}

static void on_failed(struct connection *c)
{
	struct attempt *a = &c->attempt;

	/* A server that expects TLS hangs up on a request without it, or calls it a bad one. To ask takes up to a second,
	 * and is for the first connection only, while there are no events. */
	if (a->requested && (!a->status || a->status == 400) && !a->timed_out &&
		!connection_hub(c)->tls && !c->subscribed)
		a->is_tls = tls_is_spoken((struct sockaddr *)&c->peer, c->peer_size);
	lost(c);
}

/* The events of one connection. */
static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct connection *c = lws_context_user(lws_get_context(wsi));

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		if (!n) /* OpenSSL rejects it; libwebsockets passes its context as USER */
			tls_rejected(user, connection_hub(c)->host, &c->attempt);
		return 0;
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS:
		tls_watch(user, &c->attempt);
		return 0;
	case LWS_CALLBACK_CLIENT_HTTP_BIND_PROTOCOL:
		if (is_current(c, wsi))
			c->pending = wsi;
		return 0;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return on_request(c, wsi, in, n);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		if (is_current(c, wsi))
			on_failed(c);
		return 0;
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
		if (is_current(c, wsi))
			answer_read(wsi, &c->attempt);
		return 0;
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
		answer_body(&c->attempt, in, n);
		return -1;
	case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
		return -1;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		if (!c->live || !is_current(c, wsi))
			return -1;
		on_established(c, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return wsi == c->wsi ? wire_receive(c, wsi, in, n) : -1;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (wsi != c->wsi)
			return -1;
		return wire_write(c);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (wsi == c->wsi)
			answer_close_frame(&c->attempt, in, n);
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_WSI_DESTROY: /* some failures are reported by nothing else */
		if (is_current(c, wsi))
			lost(c);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "dnc.v1", .callback = on_event, .rx_buffer_size = 65536}, {0}};

static void on_connect(lws_sorted_usec_list_t *sul)
{
	struct connection *c = lws_container_of(sul, struct connection, connect);
	const struct address *to = connection_hub(c);
	char host[300];
	struct lws_client_connect_info info = {
		.context = c->context,
		.address = to->host,
		.port = to->port,
		.path = to->path,
		.host = host,
		.protocol = "dnc.v1",
		.local_protocol_name = "dnc.v1",
		.retry_and_idle_policy = &retry,
		/* The token is for this host only. */
		.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (to->tls ? LCCSCF_USE_SSL : 0),
		.opaque_user_data = (void *)++c->attempts,
	};

	if (c->options->insecure)
		info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_EXPIRED |
		                       LCCSCF_ALLOW_INSECURE |
		                       LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;

	snprintf(
		host, sizeof host, strchr(to->host, ':') ? "[%s]:%d" : "%s:%d", to->host, to->port);
	c->attempt = (struct attempt){.start_ms = dnc_clock_mono_ms(), .alert = -1};
	c->live = true;
	lws_sul_schedule(c->context, 0, &c->limit, on_limit, ATTEMPT_S * LWS_US_PER_SEC);
	/* An error comes through the callback, except that a name has no address. */
	if (lws_client_connect_via_info(&info) || !c->live)
		return;
	c->attempt.unknown_name = true;
	lost(c);
}

static void log_library(int level, const char *line)
{
	(void)level;
	dnc_log(DNC_DEBUG, "libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

static int make_context(struct connection *c, uv_loop_t *loop)
{
	void *loops[1] = {loop};
	struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.user = c,
		.gid = -1,
		.uid = -1,
		.options = LWS_SERVER_OPTION_LIBUV |
	                   (hubs_use_tls(&c->hubs) || c->options->follow_hubs
					   ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT
					   : 0),
		.foreign_loops = loops,
		.client_ssl_ca_filepath = c->options->ca_file,
		/* The longest token that the hub accepts must fit. */
		.max_http_header_data = 16384,
		.pt_serv_buf_size = 16384,
		/* For one address of the name. */
		.timeout_secs = ADDRESS_S,
		.connect_timeout_secs = ADDRESS_S};

	lws_set_log_level(LLL_ERR, log_library);
	c->context = lws_create_context(&info);
	return c->context ? 0 : -1;
}

int connection_open(struct connection *c, uv_loop_t *loop, const struct options *options,
	void (*received)(void *ctx, struct dnc_str text), void *ctx)
{
	c->loop = loop;
	c->options = options;
	c->hubs = options->hubs;
	c->received = received;
	c->ctx = ctx;
	if (res_init() == 0) {
		_res.retrans = LOOKUP_S;
		_res.retry = 1;
	}
	if (make_context(c, loop) < 0)
		return -1;
	lws_sul_schedule(c->context, 0, &c->connect, on_connect, 1);
	return 0;
}

const struct address *connection_hub(const struct connection *c)
{
	return &c->hubs.hub[c->hubs.at].address;
}

struct dnc_buf *connection_begin(struct connection *c)
{
	static const char before[LWS_PRE];

	dnc_buf_clear(&c->out);
	dnc_buf_add(&c->out, before, sizeof before);
	return &c->out;
}

void connection_send(struct connection *c)
{
	lws_callback_on_writable(c->wsi);
}

void connection_confirmed(struct connection *c)
{
	notice_confirmed(c);
	lws_sul_cancel(&c->limit);
	c->subscribed = c->attempt.confirmed = true;
	c->connections++;
	hubs_confirmed(&c->hubs);
	c->confirmed_ms = dnc_clock_mono_ms();
	if (c->brief < BRIEF_MAX)
		c->tries = 0;
	c->failures = 0;
}

void connection_hold(struct connection *c, bool held)
{
	if (held == c->held)
		return;
	c->held = held;
	if (c->wsi)
		wire_hold(c, held);
	else if (!held && c->lost_while_held) {
		schedule(c);
		lws_cancel_service(
			c->context); /* which looks at its timers when it is called only */
	}
	c->lost_while_held = false;
}

void connection_close(struct connection *c)
{
	c->ended = true;
	if (c->closed)
		return;
	c->closed = true;
	wire_stop(c);
	lws_context_destroy(c->context);
}

void connection_finish(struct connection *c)
{
	/* With a loop that the library did not create, two calls are required. */
	if (c->context)
		lws_context_destroy(c->context);
	dnc_buf_free(&c->in);
	dnc_buf_free(&c->out);
	dnc_buf_free(&c->pong);
}
