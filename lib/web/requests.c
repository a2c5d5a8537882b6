#include "priv/requests.h"
#include <string.h>
#include "base/clock.h"
#include "frame/frame.h"
#include "hub/account.h"
#include "http/query.h"
#include "priv/messages.h"
#include "priv/session_audit.h"
#include "priv/sessions.h"

static bool may_stream(const struct dnc_role *role, unsigned permissions, struct dnc_error *err)
{
	if (permissions & DNC_MAY_STREAM)
		return true;
	dnc_error_set(
		err, REQUEST_EFORBIDDEN, "access denied: role %s lacks dnc:stream", role->name);
	return false;
}

bool requests_may_start(const struct dnc_hub *hub, const struct dnc_role *role,
	unsigned permissions, const struct dnc_start *start, struct dnc_error *err)
{
	bool past = start->from == DNC_START_SINCE || start->from == DNC_START_TIME || start->n;

	if (!may_stream(role, permissions, err))
		return false;
	if (past && !(permissions & DNC_MAY_REPLAY)) {
		dnc_error_set(err, REQUEST_EFORBIDDEN,
			"access denied: role %s lacks dnc:replay, which is required to start in "
			"the past",
			role->name);
		return false;
	}
	if (start->from == DNC_START_TIME && !dnc_hub_has_replay(hub)) {
		dnc_error_set(err, REQUEST_EUNAVAILABLE,
			"the hub keeps no log, so since_time can't be used; use since or last");
		dnc_error_place(err, "since_time");
		return false;
	}
	return true;
}

void requests_answer_superseded(struct session *s)
{
	struct dnc_error err = {.code = REQUEST_ESUPERSEDED,
		.offset = DNC_NO_OFFSET,
		.message = "a newer request replaced this one before its start position was found"};

	if (s->superseded && s->subscriber)
		send_error(s, dnc_buf_view(&s->superseded_id), &err);
	s->superseded = false;
	dnc_buf_free(&s->superseded_id);
}

/* The subscription whose start position is still being searched for will end: its request must be answered then. */
static void note_superseded(struct session *s)
{
	s->superseded = dnc_subscriber_starting(s->subscriber);
	s->superseded_id = s->pending_id;
	s->pending_id = (struct dnc_buf){0};
}

static int subscribe(struct session *s, const struct request *r, struct dnc_error *err)
{
	struct dnc_buf id = {0};

	if (!requests_may_start(s->all->hub, s->role, s->permissions, &r->start, err))
		return -1;
	dnc_buf_str(&id, r->id);
	if (!dnc_buf_ok(&id))
		return -1;
	note_superseded(s);
	s->pending_id = id;
	if (dnc_hub_subscribe(s->subscriber, r->filter, &r->start) < 0) {
		dnc_buf_free(&s->pending_id);
		s->pending_id = s->superseded_id; /* the old subscription goes on */
		s->superseded_id = (struct dnc_buf){0};
		s->superseded = false;
		return -1;
	}
	requests_answer_superseded(s);
	return 0;
}

static void confirm(struct session *s, struct dnc_str id)
{
	if (s->subscriber && send_confirmed(s, id) == DNC_SENT_FULL)
		dnc_subscriber_full(s->subscriber);
}

static int update_filters(struct session *s, const struct request *r, struct dnc_error *err)
{
	if (!may_stream(s->role, s->permissions, err))
		return -1;
	if (dnc_hub_refilter(s->subscriber, r->filter) < 0)
		return -1;
	if (s->subscriber)
		audit_subscription(s, "filters_changed");
	confirm(s, r->id);
	return 0;
}

static int unsubscribe(struct session *s, const struct request *r, struct dnc_error *err)
{
	(void)err;
	note_superseded(s);
	requests_answer_superseded(s);
	if (!s->subscriber)
		return 0;
	dnc_hub_unsubscribe(s->subscriber);
	confirm(s, r->id);
	return 0;
}

static int ping(struct session *s, const struct request *r, struct dnc_error *err)
{
	(void)err;
	send_pong(s, r->id);
	return 0;
}

static int get_stats(struct session *s, const struct request *r, struct dnc_error *err)
{
	(void)err;
	send_stats(s, r->id);
	return 0;
}

static int authenticate(struct session *s, const struct request *r, struct dnc_error *err)
{
	(void)err;
	session_authenticate(s, r->token, r->id);
	return 0;
}

void requests_handle(struct session *s, const struct request *r)
{
	/* Each returns -1 with the error that is the answer; ERR says at first that there is no memory. */
	static int (*const handlers[REQUEST_TYPES])(
		struct session * s, const struct request *r, struct dnc_error *err) = {
		[REQUEST_SUBSCRIBE] = subscribe,
		[REQUEST_UPDATE_FILTERS] = update_filters,
		[REQUEST_UNSUBSCRIBE] = unsubscribe,
		[REQUEST_PING] = ping,
		[REQUEST_GET_STATS] = get_stats,
		[REQUEST_AUTH] = authenticate,
	};
	struct dnc_error err = {.code = REQUEST_ENOMEM,
		.offset = DNC_NO_OFFSET,
		.message = "the hub is out of memory"};

	if (!conn_accepts(&s->conn))
		return;
	if (s->conn.state == CONN_OPENING && r->type != REQUEST_AUTH)
		conn_close(&s->conn, CLOSE_UNAUTHENTICATED);
	else if (handlers[r->type](s, r, &err) < 0)
		send_error(s, r->id, &err);
}

