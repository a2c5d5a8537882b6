#include "stream.h"
#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include "base/log.h"
#include "json/json.h"
#include "messages.h"

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
	char epoch[64];       /* of this connection */
	char place_epoch[64]; /* where RESUME's is kept */
	uint64_t target;      /* the present when the subscription began */
	/* The place: all up to here was received, did not match, or was told to be gone. */
	struct resume resume;
	bool gap_due;    /* the hub said that it leaves out something, but not yet what */
	bool skips;      /* this subscription begins at the present, not where the last one was */
	bool subscribed; /* once: a lost connection is taken up again */
	bool confirmed;  /* on this connection */
	bool held, lost_while_held;
	bool lost_told, ended, closed;
	enum dnc_exit rc;
};

static void end(struct stream *s, enum dnc_exit rc)
{
	if (!s->ended)
		s->rc = rc;
	s->ended = true;
}

/* Begins a message in s->out. */
static void begin(struct stream *s)
{
	dnc_buf_clear(&s->out);
	dnc_buf_add(&s->out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", LWS_PRE);
}

static void subscribe(struct stream *s, struct lws *wsi)
{
	begin(s);
	s->skips = !message_subscribe(&s->out, s->options, s->filter, &s->resume);
	lws_callback_on_writable(wsi);
}

static void on_ask(lws_sorted_usec_list_t *sul)
{
	struct stream *s = lws_container_of(sul, struct stream, ask);

	if (!s->wsi)
		return;
	begin(s);
	dnc_buf_lit(&s->out, "{\"type\":\"ping\"}");
	lws_callback_on_writable(s->wsi);
}

/* SEQ and this connection's epoch belong together. Never mix them with those of another connection. */
static void set_place(struct stream *s, uint64_t seq)
{
	memcpy(s->place_epoch, s->epoch, sizeof s->place_epoch);
	s->resume.epoch = s->place_epoch;
	s->resume.seq = seq;
	s->resume.known = true;
	s->gap_due = false;
}

static void passed(struct stream *s, uint64_t seq)
{
	set_place(s, seq);
	s->events->passed(s->events->ctx, s->place_epoch, seq);
}

static void on_established(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	s->resume.may_past = message_may(doc, metadata, DNC_STR("dnc:replay"));
	s->confirmed = s->gap_due = false;
	subscribe(s, s->wsi);
}

static void on_confirmed(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str epoch = message_text(doc, metadata, "epoch");
	struct dnc_str warning = message_text(doc, metadata, "warning");
	uint64_t from = message_number(doc, metadata, "from_seq");

	if (s->skips)
		message_tell_missed(s->resume.seq, from);
	s->skips = false;
	s->target = message_number(doc, metadata, "last_seq");
	snprintf(s->epoch, sizeof s->epoch, "%.*s", DNC_STR_ARG(epoch));
	s->tries = 0;
	if (s->lost_told)
		dnc_note("connected again");
	if (warning.n)
		dnc_warn("the hub warns: %.*s", DNC_STR_ARG(warning));
	s->lost_told = false;
	s->subscribed = s->confirmed = true;
	/* The new place lies behind the gap. Until the gap was told, the old one stays: whoever goes on from it is
	 * told of the gap again. */
	s->gap_due = dnc_str_eq(message_text(doc, metadata, "recovered"), DNC_STR("false"));
	if (!s->gap_due)
		passed(s, from ? from - 1 : 0);
	if (s->options->no_follow)
		on_ask(&s->ask);
}

static void on_gap(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	uint64_t to = message_number(doc, metadata, "to_seq");

	message_tell_gap(doc, metadata);
	if (s->confirmed && (s->gap_due || to > s->resume.seq))
		passed(s, to); /* told once is enough */
}

static void on_held_back(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	(void)s;
	message_tell_held_back(doc, metadata);
}

static void on_pong(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	uint64_t position = message_number(doc, metadata, "position");

	if (s->confirmed && !s->gap_due && position > s->resume.seq)
		passed(s, position);
	if (!s->gap_due && position >= s->target)
		end(s, DNC_EXIT_OK);
	else
		lws_sul_schedule(s->context, 0, &s->ask, on_ask, ASK_US);
}

static void on_error(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	bool forbidden = dnc_str_eq(message_text(doc, 0, "code"), DNC_STR("forbidden"));

	(void)metadata;
	dnc_err("the hub refused: %.*s", DNC_STR_ARG(message_text(doc, 0, "message")));
	end(s, forbidden ? DNC_EXIT_NOPERM : DNC_EXIT_USAGE);
}

static const struct {
	const char *type;
	void (*handle)(struct stream *s, const struct dnc_json *doc, uint32_t metadata);
} messages[] = {{"dnc.connection.established", on_established},
	{"dnc.subscription.confirmed", on_confirmed}, {"dnc.connection.gap", on_gap},
	{"dnc.connection.held_back", on_held_back}, {"dnc.connection.pong", on_pong},
	{"error", on_error}};

static void on_message(struct stream *s, struct dnc_str text)
{
	struct dnc_json doc;
	struct dnc_error err;
	struct dnc_str type;

	if (dnc_json_parse(s->parser, text.p, text.n, &doc, &err) < 0 ||
		doc.node[0].type != DNC_JSON_OBJECT) {
		dnc_warn("the hub sent what is no message: %s", err.message);
		return;
	}
	if (dnc_json_get(&doc, 0, DNC_STR("seq"))) {
		set_place(s, message_number(&doc, 0, "seq"));
		if (s->events->event(s->events->ctx, text, s->place_epoch, s->resume.seq) < 0)
			end(s, DNC_EXIT_OK);
		return;
	}
	type = message_text(&doc, 0, "type");
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
		if (dnc_str_eq(type, dnc_str(messages[i].type)))
			messages[i].handle(s, &doc, dnc_json_get(&doc, 0, DNC_STR("metadata")));
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
	if (s->ended)
		return;
	if (!s->subscribed || s->options->no_reconnect) {
		dnc_err("%s ws://%s:%d%s: %s", s->subscribed ? "lost" : "unable to connect to",
			s->options->host, s->options->port, s->options->path, why);
		end(s, DNC_EXIT_UNAVAILABLE);
		return;
	}
	if (!s->lost_told)
		dnc_warn("connection lost (%s); connecting again%s", why,
			s->held ? " when what was received has been handed on" : "");
	s->lost_told = true;
	s->lost_while_held = s->held;
	if (s->held)
		return;
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
			dnc_err("token rejected");
			end(s, DNC_EXIT_NOPERM);
			return 0;
		}
		lost(s, in ? (const char *)in : "no answer");
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		s->wsi = wsi;
		if (s->held)
			lws_rx_flow_control(wsi, 0);
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
			dnc_err("access denied");
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

static int make_context(struct stream *s, uv_loop_t *loop)
{
	void *loops[1] = {loop};
	struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.user = s,
		.gid = -1,
		.uid = -1,
		.options = LWS_SERVER_OPTION_LIBUV |
	                   (s->options->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
		.foreign_loops = loops,
		.client_ssl_ca_filepath = s->options->ca_file,
		/* A token of the hub's longest must fit. */
		.max_http_header_data = 16384,
		.pt_serv_buf_size = 16384,
		.connect_timeout_secs = 10};

	lws_set_log_level(LLL_ERR, log_library);
	s->context = lws_create_context(&info);
	return s->context ? 0 : -1;
}

struct stream *stream_new(uv_loop_t *loop, const struct options *options, struct dnc_str filter,
	const struct stream_events *events)
{
	const struct start *start = &options->start;
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	*s = (struct stream){.options = options,
		.events = events,
		.filter = filter,
		.resume = {.epoch = start->epoch, .seq = start->seq, .known = start->known}};
	s->parser = dnc_json_parser_new();
	if (!s->parser || make_context(s, loop) < 0) {
		stream_free(s);
		return NULL;
	}
	lws_sul_schedule(s->context, 0, &s->connect, on_connect, 1);
	return s;
}

void stream_hold(struct stream *s, bool held)
{
	if (held == s->held)
		return;
	s->held = held;
	if (s->wsi)
		lws_rx_flow_control(s->wsi, !held);
	else if (!held && s->lost_while_held)
		lws_sul_schedule(s->context, 0, &s->connect, on_connect, 1);
	s->lost_while_held = false;
}

bool stream_ended(const struct stream *s, enum dnc_exit *rc)
{
	*rc = s->rc;
	return s->ended;
}

void stream_close(struct stream *s)
{
	s->ended = true;
	if (s->closed)
		return;
	s->closed = true;
	lws_context_destroy(s->context);
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	/* On a loop that is not its own, the library wants to be told twice. */
	if (s->context)
		lws_context_destroy(s->context);
	dnc_json_parser_free(s->parser);
	dnc_buf_free(&s->in);
	dnc_buf_free(&s->out);
	free(s);
}
