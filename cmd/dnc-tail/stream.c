#include "stream.h"
#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "json/json.h"

/* Backoff doubles from the first to the last; the library adds jitter. */
static const uint32_t backoff_ms[] = {100, 200, 400, 800, 1600, 3200, 5000};

static const lws_retry_bo_t retry = {
	.retry_ms_table = backoff_ms,
	.retry_ms_table_count = LWS_ARRAY_SIZE(backoff_ms),
	.conceal_count = UINT16_MAX,
	.jitter_percent = 50,
	.secs_since_valid_ping = 30,
	.secs_since_valid_hangup = 60,
};

/* How often the hub is asked whether it has sent all there is (--no-follow). */
enum { ASK_US = 60 * LWS_US_PER_MS, MAX_MESSAGE = 64 << 10, TOKEN_MAX = 8 << 10 };

struct stream {
	const struct options *options;
	const struct stream_events *events;
	struct dnc_str filter;
	struct lws_context *context;
	struct lws *wsi;
	lws_sorted_usec_list_t connect, ask;
	uint16_t tries;
	struct dnc_json_parser *parser;
	struct dnc_buf in, out;
	char epoch[64];
	uint64_t position; /* all up to here was received or did not match */
	uint64_t target;   /* the present when the subscription began */
	bool may_replay;   /* the role may start in the past */
	bool subscribed;   /* once: a lost connection is taken up again */
	bool lost_told, ended;
	enum dnc_exit rc;
};

static struct lws_context *volatile running;
static volatile sig_atomic_t stopped;

void stream_stop(void)
{
	stopped = 1;
	if (running)
		lws_cancel_service(running);
}

static void end(struct stream *s, enum dnc_exit rc)
{
	if (!s->ended)
		s->rc = rc;
	s->ended = true;
}

