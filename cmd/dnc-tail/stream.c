#include "stream.h"
#include <stdlib.h>
#include "base/log.h"
#include "json/json.h"
#include "connection.h"
#include "messages.h"
#include "state.h"

/* With --no-follow: how often the hub is asked whether it has sent everything. */
enum { ASK_US = 60 * LWS_US_PER_MS };

struct stream {
	struct connection connection;
	const struct options *options;
	const struct stream_events *events;
	struct dnc_str filter;
	lws_sorted_usec_list_t ask;
	struct dnc_json_parser *parser;
	char epoch[EPOCH_SIZE];          /* of this connection */
	char position_epoch[EPOCH_SIZE]; /* resume.epoch points here */
	uint64_t target;                 /* the newest event when the subscription began */
	/* The position: all events up to it were received, did not match, or were reported as gone. */
	struct resume resume;
	bool gap_due;   /* the hub said that events are missing, but not yet which */
	bool skips;     /* this subscription starts with the newest event, not at the position */
	bool confirmed; /* on this connection */
};

static void end(struct stream *s, enum dnc_exit rc)
{
	connection_end(&s->connection, rc);
}

static void subscribe(struct stream *s)
{
	struct dnc_buf *out = connection_begin(&s->connection);

	s->skips = !message_subscribe(out, s->options, s->filter, &s->resume);
	connection_send(&s->connection);
}

static void on_ask(lws_sorted_usec_list_t *sul)
{
	struct stream *s = lws_container_of(sul, struct stream, ask);

	if (!s->connection.wsi)
		return;
	dnc_buf_lit(connection_begin(&s->connection), "{\"type\":\"ping\"}");
	connection_send(&s->connection);
}

/* SEQ belongs to the epoch of this connection; never combine it with that of another one. */
static void set_position(struct stream *s, uint64_t seq)
{
	memcpy(s->position_epoch, s->epoch, sizeof s->position_epoch);
	s->resume.epoch = s->position_epoch;
	s->resume.seq = seq;
	s->resume.known = true;
	s->gap_due = false;
}

static void passed(struct stream *s, uint64_t seq)
{
	set_position(s, seq);
	s->events->passed(s->events->ctx, s->position_epoch, seq);
}

static void on_established(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	s->resume.may_replay = message_may(doc, metadata, DNC_STR("dnc:replay"));
	s->confirmed = s->gap_due = false;
	subscribe(s);
}

/* True if -e asks for the last events of a log that has some, without a number that the hub could reject. */
static bool may_not_read_past(const struct stream *s)
{
	const struct options *o = s->options;

	return o->no_follow && !o->lines_given && o->start.from == START_LINES && !o->start.known &&
	       !s->resume.may_replay && s->target > 0;
}

static void on_confirmed(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str epoch = message_text(doc, metadata, "epoch");
	struct dnc_str warning = message_text(doc, metadata, "warning");
	uint64_t from = message_number(doc, metadata, "from_seq");

	if (s->skips)
		message_warn_missed(s->resume.seq, from);
	s->skips = false;
	s->target = message_number(doc, metadata, "last_seq");
	if (may_not_read_past(s)) {
		dnc_err("the events of the log were not read: this requires the permission "
			"dnc:replay, which the role lacks");
		end(s, DNC_EXIT_NOPERM);
		return;
	}
	snprintf(s->epoch, sizeof s->epoch, "%.*s", DNC_STR_ARG(epoch));
	connection_confirmed(&s->connection);
	if (warning.n)
		dnc_warn("warning from the hub: %.*s", DNC_STR_ARG(warning));
	s->confirmed = true;
	/* The new position is after the gap. The old one is kept until the gap is reported: resuming from it reports
	 * the gap again. */
	s->gap_due = dnc_str_eq(message_text(doc, metadata, "recovered"), DNC_STR("false"));
	if (!s->gap_due)
		passed(s, from ? from - 1 : 0);
	if (s->options->no_follow)
		on_ask(&s->ask);
}

static void on_gap(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	uint64_t to = message_number(doc, metadata, "to_seq");

	message_warn_gap(doc, metadata);
	if (s->confirmed && (s->gap_due || to > s->resume.seq))
		passed(s, to); /* a gap is reported once */
}

static void on_held_back(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	(void)s;
	message_warn_held_back(doc, metadata);
}

static void on_pong(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	uint64_t position = message_number(doc, metadata, "position");

	if (!s->confirmed) /* the answer to what asked whether a token is required */
		return;
	if (!s->gap_due && position > s->resume.seq)
		passed(s, position);
	if (!s->gap_due && position >= s->target)
		end(s, DNC_EXIT_OK);
	else
		lws_sul_schedule(s->connection.context, 0, &s->ask, on_ask, ASK_US);
}

static void on_error(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str code = message_text(doc, 0, "code");

	(void)metadata;
	dnc_err("the hub rejected the request: %.*s", DNC_STR_ARG(message_text(doc, 0, "message")));
	end(s, dnc_str_eq(code, DNC_STR("forbidden"))      ? DNC_EXIT_NOPERM
		: dnc_str_eq(code, DNC_STR("filter_rate")) ? DNC_EXIT_TEMPFAIL
							   : DNC_EXIT_USAGE);
}

static const struct {
	const char *type;
	void (*handle)(struct stream *s, const struct dnc_json *doc, uint32_t metadata);
} messages[] = {{"dnc.connection.established", on_established},
	{"dnc.subscription.confirmed", on_confirmed}, {"dnc.connection.gap", on_gap},
	{"dnc.connection.held_back", on_held_back}, {"dnc.connection.pong", on_pong},
	{"error", on_error}};

static void on_message(void *ctx, struct dnc_str text)
{
	struct stream *s = ctx;
	struct dnc_json doc;
	struct dnc_error err = {.message = "not a JSON object"};
	struct dnc_str type;
	int rc = dnc_json_parse(s->parser, text.p, text.n, &doc, &err);

	if (rc < 0 && err.code == DNC_ERROR_NO_MEMORY) {
		/* The message may be an event, which the next position would pass over. */
		dnc_err("%s", err.message);
		end(s, DNC_EXIT_TEMPFAIL);
		return;
	}
	if (rc < 0 || doc.node[0].type != DNC_JSON_OBJECT) {
		dnc_warn("the hub sent an invalid message: %s", err.message);
		return;
	}
	if (dnc_json_get(&doc, 0, DNC_STR("seq"))) {
		set_position(s, message_number(&doc, 0, "seq"));
		if (s->events->event(s->events->ctx, text, s->position_epoch, s->resume.seq) < 0)
			end(s, DNC_EXIT_OK);
		return;
	}
	type = message_text(&doc, 0, "type");
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
		if (dnc_str_eq(type, dnc_str(messages[i].type)))
			messages[i].handle(s, &doc, dnc_json_get(&doc, 0, DNC_STR("metadata")));
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
	if (!s->parser || connection_open(&s->connection, loop, options, on_message, s) < 0) {
		stream_free(s);
		return NULL;
	}
	return s;
}

void stream_hold(struct stream *s, bool held)
{
	connection_hold(&s->connection, held);
}

bool stream_ended(const struct stream *s, enum dnc_exit *rc)
{
	*rc = s->connection.rc;
	return s->connection.ended;
}

void stream_close(struct stream *s)
{
	connection_close(&s->connection);
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	connection_finish(&s->connection);
	dnc_json_parser_free(s->parser);
	free(s);
}