/* Reads one message of N bytes at TEXT, which DNC_JSON_PADDING readable bytes follow. Returns true when it has
 * started the session. */
static bool handle_message(struct session *s, const char *text, size_t n)
{
	bool opening = s->conn.state == CONN_OPENING;
	struct dnc_account *account = s->subscriber ? dnc_subscriber_account(s->subscriber) : NULL;
	bool may_compile = !account || !s->identity || dnc_account_may_compile(account);
	int64_t start = dnc_clock_thread_ns();
	struct request request;
	struct dnc_error err;
	int rc;

	s->all->stats->counts.messages++;
	s->received++;
	s->active_ms = dnc_clock_now_ms();
	rc = (may_compile ? request_parse : request_parse_unfiltered)(
		s->all->request_parser, text, n, &request, &err);
	if (account && (rc < 0 || request.filter))
		dnc_account_compiled(account, start);
	if (rc < 0)
		send_error(s, request.id, &err);
	else
		requests_handle(s, &request);
	dnc_filter_unref(request.filter);
	return opening && s->conn.state == CONN_OPEN;
}

static int add_to_query(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	return request_query_add(ctx, name, value, err);
}

/* Stores the subscription in the query string of the upgrade as a message: the request no longer
 * exists when the subscription can be made. */
static void read_query(struct session *s, struct dnc_str text)
{
	struct request_query query = {0};
	struct dnc_error err;
	int count = query_parse(text, add_to_query, &query, &err);

	if (count > 0)
		request_query_end(&query, &s->query);
	request_query_finish(&query);
	if (count < 0)
		send_error(s, (struct dnc_str){0}, &err);
}

/* Makes the subscription that read_query() stored. The session is open. */
static void handle_query(struct session *s)
{
	struct dnc_buf query = s->query;

	s->query = (struct dnc_buf){0};
	if (query.n && dnc_buf_reserve(&query, DNC_JSON_PADDING))
		handle_message(s, query.p, query.n);
	dnc_buf_free(&query);
}

int requests_open(struct session *s, const struct principal *principal, struct dnc_str query)
{
	if (principal && session_admit(s, principal) < 0)
		return -1;
	if (!conn_accepts(&s->conn))
		return 0;
	read_query(s, query);
	if (!dnc_buf_ok(&s->query))
		return -1;
	if (s->conn.state == CONN_OPEN)
		handle_query(s);
	return 0;
}

static void receive_message(struct session *s, struct dnc_str text)
{
	if (!dnc_bucket_take(&s->messages, dnc_clock_mono_ms()))
		conn_close(&s->conn, CLOSE_RATE);
	else if (handle_message(s, text.p, text.n))
		handle_query(s);
}

/* The answer to the last ping of those that came together: the ones before it need none (RFC 6455 section 5.5.3), and a
 * flood of them would cost a write each. */
struct pong {
	size_t n; /* 0: no ping came */
	char frame[DNC_FRAME_HEADER_MAX + DNC_FRAME_CONTROL_MAX];
};

static void make_pong(struct pong *pong, struct dnc_str payload)
{
	size_t header = dnc_frame_write_header(pong->frame, DNC_FRAME_PONG, payload.n);

	memcpy(pong->frame + header, payload.p, payload.n);
	pong->n = header + payload.n;
}

static void send_waiting_pong(struct session *s, struct pong *pong)
{
	if (pong->n)
		conn_put(&s->conn, pong->frame, pong->n);
	pong->n = 0;
}

/* The item ITEM with PAYLOAD came. */
static void receive(struct session *s, enum inbox_item item, const struct inbox_payload *payload,
	struct pong *pong)
{
	if (item != INBOX_PING)
		send_waiting_pong(s, pong);
	switch (item) {
	case INBOX_MESSAGE:
		receive_message(s, payload->bytes);
		break;
	case INBOX_PING:
		make_pong(pong, payload->bytes);
		break;
	case INBOX_CLOSE:
		if (payload->reason != CLOSE_NONE)
			conn_close(&s->conn, payload->reason);
		else
			conn_answer_close(&s->conn, payload->code);
		break;
	case INBOX_FAULT:
		conn_close(&s->conn, payload->reason);
		break;
	case INBOX_PONG:
	case INBOX_MORE:
		break;
	}
}

int requests_receive(struct session *s, const void *in, size_t n)
{
	const struct inbox_options options = {.max_message = DNC_WEB_MAX_MESSAGE,
		.inflater = s->rendering & DNC_DEFLATED ? s->all->inflater : NULL};
	const unsigned char *p = in, *end = p + n;
	struct inbox_payload payload;
	enum inbox_item item;
	struct pong pong = {.n = 0};

	session_heard(s);
	while ((item = inbox_next(&s->inbox, &options, &p, end, &payload)) != INBOX_MORE) {
		/* The client's answer to the close frame, or its own that came at the same moment. */
		if (item == INBOX_CLOSE && s->conn.state >= CONN_CLOSE_SENT)
			return -1;
		receive(s, item, &payload, &pong);
		if (!conn_accepts(&s->conn))
			inbox_ignore(&s->inbox);
	}
	send_waiting_pong(s, &pong);
	return s->conn.state == CONN_DEAD ? -1 : 0;
}
