#include "priv/messages.h"
#include <stdio.h>
#include "base/clock.h"
#include "frame/frame.h"
#include "json/member.h"
#include "priv/request.h"
#include "priv/sessions.h"

/* The header of a frame of 64 KiB at most: messages of the hub are far shorter. */
enum { HEADER_ROOM = 4 };

/* Begins a message, which message_send() frames and sends. */
static struct dnc_buf *message_begin(struct session *s, const char *type)
{
	struct dnc_buf *b = &s->all->scratch;

	dnc_buf_clear(b);
	dnc_buf_lit(b, "\0\0\0\0{"); /* HEADER_ROOM */
	dnc_json_write_key(b, DNC_STR("type"));
	dnc_json_write_str(b, dnc_str(type));
	return b;
}

static void add_timestamp(struct dnc_buf *b)
{
	dnc_json_member_time(b, "timestamp", dnc_clock_now_ms());
}

static struct dnc_buf *metadata_begin(struct dnc_buf *b)
{
	dnc_json_write_key(b, DNC_STR("metadata"));
	dnc_buf_chr(b, '{');
	return b;
}

static enum dnc_sent message_send(struct session *s)
{
	struct dnc_buf *b = &s->all->scratch;
	size_t payload, header;

	dnc_buf_chr(b, '}');
	if (!dnc_buf_ok(b))
		return conn_lost(&s->conn);
	payload = b->n - HEADER_ROOM;
	header = dnc_frame_header_bytes(payload);
	dnc_frame_write_header(b->p + HEADER_ROOM - header, DNC_FRAME_TEXT, payload);
	return conn_put(&s->conn, b->p + HEADER_ROOM - header, header + payload);
}

/* Answers go before events: once one waits, so do events. */
static void answer(struct session *s)
{
	if (message_send(s) == DNC_SENT_FULL && s->subscriber)
		dnc_subscriber_full(s->subscriber);
}

static void add_rate_limit(struct dnc_buf *b, const struct dnc_role *role)
{
	dnc_json_write_key(b, DNC_STR("rate_limit"));
	if (role->per_minute)
		dnc_buf_printf(
			b, "{\"per_minute\":%u,\"burst\":%u}", role->per_minute, role->burst);
	else
		dnc_buf_lit(b, "null");
}

/* What the client may do, and by which identity. */
static void add_identity(struct dnc_buf *b, const struct session *s)
{
	dnc_json_member_text(b, "role", s->role->name);
	dnc_json_write_key(b, DNC_STR("permissions"));
	dnc_permissions_write(b, s->permissions);
	add_rate_limit(b, s->role);
	if (s->identity) {
		dnc_json_member_text(b, "subject", s->identity->subject);
		dnc_json_member_time(b, "expires_at", s->identity->expires_ms);
	}
}

static void add_hubs(struct dnc_buf *b, struct others *others)
{
	dnc_json_write_key(b, DNC_STR("hubs"));
	others_write_some(others, b);
}

void send_established(struct session *s)
{
	struct dnc_hub *hub = s->all->hub;
	struct others others;
	struct dnc_buf *b = message_begin(s, "dnc.connection.established");
	char id[32];

	snprintf(id, sizeof id, "c%llu", (unsigned long long)s->number);
	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_text(b, "client_id", id);
	add_identity(b, s);
	dnc_json_member_text(b, "protocol", s->conn.wire->protocol(s->rendering));
	dnc_json_member_text(b, "epoch", dnc_hub_epoch(hub));
	dnc_json_member_number(b, "oldest_seq", dnc_hub_oldest(hub));
	dnc_json_member_number(b, "last_seq", dnc_hub_last(hub));
	dnc_json_member_number(b, "ping_interval_s", PING_INTERVAL_S);
	dnc_json_member_number(b, "max_message_bytes", DNC_WEB_MAX_MESSAGE);
	others_read(&others, s->all->hubs);
	if (others.count) {
		add_hubs(b, &others);
		s->hubs_changes = s->all->hubs_changes;
	}
	dnc_buf_chr(b, '}');
	answer(s);
}