static void say(struct stream *s, struct lws *wsi, const char *message)
{
	dnc_buf_clear(&s->out);
	dnc_buf_add(&s->out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", LWS_PRE);
	dnc_buf_add(&s->out, message, strlen(message));
	lws_callback_on_writable(wsi);
}

static void subscribe(struct stream *s, struct lws *wsi)
{
	struct dnc_buf b = {0};

	dnc_buf_lit(&b, "{\"type\":\"subscribe\",\"filters\":");
	dnc_buf_str(&b, s->filter);
	if (s->subscribed && !s->may_replay) {
		dnc_warn("what came meanwhile is lost: the role lacks dnc:replay");
		dnc_buf_lit(&b, ",\"last\":0");
	} else if (s->subscribed) {
		dnc_buf_printf(&b, ",\"since\":%llu", (unsigned long long)s->position);
		dnc_json_write_key(&b, DNC_STR("epoch"));
		dnc_json_write_str(&b, dnc_str(s->epoch));
	} else if (s->options->start.from == START_SINCE) {
		dnc_buf_printf(&b, ",\"since\":%llu", (unsigned long long)s->options->start.seq);
		if (s->options->start.epoch) {
			dnc_json_write_key(&b, DNC_STR("epoch"));
			dnc_json_write_str(&b, dnc_str(s->options->start.epoch));
		}
	} else if (s->options->start.from == START_TIME) {
		char time[DNC_TIME_LEN];

		dnc_clock_format(s->options->start.ms, time);
		dnc_json_write_key(&b, DNC_STR("since_time"));
		dnc_json_write_str(&b, (struct dnc_str){time, sizeof time});
	} else {
		bool any = s->may_replay || s->options->lines_given;

		dnc_buf_printf(
			&b, ",\"last\":%llu", any ? (unsigned long long)s->options->lines : 0);
	}
	dnc_buf_add(&b, "}", 2);
	say(s, wsi, b.p);
	dnc_buf_free(&b);
}

static void on_ask(lws_sorted_usec_list_t *sul)
{
	struct stream *s = lws_container_of(sul, struct stream, ask);

	if (s->wsi)
		say(s, s->wsi, "{\"type\":\"ping\"}");
}

static uint64_t number(const struct dnc_json *doc, uint32_t object, const char *key)
{
	uint32_t at = dnc_json_get(doc, object, dnc_str(key));
	int64_t n = 0;

	return at && dnc_json_int(&doc->node[at], &n) && n > 0 ? (uint64_t)n : 0;
}

static struct dnc_str text_of(const struct dnc_json *doc, uint32_t object, const char *key)
{
	uint32_t at = dnc_json_get(doc, object, dnc_str(key));

	return at ? doc->node[at].text : DNC_STR("");
}

/* Is the permission among those that the hub told? */
static bool may(const struct dnc_json *doc, uint32_t metadata, struct dnc_str permission)
{
	uint32_t list = dnc_json_get(doc, metadata, DNC_STR("permissions"));

	for (uint32_t i = list + 1; list && i < doc->node[list].next; i = doc->node[i].next)
		if (dnc_str_eq(doc->node[i].text, permission))
			return true;
	return !list;
}

static void on_confirmed(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str epoch = text_of(doc, metadata, "epoch");
	uint64_t from = number(doc, metadata, "from_seq");

	s->position = from ? from - 1 : 0;
	s->target = number(doc, metadata, "last_seq");
	snprintf(s->epoch, sizeof s->epoch, "%.*s", DNC_STR_ARG(epoch));
	s->tries = 0;
	if (s->lost_told)
		dnc_note("connected again");
	s->lost_told = false;
	s->subscribed = true;
	if (s->options->no_follow)
		on_ask(&s->ask);
}

static void on_message(struct stream *s, struct dnc_str text)
{
	struct dnc_json doc;
	struct dnc_error err;
	struct dnc_str type;
	uint32_t metadata;

	if (dnc_json_parse(s->parser, text.p, text.n, &doc, &err) < 0 ||
		doc.node[0].type != DNC_JSON_OBJECT) {
		dnc_warn("the hub sent what is no message: %s", err.message);
		return;
	}
	if (dnc_json_get(&doc, 0, DNC_STR("seq"))) {
		s->position = number(&doc, 0, "seq");
		if (s->events->event(s->events->ctx, text, s->epoch, s->position) < 0)
			end(s, DNC_EXIT_OK);
		return;
	}
	type = text_of(&doc, 0, "type");
	metadata = dnc_json_get(&doc, 0, DNC_STR("metadata"));
	if (dnc_str_eq(type, DNC_STR("dnc.connection.established"))) {
		s->may_replay = may(&doc, metadata, DNC_STR("dnc:replay"));
		subscribe(s, s->wsi);
	} else if (dnc_str_eq(type, DNC_STR("dnc.subscription.confirmed"))) {
		on_confirmed(s, &doc, metadata);
	} else if (dnc_str_eq(type, DNC_STR("dnc.connection.gap"))) {
		uint64_t to = number(&doc, metadata, "to_seq");

		if (to > s->position)
			s->position = to; /* told once is enough */
		dnc_warn("events %llu to %llu are gone (%.*s)",
			(unsigned long long)number(&doc, metadata, "from_seq"),
			(unsigned long long)number(&doc, metadata, "to_seq"),
			DNC_STR_ARG(text_of(&doc, metadata, "reason")));
	} else if (dnc_str_eq(type, DNC_STR("dnc.connection.pong"))) {
		if (number(&doc, metadata, "position") >= s->target)
			end(s, DNC_EXIT_OK);
		else
			lws_sul_schedule(s->context, 0, &s->ask, on_ask, ASK_US);
	} else if (dnc_str_eq(type, DNC_STR("error"))) {
		dnc_err("the hub refused: %.*s", DNC_STR_ARG(text_of(&doc, 0, "message")));
		end(s, dnc_str_eq(text_of(&doc, 0, "code"), DNC_STR("forbidden")) ? DNC_EXIT_NOPERM
										  : DNC_EXIT_USAGE);
	}
}

static int receive(struct stream *s, struct lws *wsi, const char *in, size_t n)
{
	if (s->in.n + n > MAX_MESSAGE) {
		dnc_err("the hub sent a message over 64 KiB");
		end(s, DNC_EXIT_UNAVAILABLE);
		return -1;
	}
	dnc_buf_add(&s->in, in, n);
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	if (dnc_buf_reserve(&s->in, DNC_JSON_PADDING))
		on_message(s, dnc_buf_view(&s->in));
	dnc_buf_clear(&s->in);
	return s->ended ? -1 : 0;
}

static void on_connect(lws_sorted_usec_list_t *sul);

static void lost(struct stream *s, const char *why)
{
	s->wsi = NULL;
	dnc_buf_clear(&s->in);
	if (s->ended || stopped)
		return;
	if (!s->subscribed || s->options->no_reconnect) {
		dnc_err("%s ws://%s:%d%s: %s", s->subscribed ? "lost" : "unable to connect to",
			s->options->host, s->options->port, s->options->path, why);
		end(s, DNC_EXIT_UNAVAILABLE);
		return;
	}
	if (!s->lost_told)
		dnc_warn("connection lost (%s); connecting again", why);
	s->lost_told = true;
	lws_retry_sul_schedule(s->context, 0, &s->connect, &retry, on_connect, &s->tries);
}

/* Close codes that mean: do not come back. */
static bool is_refusal(const unsigned char *in, size_t n)
{
	unsigned code = n >= 2 ? (unsigned)in[0] << 8 | in[1] : 0;

	return code == 4401 || code == 4403 || code == 4411;
}

/* Reads the token anew each time: whoever gives them out may have written a newer one. */
static int add_token(
	struct stream *s, struct lws *wsi, unsigned char **p, unsigned char *end_of_room)
{
	static const char scheme[] = "Bearer ";
	char text[TOKEN_MAX + sizeof scheme] = "Bearer ";
	FILE *f = fopen(s->options->token_file, "re");
	size_t n = f ? fread(text + sizeof scheme - 1, 1, TOKEN_MAX, f) : 0;
	int rc;

	if (f)
		fclose(f);
	n = dnc_str_trim((struct dnc_str){text, sizeof scheme - 1 + n}).n;
	if (n < sizeof scheme) {
		dnc_err("unable to read a token from %s: %s", s->options->token_file,
			f ? "it is empty" : strerror(errno));
		end(s, f ? DNC_EXIT_USAGE : DNC_EXIT_IO);
		return -1;
	}
	rc = lws_add_http_header_by_token(
		wsi, WSI_TOKEN_HTTP_AUTHORIZATION, (unsigned char *)text, (int)n, p, end_of_room);
	explicit_bzero(text, sizeof text);
	return rc ? -1 : 0;
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct stream *s = lws_context_user(lws_get_context(wsi));

	(void)user;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER: {
		unsigned char **p = in;

		return s->options->token_file ? add_token(s, wsi, p, *p + n) : 0;
	}
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		if (in && strstr(in, "unauthorized")) {
			dnc_err("the hub does not take the token");
			end(s, DNC_EXIT_NOPERM);
			return 0;
		}
		lost(s, in ? (const char *)in : "no answer");
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		s->wsi = wsi;
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(s, wsi, in, n);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		if (s->out.n > LWS_PRE && lws_write(wsi, (unsigned char *)s->out.p + LWS_PRE,
						  s->out.n - LWS_PRE, LWS_WRITE_TEXT) < 0)
			return -1;
		dnc_buf_clear(&s->out);
		return 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (is_refusal(in, n)) {
			dnc_err("the hub does not let you in");
			end(s, DNC_EXIT_NOPERM);
		}
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		lost(s, "closed by the hub");
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "dnc.v1", .callback = on_event, .rx_buffer_size = 65536}, {0}};

