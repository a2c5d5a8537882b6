/* messages.c - what the hub says to a client beside events. */
#include "base/clock.h"
#include "priv/serve.h"

/* A message under way; message_send() frames it. */
static struct dnc_buf *message_begin(struct client *c, const char *type)
{
	struct dnc_buf *b = &c->web->scratch;

	dnc_buf_clear(b);
	dnc_buf_lit(b, "\0\0\0\0{"); /* room for the frame's header */
	dnc_json_write_key(b, DNC_STR("type"));
	dnc_json_write_str(b, dnc_str(type));
	return b;
}

static void add_time(struct dnc_buf *b)
{
	char now[DNC_TIME_LEN];

	dnc_clock_format(dnc_clock_now_ms(), now);
	dnc_json_write_key(b, DNC_STR("timestamp"));
	dnc_json_write_str(b, (struct dnc_str){now, sizeof now});
}

static void add_raw(struct dnc_buf *b, const char *key, struct dnc_str raw)
{
	if (!raw.p || !raw.n)
		return;
	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_str(b, raw);
}

static struct dnc_buf *metadata_begin(struct dnc_buf *b)
{
	dnc_json_write_key(b, DNC_STR("metadata"));
	dnc_buf_chr(b, '{');
	return b;
}

static enum dnc_sent message_send(struct client *c)
{
	struct dnc_buf *b = &c->web->scratch;
	unsigned char *head;
	size_t n;

	dnc_buf_chr(b, '}');
	if (!dnc_buf_ok(b))
		return client_lost(c);
	n = b->n - 4;
	head = (unsigned char *)b->p;
	if (n < 126) {
		head[2] = 0x81; /* final text frame, RFC 6455 section 5.2 */
		head[3] = (unsigned char)n;
		return client_put(c, head + 2, n + 2);
	}
	head[0] = 0x81;
	head[1] = 126; /* messages of the hub are far shorter than 64 KiB */
	head[2] = (unsigned char)(n >> 8);
	head[3] = (unsigned char)n;
	return client_put(c, head, n + 4);
}