enum { WARNING_MAX = DNC_ROLE_NAME_MAX + 128 };

/* Why nothing can come of the subscription, as far as that is certain; empty when something may. */
static void write_warning(
	char text[WARNING_MAX], const struct session *s, const struct dnc_filter *filter)
{
	enum {
		CERTAIN = 4
	}; /* digits that no masked number starts with: country codes have three at most */
	const struct dnc_role *role = s->role;
	unsigned sees = dnc_role_types(role, s->permissions) &
	                (role->sees ? dnc_filter_types(role->sees) : DNC_ALL_TYPES);
	size_t count = dnc_filter_prefix_count(filter), hidden = 0;
	bool masked = !(s->permissions & DNC_MAY_SEE_NUMBERS);
	struct dnc_str field;

	for (size_t i = 0; i < count; i++)
		hidden += dnc_filter_prefix(filter, i).n > CERTAIN;
	text[0] = '\0';
	if (!sees)
		snprintf(
			text, WARNING_MAX, "role %s sees no events: none will be sent", role->name);
	else if (!dnc_filter_types(filter))
		snprintf(text, WARNING_MAX,
			"the filter's fields exclude each other: no event matches it");
	else if (!(sees & dnc_filter_types(filter)))
		snprintf(text, WARNING_MAX,
			"role %s sees none of these event types: none will be sent", role->name);
	else if (masked && !dnc_filter_sees_masked(filter, role->mask, &field))
		snprintf(text, WARNING_MAX, "role %s does not see %.*s: no event matches it",
			role->name, field.n > 64 ? 64 : (int)field.n, field.p);
	else if (masked && count && hidden == count)
		snprintf(text, WARNING_MAX,
			"role %s sees masked numbers (+1******4567): no number starts with "
			"these digits",
			role->name);
}

enum dnc_sent send_confirmed(struct session *s, struct dnc_str id)
{
	struct dnc_hub *hub = s->all->hub;
	const struct dnc_filter *filter = dnc_subscriber_filter(s->subscriber);
	struct dnc_buf *b = message_begin(s, "dnc.subscription.confirmed");
	char warning[WARNING_MAX] = "";

	dnc_json_member_json(b, "request_id", id);
	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_bool(b, "active", dnc_subscriber_active(s->subscriber));
	dnc_json_member_number(b, "from_seq", dnc_subscriber_next(s->subscriber));
	dnc_json_member_number(b, "last_seq", dnc_hub_last(hub));
	dnc_json_member_text(b, "epoch", dnc_hub_epoch(hub));
	dnc_json_member_number(b, "filter_count", filter ? dnc_filter_count(filter) : 0);
	/* False announces a gap message. A gap that was sent is not announced again when filters change. */
	dnc_json_member_bool(b, "recovered", !dnc_subscriber_owed_gap(s->subscriber));
	if (filter)
		write_warning(warning, s, filter);
	if (warning[0])
		dnc_json_member_text(b, "warning", warning);
	dnc_buf_chr(b, '}');
	return message_send(s);
}

void send_error(struct session *s, struct dnc_str id, const struct dnc_error *err)
{
	struct dnc_buf *b = message_begin(s, "error");

	s->all->stats->counts.bad_messages += err->code != REQUEST_ESUPERSEDED;
	dnc_json_member_text(b, "code", request_error_name(err->code));
	dnc_json_member_visible(b, "message", err->message);
	if (err->place[0])
		dnc_json_member_visible(b, "path", err->place);
	if (err->offset != DNC_NO_OFFSET)
		dnc_json_member_number(b, "offset", err->offset);
	dnc_json_member_json(b, "request_id", id);
	answer(s);
}

void send_pong(struct session *s, struct dnc_str id)
{
	struct dnc_buf *b = message_begin(s, "dnc.connection.pong");

	dnc_json_member_json(b, "request_id", id);
	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_number(b, "position", dnc_subscriber_next(s->subscriber) - 1);
	dnc_buf_chr(b, '}');
	answer(s);
}

