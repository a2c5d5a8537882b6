#include "stream.h"
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "ends.h"
#include "figures.h"
#include "sequence.h"

static void subscribe(struct stream *s)
{
	struct dnc_buf *out = connection_begin(&s->connection);

	s->skips = !message_subscribe(out, s->options, s->filter, &s->resume);
	connection_send(&s->connection);
}

/* SEQ belongs to the epoch of this connection; never combine it with that of another one. */
static void set_position(struct stream *s, uint64_t seq)
{
	memcpy(s->position_epoch, s->epoch, sizeof s->position_epoch);
	s->resume.epoch = s->position_epoch;
	s->resume.seq = seq;
	s->position_hub = s->connection.hubs.at;
	s->resume.known = true;
	s->gap_due = false;
}

static void passed(struct stream *s, uint64_t seq)
{
	set_position(s, seq);
	s->events->passed(s->events->ctx, s->position_epoch, seq);
}

/* Gives USE the other hubs that a message names. */
static void read_hubs(struct stream *s, const struct dnc_json *doc, uint32_t metadata,
	bool (*use)(struct hubs *h, const char *url, enum hubs_trust trust))
{
	const struct options *o = s->options;
	enum hubs_trust trust = !o->follow_hubs ? HUBS_GIVEN
	                        : o->token_file ? HUBS_ANY_WITH_TOKEN
	                                        : HUBS_ANY;
	uint32_t list = dnc_json_get(doc, metadata, DNC_STR("hubs"));
	char url[ADDRESS_TEXT];
	int count = 0;

	for (uint32_t i = list + 1; list && i < doc->node[list].next && count < HUBS_NAMED_MAX;
		i = doc->node[i].next, count++) {
		struct dnc_str text = doc->node[i].text;

		if (doc->node[i].type != DNC_JSON_STRING || text.n >= sizeof url ||
			memchr(text.p, '\0', text.n))
			continue;
		memcpy(url, text.p, text.n);
		url[text.n] = '\0';
		use(&s->connection.hubs, url, trust);
	}
}

static void on_established(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	s->resume.may_replay = message_may(doc, metadata, DNC_STR("dnc:replay"));
	read_hubs(s, doc, metadata, hubs_know);
	s->confirmed = s->gap_due = s->probe_gap = false;
	s->bound = s->last = UINT64_MAX;
	s->asked_ns = 0;
	status_forget(&s->status);
	s->probing = ends_must_find_bound(s);
	if (!s->probing) {
		subscribe(s);
		return;
	}
	message_find_time(connection_begin(&s->connection), s->options->until.ms + 1);
	connection_send(&s->connection);
}

static void on_bound(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	uint64_t from = message_number(doc, metadata, "from_seq");

	s->probing = false;
	s->probe_gap = dnc_str_eq(message_text(doc, metadata, "recovered"), DNC_STR("false"));
	s->bound = from ? from - 1 : 0;
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

	if (s->probing) {
		on_bound(s, doc, metadata);
		return;
	}
	if (s->skips && message_warn_missed(s->resume.seq, from))
		ends_gap(s);
	s->skips = s->probe_gap = false;
	s->target = message_number(doc, metadata, "last_seq");
	if (may_not_read_past(s)) {
		dnc_err("the events of the log were not read: this requires the permission "
			"dnc:replay, which the role lacks");
		stream_stop(s, DNC_EXIT_NOPERM);
		return;
	}
	/* The new position is after the gap. The old one is kept until the gap is reported: resuming from it reports
	 * the gap again. */
	s->gap_due = dnc_str_eq(message_text(doc, metadata, "recovered"), DNC_STR("false"));
	sequence_begin(s);
	if (!sequence_continues(s, from))
		return;
	snprintf(s->epoch, sizeof s->epoch, "%.*s", DNC_STR_ARG(epoch));
	connection_confirmed(&s->connection);
	if (s->connection.connections == 1)
		s->status.first = from ? from : 1;
	if (warning.n)
		dnc_warn("warning from the hub: %.*s", DNC_STR_ARG(warning));
	s->confirmed = true;
	if (!s->gap_due)
		passed(s, from ? from - 1 : 0);
	ends_find(s);
}

static void on_gap(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	uint64_t to = message_number(doc, metadata, "to_seq");

	if (s->probe_gap) {
		s->probe_gap = false;
		return;
	}
	if (s->confirmed && !sequence_exists(s, to, "a gap that ends"))
		return;
	message_warn_gap(doc, metadata, s->position_hub != s->connection.hubs.at);
	if (s->confirmed && (s->gap_due || to > s->resume.seq))
		passed(s, to); /* a gap is reported once */
	ends_gap(s);
}

/* The hub's log has another epoch, and all that came on this connection is part of it. A position that is left from the connection
 * before, until the confirmation or a gap that is due, need not be. */
static void on_epoch(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str epoch = message_text(doc, metadata, "epoch");

	if (!s->confirmed || !epoch.n)
		return;
	/* That would be no part of it: the former epoch at least loses nothing. */
	if (!s->gap_due && message_number(doc, metadata, "first_seq") <= s->resume.seq)
		return;
	snprintf(s->epoch, sizeof s->epoch, "%.*s", DNC_STR_ARG(epoch));
	if (!s->gap_due)
		passed(s, s->resume.seq);
}

/* The hub ends, and names others. */
static void on_shutdown(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	read_hubs(s, doc, metadata, hubs_name);
}