/* Answers go before events: once one waits, so do events. */
static void answer(struct client *c)
{
	if (message_send(c) == DNC_SENT_FULL && c->subscriber)
		dnc_subscriber_full(c->subscriber);
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

/* Who the hub takes him for. */
static void add_who(struct dnc_buf *b, const struct client *c)
{
	member_text(b, "role", c->role->name);
	dnc_json_write_key(b, DNC_STR("permissions"));
	dnc_permissions_write(b, c->permissions);
	add_rate_limit(b, c->role);
	if (c->identity) {
		char ends[DNC_TIME_LEN];

		member_text(b, "subject", c->identity->subject);
		dnc_clock_format(c->identity->expires_ms, ends);
		dnc_json_write_key(b, DNC_STR("expires_at"));
		dnc_json_write_str(b, (struct dnc_str){ends, sizeof ends});
	}
}

void send_established(struct client *c)
{
	struct dnc_hub *hub = c->web->hub;
	struct dnc_buf *b = message_begin(c, "dnc.connection.established");
	char id[32];

	snprintf(id, sizeof id, "c%llu", (unsigned long long)c->number);
	add_time(b);
	metadata_begin(b);
	member_text(b, "client_id", id);
	add_who(b, c);
	member_text(b, "protocol", c->sse ? "sse" : lws_get_protocol(c->wsi)->name);
	member_text(b, "epoch", dnc_hub_epoch(hub));
	member_number(b, "oldest_seq", dnc_hub_oldest(hub));
	member_number(b, "last_seq", dnc_hub_last(hub));
	member_number(b, "ping_interval_s", PING_INTERVAL_S);
	member_number(b, "max_message_bytes", DNC_WEB_MAX_MESSAGE);
	dnc_buf_chr(b, '}');
	answer(c);
}

/* Why nothing can come of the subscription, as far as that is certain; false when something may. */
static bool write_warning(
	struct dnc_buf *b, const struct client *c, const struct dnc_filter *filter)
{
	enum {
		CERTAIN = 4
	}; /* digits that no masked number starts with: country codes have three at most */
	const struct dnc_role *role = c->role;
	unsigned sees = dnc_role_types(role, c->permissions) &
	                (role->sees ? dnc_filter_types(role->sees) : DNC_ALL_TYPES);
	size_t count = dnc_filter_prefix_count(filter), hidden = 0;

	for (size_t i = 0; i < count; i++)
		hidden += dnc_filter_prefix(filter, i).n > CERTAIN;
	if (!sees)
		dnc_buf_printf(b, "role %s sees no events: none will come", role->name);
	else if (!(sees & dnc_filter_types(filter)))
		dnc_buf_printf(
			b, "role %s sees none of these event types: none will come", role->name);
	else if (!(c->permissions & DNC_MAY_SEE_NUMBERS) && count && hidden == count)
		dnc_buf_printf(b,
			"role %s sees masked numbers (+1******4567): no number starts with "
			"these digits",
			role->name);
	return b->n;
}

enum dnc_sent send_confirmed(struct client *c, struct dnc_str id)
{
	struct dnc_hub *hub = c->web->hub;
	const struct dnc_filter *filter = dnc_subscriber_filter(c->subscriber);
	struct dnc_buf *b = message_begin(c, "dnc.subscription.confirmed"), warning = {0};

	add_raw(b, "request_id", id);
	add_time(b);
	metadata_begin(b);
	add_raw(b, "active",
		dnc_subscriber_active(c->subscriber) ? DNC_STR("true") : DNC_STR("false"));
	member_number(b, "from_seq", dnc_subscriber_next(c->subscriber));
	member_number(b, "last_seq", dnc_hub_last(hub));
	member_text(b, "epoch", dnc_hub_epoch(hub));
	member_number(b, "filter_count", filter ? dnc_filter_count(filter) : 0);
	/* False promises a gap message: one that was told is not promised again when filters change. */
	add_raw(b, "recovered",
		dnc_subscriber_owed_gap(c->subscriber) ? DNC_STR("false") : DNC_STR("true"));
	if (filter && write_warning(&warning, c, filter) && dnc_buf_ok(&warning)) {
		dnc_json_write_key(b, DNC_STR("warning"));
		dnc_json_write_str(b, dnc_buf_view(&warning));
	}
	dnc_buf_free(&warning);
	dnc_buf_chr(b, '}');
	return message_send(c);
}

void send_error(struct client *c, struct dnc_str id, const struct dnc_error *err)
{
	struct dnc_buf *b = message_begin(c, "error");

	c->web->stats.counts.bad_messages += err->code != REQUEST_ESUPERSEDED;
	member_text(b, "code", request_error_name(err->code));
	member_text(b, "message", err->message);
	if (err->place[0])
		member_text(b, "path", err->place);
	if (err->offset != DNC_NO_OFFSET)
		member_number(b, "offset", err->offset);
	add_raw(b, "request_id", id);
	answer(c);
}

void send_pong(struct client *c, struct dnc_str id)
{
	struct dnc_buf *b = message_begin(c, "dnc.connection.pong");

	add_raw(b, "request_id", id);
	add_time(b);
	metadata_begin(b);
	member_number(b, "position", dnc_subscriber_next(c->subscriber) - 1);
	dnc_buf_chr(b, '}');
	answer(c);
}

void send_renewed(struct client *c, struct dnc_str id)
{
	struct dnc_buf *b = message_begin(c, "dnc.connection.established");

	add_raw(b, "request_id", id);
	add_time(b);
	metadata_begin(b);
	add_who(b, c);
	dnc_buf_chr(b, '}');
	answer(c);
}

void send_stats(struct client *c, struct dnc_str id)
{
	struct dnc_hub *hub = c->web->hub;
	const struct dnc_filter *filter = dnc_subscriber_filter(c->subscriber);
	struct dnc_buf *b = message_begin(c, "client.stats");
	uint64_t position = dnc_subscriber_next(c->subscriber) - 1;
	char since[DNC_TIME_LEN];

	dnc_clock_format(c->connected_ms, since);
	add_raw(b, "request_id", id);
	add_time(b);
	metadata_begin(b);
	dnc_json_write_key(b, DNC_STR("connected_at"));
	dnc_json_write_str(b, (struct dnc_str){since, sizeof since});
	member_number(b, "events_sent", dnc_subscriber_sent(c->subscriber));
	member_number(b, "messages_received", c->received);
	add_raw(b, "subscribed",
		dnc_subscriber_active(c->subscriber) ? DNC_STR("true") : DNC_STR("false"));
	member_number(b, "filter_count", filter ? dnc_filter_count(filter) : 0);
	member_number(b, "position", position);
	member_number(b, "last_seq", dnc_hub_last(hub));
	member_number(b, "lag", dnc_hub_last(hub) - position);
	add_raw(b, "rate_limited",
		dnc_subscriber_rate_limited(c->subscriber) ? DNC_STR("true") : DNC_STR("false"));
	dnc_buf_chr(b, '}');
	answer(c);
}

void send_held_back(struct client *c, const char *reason, uint64_t behind)
{
	struct dnc_buf *b = message_begin(c, "dnc.connection.held_back");

	add_time(b);
	metadata_begin(b);
	member_text(b, "reason", reason);
	member_number(b, "behind", behind);
	member_number(b, "position", dnc_subscriber_next(c->subscriber) - 1);
	member_number(b, "last_seq", dnc_hub_last(c->web->hub));
	if (c->role->per_minute)
		member_number(b, "per_minute", c->role->per_minute);
	dnc_buf_chr(b, '}');
	answer(c);
}

enum dnc_sent send_over_budget(void *conn, uint64_t from)
{
	struct client *c = conn;
	struct dnc_buf *b = message_begin(c, "error");

	member_text(b, "code", "filter_too_costly");
	member_text(b, "message",
		"a pattern takes too much work on some numbers: the subscription has ended");
	member_text(b, "path", "filters");
	metadata_begin(b);
	member_number(b, "from_seq", from);
	dnc_buf_chr(b, '}');
	return message_send(c);
}

enum dnc_sent send_gap(void *conn, uint64_t from, uint64_t to, const char *reason)
{
	struct client *c = conn;
	struct dnc_buf *b = message_begin(c, "dnc.connection.gap");

	add_time(b);
	metadata_begin(b);
	member_number(b, "from_seq", from);
	member_number(b, "to_seq", to);
	member_text(b, "reason", reason);
	dnc_buf_chr(b, '}');
	return message_send(c);
}