void send_renewed(struct session *s, struct dnc_str id)
{
	struct dnc_buf *b = message_begin(s, "dnc.connection.established");

	dnc_json_member_json(b, "request_id", id);
	add_timestamp(b);
	metadata_begin(b);
	add_identity(b, s);
	dnc_buf_chr(b, '}');
	answer(s);
}

void send_stats(struct session *s, struct dnc_str id)
{
	struct dnc_hub *hub = s->all->hub;
	const struct dnc_filter *filter = dnc_subscriber_filter(s->subscriber);
	struct dnc_buf *b = message_begin(s, "client.stats");
	uint64_t position = dnc_subscriber_next(s->subscriber) - 1, last = dnc_hub_last(hub);

	dnc_json_member_json(b, "request_id", id);
	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_time(b, "connected_at", s->connected_ms);
	dnc_json_member_number(b, "events_sent", dnc_subscriber_sent(s->subscriber));
	dnc_json_member_number(b, "messages_received", s->received);
	dnc_json_member_bool(b, "subscribed", dnc_subscriber_active(s->subscriber));
	dnc_json_member_number(b, "filter_count", filter ? dnc_filter_count(filter) : 0);
	dnc_json_member_number(b, "position", position);
	dnc_json_member_number(b, "last_seq", last);
	dnc_json_member_number(b, "lag", last - position);
	dnc_json_member_bool(b, "rate_limited", dnc_subscriber_rate_limited(s->subscriber));
	dnc_buf_chr(b, '}');
	answer(s);
}

void send_held_back(struct session *s, const char *reason, uint64_t behind)
{
	struct dnc_buf *b = message_begin(s, "dnc.connection.held_back");

	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_text(b, "reason", reason);
	dnc_json_member_number(b, "behind", behind);
	dnc_json_member_number(b, "position", dnc_subscriber_next(s->subscriber) - 1);
	dnc_json_member_number(b, "last_seq", dnc_hub_last(s->all->hub));
	if (s->role->per_minute)
		dnc_json_member_number(b, "per_minute", s->role->per_minute);
	dnc_buf_chr(b, '}');
	answer(s);
}

enum dnc_sent send_over_budget(void *conn, uint64_t from)
{
	struct session *s = conn;
	struct dnc_buf *b = message_begin(s, "error");

	dnc_json_member_text(b, "code", "filter_too_costly");
	dnc_json_member_text(b, "message",
		"a pattern takes too much work on some numbers: the subscription has ended; "
		"subscribe with a simpler one");
	dnc_json_member_text(b, "path", "filters");
	metadata_begin(b);
	dnc_json_member_number(b, "from_seq", from);
	dnc_buf_chr(b, '}');
	return message_send(s);
}

enum dnc_sent send_gap(void *conn, uint64_t from, uint64_t to, const char *reason)
{
	struct session *s = conn;
	struct dnc_buf *b = message_begin(s, "dnc.connection.gap");

	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_number(b, "from_seq", from);
	dnc_json_member_number(b, "to_seq", to);
	dnc_json_member_text(b, "reason", reason);
	dnc_buf_chr(b, '}');
	return message_send(s);
}

enum dnc_sent send_epoch(void *conn, const struct dnc_epoch *epoch)
{
	struct session *s = conn;
	struct dnc_buf *b = message_begin(s, "dnc.connection.epoch");

	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_text(b, "epoch", epoch->name);
	dnc_json_member_number(b, "first_seq", epoch->first);
	dnc_buf_chr(b, '}');
	return message_send(s);
}

void send_shutdown(struct session *s, unsigned retry_ms, struct others *others)
{
	struct dnc_buf *b = message_begin(s, "dnc.connection.shutdown");

	add_timestamp(b);
	metadata_begin(b);
	dnc_json_member_number(b, "retry_after_ms", retry_ms);
	add_hubs(b, others);
	dnc_buf_chr(b, '}');
	message_send(s);
}

void send_hubs(struct session *s, struct others *others)
{
	struct dnc_buf *b = message_begin(s, "dnc.connection.hubs");

	add_timestamp(b);
	metadata_begin(b);
	add_hubs(b, others);
	dnc_buf_chr(b, '}');
	message_send(s);
}