/* It does not: for when it is killed, and can't say so any more. */
static void on_hubs(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	read_hubs(s, doc, metadata, hubs_know);
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
	if (!sequence_exists(s, position, "a position"))
		return;
	/* What comes after the bound was not received. */
	if (position > s->bound)
		position = s->bound;
	if (!s->gap_due && position > s->resume.seq)
		passed(s, position);
	if (!s->gap_due && position >= s->last)
		stream_stop(s, DNC_EXIT_OK);
	else
		ends_ask_again(s);
}

static void on_stats(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	if (s->confirmed && ends_must_find_bound(s)) {
		s->bound = s->target = message_number(doc, metadata, "last_seq");
		ends_after(s, s->bound);
	}
	figures_answer(
		s, message_number(doc, metadata, "position"), message_number(doc, metadata, "lag"));
	on_pong(s, doc, metadata);
	s->events->answered(s->events->ctx);
}

static void on_error(struct stream *s, const struct dnc_json *doc, uint32_t metadata)
{
	struct dnc_str code = message_text(doc, 0, "code");

	(void)metadata;
	dnc_err("the hub rejected the request: %.*s", DNC_STR_ARG(message_text(doc, 0, "message")));
	stream_stop(s, dnc_str_eq(code, DNC_STR("forbidden"))     ? DNC_EXIT_NOPERM
		       : dnc_str_eq(code, DNC_STR("filter_rate")) ? DNC_EXIT_TEMPFAIL
								  : DNC_EXIT_USAGE);
}

static const struct {
	const char *type;
	void (*handle)(struct stream *s, const struct dnc_json *doc, uint32_t metadata);
} messages[] = {{"dnc.connection.established", on_established},
	{"dnc.subscription.confirmed", on_confirmed}, {"dnc.connection.gap", on_gap},
	{"dnc.connection.epoch", on_epoch}, {"dnc.connection.held_back", on_held_back},
	{"dnc.connection.hubs", on_hubs}, {"dnc.connection.shutdown", on_shutdown},
	{"dnc.connection.pong", on_pong}, {"client.stats", on_stats}, {"error", on_error}};

/* The hub writes `seq` first in each event, which is parsed once, by those who print it. */
static bool read_seq(struct dnc_str text, uint64_t *seq)
{
	static const struct dnc_str before = DNC_STR("{\"seq\":");
	enum { DIGITS_MAX = 18 };
	size_t at = before.n;

	*seq = 0;
	if (!dnc_str_starts(text, before))
		return false;
	for (; at < text.n && text.p[at] >= '0' && text.p[at] <= '9'; at++)
		*seq = *seq * 10 + (uint64_t)(text.p[at] - '0');
	return *seq && at <= before.n + DIGITS_MAX && at < text.n && text.p[at] == ',';
}

/* False if TEXT is no event. Those that the bound leaves out come before the hub learns that nobody wants them. */
static bool on_event(struct stream *s, struct dnc_str text, uint64_t seq)
{
	int rc;

	if (s->connection.ended || !sequence_is_next(s, seq))
		return true;
	if (seq > s->bound) {
		if (s->bound > s->resume.seq)
			passed(s, s->bound);
		stream_stop(s, DNC_EXIT_OK);
		return true;
	}
	rc = s->events->event(s->events->ctx, text, s->epoch, seq);
	if (rc > 0)
		return false;
	set_position(s, seq);
	s->status.events++;
	if (seq > s->target)
		figures_latency(s, text);
	if (s->options->timeout_ms)
		s->event_ms = dnc_clock_mono_ms();
	if (rc < 0 || seq == s->bound)
		stream_stop(s, DNC_EXIT_OK);
	return true;
}

static void on_message(void *ctx, struct dnc_str text)
{
	struct stream *s = ctx;
	uint64_t seq;
	struct dnc_json doc;
	struct dnc_error err = {.message = "not a JSON object"};
	struct dnc_str type;
	int rc;

	if (read_seq(text, &seq) && on_event(s, text, seq))
		return;
	rc = dnc_json_parse(s->parser, text.p, text.n, &doc, &err);
	if (rc < 0 && err.code == DNC_ERROR_NO_MEMORY) {
		/* The message may be an event, which the next position would pass over. */
		dnc_err("%s", err.message);
		stream_stop(s, DNC_EXIT_TEMPFAIL);
		return;
	}
	if (rc < 0 || doc.node[0].type != DNC_JSON_OBJECT) {
		dnc_warn("the hub sent an invalid message: %s", err.message);
		return;
	}
	if (dnc_json_get(&doc, 0, DNC_STR("seq")) &&
		on_event(s, text, message_number(&doc, 0, "seq")))
		return;
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
		.bound = UINT64_MAX,
		.last = UINT64_MAX,
		.event_ms = dnc_clock_mono_ms(),
		.resume = {.epoch = start->epoch, .seq = start->seq, .known = start->known}};
	status_begin(&s->status, s->event_ms);
	s->parser = dnc_json_parser_new();
	if (!s->parser || connection_open(&s->connection, loop, options, on_message, s) < 0) {
		stream_free(s);
		return NULL;
	}
	ends_watch(s);
	return s;
}

void stream_hold(struct stream *s, bool held)
{
	connection_hold(&s->connection, held);
}

bool stream_measure(struct stream *s)
{
	if (!s->connection.wsi || !s->confirmed || s->connection.held || s->connection.ended)
		return false;
	figures_ask(s);
	return true;
}

struct status *stream_status(struct stream *s)
{
	const struct connection *c = &s->connection;
	bool connected = c->wsi && s->confirmed;

	s->status.link = connected        ? STATUS_CONNECTED
	                 : c->connections ? STATUS_LOST
	                                  : STATUS_CONNECTING;
	s->status.hub = connection_hub(c);
	s->status.held = c->held;
	s->status.no_past = connected && !s->resume.may_replay;
	s->status.connections = c->connections;
	return &s->status;
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