static void on_connect(lws_sorted_usec_list_t *sul)
{
	struct stream *s = lws_container_of(sul, struct stream, connect);
	char host[300];
	struct lws_client_connect_info info = {
		.context = s->context,
		.address = s->options->host,
		.port = s->options->port,
		.path = s->options->path,
		.host = host,
		.protocol = "dnc.v1",
		.local_protocol_name = "dnc.v1",
		.retry_and_idle_policy = &retry,
		.ssl_connection = s->options->tls ? LCCSCF_USE_SSL : 0,
	};

	if (s->options->insecure)
		info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_EXPIRED |
		                       LCCSCF_ALLOW_INSECURE |
		                       LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;

	snprintf(host, sizeof host, strchr(s->options->host, ':') ? "[%s]:%d" : "%s:%d",
		s->options->host, s->options->port);
	lws_client_connect_via_info(&info); /* errors come through the callback */
}

static void log_library(int level, const char *line)
{
	(void)level;
	dnc_log(DNC_DEBUG, "libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

enum dnc_exit stream_run(
	const struct options *options, struct dnc_str filter, const struct stream_events *events)
{
	struct stream s = {.options = options, .events = events, .filter = filter};
	struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.user = &s,
		.gid = -1,
		.uid = -1,
		.options = options->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
		.client_ssl_ca_filepath = options->ca_file,
		/* A token of the hub's longest must fit. */
		.max_http_header_data = 16384,
		.pt_serv_buf_size = 16384,
		.connect_timeout_secs = 10};

	lws_set_log_level(LLL_ERR, log_library);
	s.parser = dnc_json_parser_new();
	s.context = lws_create_context(&info);
	if (!s.parser || !s.context) {
		dnc_err("out of memory");
		end(&s, DNC_EXIT_TEMPFAIL);
	} else {
		running = s.context;
		lws_sul_schedule(s.context, 0, &s.connect, on_connect, 1);
	}
	while (!s.ended && !stopped && lws_service(s.context, 0) >= 0)
		if (events->idle(events->ctx) < 0)
			end(&s, DNC_EXIT_IO);
	running = NULL;
	s.ended = true;
	if (s.context)
		lws_context_destroy(s.context);
	dnc_json_parser_free(s.parser);
	dnc_buf_free(&s.in);
	dnc_buf_free(&s.out);
	return s.rc;
}
