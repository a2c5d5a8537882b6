/* Sessions from their start to their end: what clients say and are told, with a hub and without sockets. */
#include "unit.h"
#include "log/priv/hubs.h"
#include <sodium.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "client_frames.h"
#include "library.h"
#include "nomem.h"
#include "log/journal.h"
#include "log/priv/journal_ops.h"
#include "web/priv/requests.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

static char dir[] = "/tmp/dnc-session-XXXXXX", key_path[64], revoked_path[64], roles_path[64];

/* A server's parts. */
static struct {
	struct dnc_journal *journal;
	struct dnc_ring *ring;
	struct dnc_hub *hub;
	struct dnc_auth *auth;
	struct dnc_web_shared *shared;
	struct identity identity;
	struct audit audit;
	struct stats stats;
	struct sessions sessions;
	char records[64 << 10]; /* of the audit, a line each */
	size_t work;
} server;

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void keep_record(void *ctx, struct dnc_str json)
{
	size_t n = strlen(server.records);

	(void)ctx;
	assert_true(n + json.n + 2 < sizeof server.records);
	snprintf(server.records + n, sizeof server.records - n, "%.*s\n", DNC_STR_ARG(json));
}

static void count_work(void *ctx)
{
	(void)ctx;
	server.work++;
}

static void open_auth(bool keys)
{
	static const char *files[] = {key_path};
	struct dnc_auth_options options = {.default_role = "admin", .roles_file = roles_path};
	struct dnc_error err;

	put_file(revoked_path, "");
	put_file(roles_path, "");
	if (keys) {
		options.key_files = files;
		options.key_file_count = 1;
		options.revoked_file = revoked_path;
	}
	server.auth = dnc_auth_new(&options, &err);
	if (!server.auth)
		fail_msg("%s", err.message);
}

static void open_server(bool keys)
{
	static const struct dnc_web_limits limits = {10, 2, 2};

	memset(&server, 0, sizeof server);
	memset(&library, 0, sizeof library);
	open_auth(keys);
	server.shared = dnc_shared_new(&limits);
	server.journal = dnc_journal_open(&(struct dnc_journal_options){0}, NULL);
	server.ring = dnc_ring_new(1 << 20, 0);
	server.hub = dnc_hub_new(&(struct dnc_hub_options){.ring = server.ring,
		.max_lag = 1000,
		.journal = server.journal,
		.transport = dnc_web_transport,
		.work = count_work});
	assert_non_null(server.hub);
	assert_int_equal(sessions_init(&server.sessions), 0);
	stats_init(&server.stats);
	server.audit.write = keep_record;
	assert_int_equal(identity_init(&server.identity, server.auth, server.shared->throttle,
				 &server.audit, &server.stats.counts, false),
		0);
	server.sessions.hub = server.hub;
	server.sessions.ring = server.ring;
	server.sessions.identity = &server.identity;
	server.sessions.limits = server.shared->limits;
	server.sessions.audit = &server.audit;
	server.sessions.stats = &server.stats;
}

static void close_server(void)
{
	assert_true(dnc_list_is_empty(&server.sessions.list));
	assert_int_equal(limits_count(server.shared->limits), 0);
	sessions_destroy(&server.sessions);
	identity_destroy(&server.identity);
	stats_destroy(&server.stats);
	dnc_buf_free(&server.audit.record);
	dnc_hub_free(server.hub);
	dnc_ring_free(server.ring);
	dnc_journal_close(server.journal);
	dnc_shared_free(server.shared);
	dnc_auth_free(server.auth);
}

static struct limits_admission admission;

static const struct session_source source = {
	(struct lws *)&library, &wire_ws, 0, "192.0.2.1", &admission};

/* A WebSocket of PRINCIPAL, NULL: it must authenticate, whose address has the query string QUERY. */
static struct session *connect_query(
	struct session **slot, const struct principal *principal, const char *query)
{
	struct session *s = session_new(&server.sessions, slot, &source);

	assert_non_null(s);
	assert_int_equal(requests_open(s, principal, dnc_str(query)), 0);
	return s;
}

static struct session *connect_ws(struct session **slot, const struct principal *principal)
{
	return connect_query(slot, principal, NULL);
}

static struct session *connect_admin(struct session **slot)
{
	struct principal principal;

	identity_default(&server.identity, &principal);
	return connect_ws(slot, &principal);
}

/* All that was sent since the last call: the texts of frames, "CODE TEXT" of closes, a line each. */
static const char *heard(void)
{
	static char text[sizeof library.sent];
	const unsigned char *p = (const unsigned char *)library.sent, *end = p + library.n;
	size_t n = 0;

	while (p < end) {
		size_t head = (p[1] & 0x7F) == 126 ? 4 : 2;
		size_t size = head == 4 ? (size_t)p[2] << 8 | p[3] : p[1];

		if (p[0] == 0x88)
			n += (size_t)snprintf(text + n, sizeof text - n, "%d %.*s\n",
				p[2] << 8 | p[3], (int)size - 2, (const char *)p + 4);
		else
			n += (size_t)snprintf(text + n, sizeof text - n, "%.*s\n", (int)size,
				(const char *)p + head);
		p += head + size;
	}
	text[n] = '\0';
	library.n = 0;
	return text;
}

static void assert_heard(const char *part)
{
	const char *all = heard();

	if (!strstr(all, part))
		fail_msg("not \"%s\" but \"%s\"", part, all);
}

/* One message says that three events wait, then, after these, one that none does. */
static void assert_told_of_lag(const char *all)
{
	static const char late[] = "\"reason\":\"lag\",\"behind\":3,", event[] = "{\"seq\":3,",
			  caught_up[] = "\"reason\":\"lag\",\"behind\":0,";
	const char *first = strstr(all, late), *last = strstr(all, event);

	if (!first || !last || first > last || strstr(first + 1, late))
		fail_msg("not told once: %s", all);
	last = strstr(last, caught_up);
	if (!last || strstr(last + 1, caught_up))
		fail_msg("not told of its end once: %s", all);
}

/* A frame with TEXT arrives. Returns what requests_receive() does. */
static int receive_frame(struct session *s, unsigned first, const char *text)
{
	struct dnc_buf frame = {0};
	int rc;

	add_frame(&frame, first, text, strlen(text));
	rc = requests_receive(s, frame.p, frame.n);
	dnc_buf_free(&frame);
	return rc;
}

static int receive(struct session *s, const char *text)
{
	return receive_frame(s, TEXT, text);
}

static void say(struct session *s, const char *text)
{
	library.n = 0;
	assert_int_equal(receive(s, text), 0);
}

static void publish(const char *type, int number)
{
	char line[600];
	int n = snprintf(line, sizeof line,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"%s\","
		"\"phone_number\":\"+13035550143\",\"provider\":\"p\",\"severity\":\"high\","
		"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\",\"event_data\":{},"
		"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}",
		number, type);
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event_shape shape;
	struct dnc_event event;

	assert_int_equal(dnc_event_parse(reader, line, (size_t)n, &event), 0);
	dnc_event_shape_of(&event, &shape);
	dnc_event_reader_free(reader);
	assert_true(dnc_ring_reserve(server.ring, (size_t)n, 1));
	dnc_ring_append(server.ring, line, (size_t)n, &shape, 1);
	dnc_hub_advance(server.hub);
	while (dnc_hub_work(server.hub))
		;
}

static const char *token_of(const char *subject, const char *role)
{
	static struct dnc_buf text;
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_error err;

	if (dnc_keys_add_file(keys, key_path, &err) < 0)
		fail_msg("%s", err.message);
	dnc_buf_clear(&text);
	dnc_token_make(&text, dnc_keys_signer(keys),
		&(struct dnc_claims){
			.subject = subject, .role = role, .now_s = time(NULL), .ttl_s = 600});
	dnc_buf_chr(&text, '\0');
	dnc_keys_free(keys);
	return text.p;
}

static const char *token(const char *role)
{
	return token_of("desk", role);
}

static void authenticate(struct session *s, const char *text)
{
	char message[DNC_TOKEN_MAX + 64];

	snprintf(message, sizeof message, "{\"type\":\"auth\",\"id\":9,\"token\":\"%s\"}", text);
	say(s, message);
}

static void each_message_has_its_answer(void **state)
{
	static const struct {
		const char *message, *answer;
	} steps[] = {
		{"{\"type\":\"subscribe\",\"id\":1}",
			"{\"type\":\"dnc.subscription.confirmed\",\"request_id\":1,"},
		{"{\"type\":\"ping\",\"id\":\"a\"}",
			"{\"type\":\"dnc.connection.pong\",\"request_id\":\"a\","},
		{"{\"type\":\"update_filters\",\"filters\":{\"severities\":[\"high\"]}}",
			"\"filter_count\":1,\"recovered\":true"},
		{"{\"type\":\"get_stats\"}",
			"\"messages_received\":4,\"subscribed\":true,\"filter_count\":1,\"position\":0,"
			"\"last_seq\":0,\"lag\":0,\"rate_limited\":false}}"},
		{"{\"type\":\"unsubscribe\"}", "\"active\":false"},
		{"{\"type\":\"subscribe\",\"since_time\":\"2026-01-01T00:00:00Z\",\"id\":2}",
			"{\"type\":\"error\",\"code\":\"not_available\",\"message\":\"the hub keeps no log"},
		{"{\"type\":\"auth\",\"token\":\"x\"}", "authentication is disabled"},
		{"{\"type\":\"dance\",\"id\":3}", "\"code\":\"unknown_type\""},
		{"nonsense", "\"code\":\"invalid_json\""},
	};
	struct session *slot, *s;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	assert_heard("{\"type\":\"dnc.connection.established\",");
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		say(s, steps[i].message);
		assert_heard(steps[i].answer);
	}
	assert_int_equal(server.stats.counts.messages, sizeof steps / sizeof steps[0]);
	assert_int_equal(server.stats.counts.bad_messages, 4);
	session_free(&slot);
	assert_null(slot);
	assert_int_equal(server.stats.counts.closed[CLOSE_GONE], 1);
	assert_non_null(strstr(server.records, "\"what\":\"disconnected\""));
	close_server();
}

static void a_subscription_in_the_query_waits_for_the_token(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(true);
	s = connect_query(&slot, NULL, "severity=high");
	assert_string_equal(heard(), "");
	authenticate(s, token("compliance"));
	assert_heard("\"filter_count\":1");
	publish("dnc.compliance.violation", 1);
	assert_heard("{\"seq\":1,");
	session_free(&slot);
	close_server();
}

static void without_a_token_or_with_a_wrong_one_the_connection_is_closed(void **state)
{
	static const struct {
		const char *message, *close;
	} cases[] = {
		{"{\"type\":\"ping\"}", "4401 authentication required\n"},
		{"{\"type\":\"auth\",\"token\":\"garbage\"}", "4401 token rejected\n"},
	};
	struct session *slot, *s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		open_server(true);
		s = connect_ws(&slot, NULL);
		say(s, cases[i].message);
		assert_int_equal(conn_proceed(&s->conn), 0);
		assert_string_equal(heard(), cases[i].close);
		session_free(&slot);
		assert_non_null(strstr(server.records, "\"what\":\"disconnected\""));
		close_server();
	}
}

/* The role `security` has a filter, which a reload frees. */
static void a_revoked_client_has_left_the_hub_before_the_next_event(void **state)
{
	struct session *slot, *s;
	struct dnc_error err;
	char jti[DNC_JTI_MAX + 1];

	(void)state;
	open_server(true);
	s = connect_ws(&slot, NULL);
	authenticate(s, token("security"));
	say(s, "{\"type\":\"subscribe\"}");
	publish("dnc.compliance.violation", 1);
	assert_heard("{\"seq\":1,");
	snprintf(jti, sizeof jti, "%s\n", s->identity->jti);
	put_file(revoked_path, jti);
	assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
	assert_true(identity_renew(&server.identity));
	sessions_renew(&server.sessions);
	assert_int_equal(s->conn.state, CONN_CLOSING);
	assert_null(s->subscriber);
	assert_int_equal(dnc_hub_stats(server.hub).subscribers, 0);
	publish("dnc.compliance.violation", 2);
	assert_string_equal(heard(), "");
	assert_string_equal(s->role->name, "security"); /* of the snapshot that it holds */
	assert_int_equal(conn_proceed(&s->conn), 0);
	assert_string_equal(heard(), "4411 token rejected: revoked\n");
	session_free(&slot);
	assert_non_null(strstr(server.records,
		"\"code\":4411,\"reason\":\"token rejected: revoked\",\"events\":1,\"first_seq\":1,\"last_seq\":1"));
	close_server();
}

/* The file has another key, and then the first one again. */
static void a_client_ends_with_the_key_of_its_token(void **state)
{
	char kept[80], public[80], *text;
	struct session *slot, *s, *after, *late;
	struct dnc_buf id = {0};
	struct dnc_error err;

	(void)state;
	open_server(true);
	s = connect_ws(&slot, NULL);
	text = strdup(token("compliance"));
	authenticate(s, text);
	say(s, "{\"type\":\"subscribe\"}");
	snprintf(kept, sizeof kept, "%s.kept", key_path);
	assert_int_equal(rename(key_path, kept), 0);
	snprintf(public, sizeof public, "%s.pub", key_path);
	assert_int_equal(unlink(public), 0);
	assert_int_equal(dnc_keys_generate(key_path, DNC_EDDSA, &id, &err), 0);
	dnc_buf_free(&id);
	assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
	assert_true(identity_renew(&server.identity));
	sessions_renew(&server.sessions);
	assert_int_equal(s->conn.state, CONN_CLOSING);
	assert_null(s->subscriber);
	publish("dnc.compliance.violation", 1);
	assert_int_equal(conn_proceed(&s->conn), 0);
	assert_heard("4411 token rejected: its key was removed\n");
	session_free(&slot);
	/* Its token opens nothing now; one of the new key does. */
	late = connect_ws(&slot, NULL);
	authenticate(late, text);
	assert_int_equal(conn_proceed(&late->conn), 0);
	assert_heard("4401 token rejected");
	session_free(&slot);
	after = connect_ws(&slot, NULL);
	authenticate(after, token("compliance"));
	assert_int_equal(after->conn.state, CONN_OPEN);
	assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
	assert_true(identity_renew(&server.identity));
	sessions_renew(&server.sessions);
	assert_int_equal(after->conn.state, CONN_OPEN);
	session_free(&slot);
	assert_int_equal(rename(kept, key_path), 0);
	free(text);
	close_server();
}

/* It is not the token's fault: it counts for nothing, and the client is told to come again. */
static void a_token_that_is_not_checked_for_lack_of_memory_is_not_rejected(void **state)
{
	struct principal principal;
	struct session *slot, *s;
	char *text, message[DNC_TOKEN_MAX + 64];
	int unchecked = 0;

	(void)state;
	open_server(true);
	text = strdup(token("compliance"));
	for (enum identity_verdict verdict = IDENTITY_NO_MEMORY; verdict != IDENTITY_KNOWN;
		unchecked++) {
		fail_after(unchecked, 1);
		verdict =
			identity_of_token(&server.identity, "192.0.2.1", dnc_str(text), &principal);
		fail_after(-1, 0);
		assert_true(verdict == IDENTITY_KNOWN || verdict == IDENTITY_NO_MEMORY);
		assert_true(unchecked < 100);
	}
	assert_true(unchecked > 1);
	s = connect_ws(&slot, NULL);
	snprintf(message, sizeof message, "%s", text);
	fail_after(0, 1);
	session_authenticate(s, dnc_str(message), DNC_STR("9"));
	fail_after(-1, 0);
	assert_int_equal(conn_proceed(&s->conn), 0);
	assert_heard("1013 the hub is out of memory: try again later\n");
	session_free(&slot);
	s = connect_ws(&slot, NULL);
	authenticate(s, text);
	fail_after(0, 1);
	session_authenticate(s, dnc_str(message), DNC_STR("9"));
	fail_after(-1, 0);
	assert_heard("\"code\":\"not_available\",\"message\":\"the hub is out of memory");
	assert_int_equal(s->conn.state, CONN_OPEN);
	for (int i = 0; i < DNC_TOKEN_FAULTS; i++)
		assert_int_equal(server.identity.counts->refused_tokens[i], 0);
	assert_null(strstr(server.records, "refused"));
	session_free(&slot);
	free(text);
	close_server();
}

static void lose_in_an_answer(struct session *s)
{
	library.fails = true;
	assert_int_equal(receive(s, "{\"type\":\"ping\"}"), -1);
}

static void lose_in_a_delivery(struct session *s)
{
	(void)s;
	library.fails = true;
	publish("dnc.compliance.violation", 1);
}

/* Its answer is sent by the hub's callback. */
static void lose_in_a_subscription(struct session *s)
{
	library.fails = true;
	assert_int_equal(receive(s, "{\"type\":\"subscribe\"}"), -1);
}

static void lose_in_a_change_of_filters(struct session *s)
{
	library.fails = true;
	assert_int_equal(receive(s, "{\"type\":\"update_filters\",\"filters\":{}}"), -1);
}

static void lose_in_an_unsubscription(struct session *s)
{
	library.fails = true;
	assert_int_equal(receive(s, "{\"type\":\"unsubscribe\"}"), -1);
}

static void answer_no_ping(struct session *s)
{
	heartbeat_enter(&s->all->pinged, &s->heartbeat, -PONG_LIMIT_S * 1000);
	sessions_tick(s->all, false);
}

static void fail_the_log(struct session *s)
{
	dnc_web_transport.failed(s);
}

/* However it ends. The library frees it some turns later. */
static void a_session_that_ends_has_left_the_hub_at_once(void **state)
{
	static const struct {
		void (*end)(struct session *s);
		enum close_reason reason;
	} cases[] = {
		{lose_in_an_answer, CLOSE_LOST},
		{lose_in_a_delivery, CLOSE_LOST},
		{lose_in_a_subscription, CLOSE_LOST},
		{lose_in_a_change_of_filters, CLOSE_LOST},
		{lose_in_an_unsubscription, CLOSE_LOST},
		{answer_no_ping, CLOSE_LOST},
		{fail_the_log, CLOSE_LOG},
	};
	struct session *slot, *s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int writes;

		open_server(false);
		s = connect_admin(&slot);
		say(s, "{\"type\":\"subscribe\"}");
		cases[i].end(s);
		assert_int_equal(s->conn.reason, cases[i].reason);
		assert_null(s->subscriber);
		assert_int_equal(dnc_hub_stats(server.hub).subscribers, 0);
		assert_int_equal(dnc_hub_stats(server.hub).channels, 0);
		writes = library.writes;
		publish("dnc.compliance.violation", 2);
		assert_int_equal(library.writes, writes);
		receive(s, "{\"type\":\"get_stats\"}"); /* is not answered */
		sessions_renew(&server.sessions);
		lag_tick(&server.sessions);
		assert_int_equal(library.writes, writes);
		session_free(&slot);
		assert_int_equal(server.stats.counts.closed[cases[i].reason], 1);
		close_server();
	}
}

static void requests_of_a_session_that_has_ended_have_no_effect(void **state)
{
	struct request request = {.type = REQUEST_SUBSCRIBE};
	struct session *slot, *s;
	struct dnc_error err;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	conn_lost(&s->conn);
	request.filter = dnc_filter_compile_text("{}", 2, &err);
	for (request.type = 0; request.type < REQUEST_TYPES; request.type++)
		requests_handle(s, &request);
	dnc_filter_unref(request.filter);
	assert_int_equal(dnc_hub_stats(server.hub).subscribers, 0);
	session_free(&slot);
	close_server();
}

static void a_request_is_handled_by_its_type_alone(void **state)
{
	static const struct {
		enum request_type type;
		const char *answer;
	} cases[] = {
		{REQUEST_PING, "\"dnc.connection.pong\""},
		{REQUEST_GET_STATS, "\"messages_received\":0,"},
		{REQUEST_AUTH, "\"message\":\"authentication is disabled\""},
		{REQUEST_UNSUBSCRIBE, "\"active\":false"},
	};
	struct session *slot, *s;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		library.n = 0;
		requests_handle(s, &(struct request){.type = cases[i].type});
		assert_heard(cases[i].answer);
	}
	session_free(&slot);
	close_server();
	open_server(true);
	s = connect_ws(&slot, NULL);
	requests_handle(s, &(struct request){.type = REQUEST_PING});
	assert_int_equal(s->conn.reason, CLOSE_UNAUTHENTICATED);
	session_free(&slot);
	close_server();
}

static void a_reload_changes_what_a_role_sees_from_the_next_event_on(void **state)
{
	struct session *slot, *s;
	struct dnc_error err;

	(void)state;
	open_server(true);
	s = connect_ws(&slot, NULL);
	authenticate(s, token("security"));
	say(s, "{\"type\":\"subscribe\"}");
	put_file(roles_path, "[role security]\nsees = {\"severities\":[\"low\"]}\n");
	assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
	assert_true(identity_renew(&server.identity));
	assert_false(identity_renew(&server.identity));
	/* Between the reload and the refresh, it still sees with the old snapshot. */
	library.n = 0;
	publish("dnc.compliance.violation", 1);
	assert_heard("{\"seq\":1,");
	sessions_renew(&server.sessions);
	publish("dnc.compliance.violation", 2);
	assert_string_equal(heard(), "");
	put_file(roles_path, "[role security]\npermissions = dnc:read\n");
	assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
	assert_true(identity_renew(&server.identity));
	sessions_renew(&server.sessions);
	assert_int_equal(conn_proceed(&s->conn), 0);
	assert_heard("4403 access denied: ");
	session_free(&slot);
	close_server();
}

/* Events wait for the client, held back by the rate limit of its role, when the role changes. */
static void what_waits_when_a_role_changes_is_sent_as_the_new_role_allows(void **state)
{
	static const struct {
		const char *role, *sent, *end;
	} cases[] = {
		{"permissions = dnc:stream dnc:pii compliance:read", "{\"seq\":4,", ""},
		{"sees = {\"severities\":[\"low\"]}", "", ""},
		{"permissions = dnc:read dnc:pii compliance:read", "", "4403 access denied: "},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct session *slot, *s;
		struct dnc_error err;

		open_server(true);
		put_file(roles_path, "[role security]\nsees = {}\nrate = 1/min\nburst = 1\n");
		if (dnc_auth_reload(server.auth, &err) < 0)
			fail_msg("%s", err.message);
		assert_true(identity_renew(&server.identity));
		s = connect_ws(&slot, NULL);
		authenticate(s, token("security"));
		say(s, "{\"type\":\"subscribe\"}");
		for (int n = 1; n <= 4; n++)
			publish("dnc.compliance.violation", n);
		assert_true(dnc_subscriber_rate_limited(s->subscriber));
		assert_null(strstr(heard(), "{\"seq\":4,"));
		snprintf(text, sizeof text, "[role security]\nrate = none\n%s\n", cases[i].role);
		put_file(roles_path, text);
		if (dnc_auth_reload(server.auth, &err) < 0)
			fail_msg("%s", err.message);
		assert_true(identity_renew(&server.identity));
		sessions_renew(&server.sessions);
		if (cases[i].sent[0])
			assert_heard(cases[i].sent);
		assert_string_equal(heard(), "");
		assert_int_equal(conn_proceed(&s->conn), 0);
		assert_heard(cases[i].end);
		session_free(&slot);
		close_server();
	}
}

static void a_client_renews_its_token_by_one_of_the_same_subject(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(true);
	s = connect_ws(&slot, NULL);
	authenticate(s, token("compliance"));
	say(s, "{\"type\":\"subscribe\"}");
	authenticate(s, token("admin"));
	assert_heard("{\"type\":\"dnc.connection.established\",\"request_id\":9,");
	assert_string_equal(s->role->name, "admin");
	assert_non_null(strstr(server.records, "\"what\":\"renewed\""));
	authenticate(s, token_of("other", "compliance"));
	assert_heard("access denied: the token has another subject");
	authenticate(s, "garbage");
	assert_heard("\"code\":\"unauthenticated\",\"message\":\"token rejected\"");
	/* It is still what it was. */
	assert_int_equal(s->conn.state, CONN_OPEN);
	assert_string_equal(s->role->name, "admin");
	publish("dnc.compliance.violation", 1);
	assert_heard("{\"seq\":1,");
	s->identity->expires_ms = 1;
	sessions_tick(&server.sessions, false);
	assert_int_equal(conn_proceed(&s->conn), 0);
	assert_heard("4410 token rejected: expired\n");
	session_free(&slot);
	close_server();
}

/* The default role is changed for each. */
static void subscriptions_are_limited_by_the_role(void **state)
{
	static const struct {
		const char *role, *message, *answer;
	} cases[] = {
		{"permissions = dnc:read", "{\"type\":\"subscribe\"}",
			"access denied: role admin lacks dnc:stream"},
		{"permissions = dnc:read", "{\"type\":\"update_filters\",\"filters\":{}}",
			"\"code\":\"forbidden\",\"message\":\"access denied: role admin lacks dnc:stream"},
		{"permissions = dnc:stream", "{\"type\":\"subscribe\",\"since\":0}",
			"access denied: role admin lacks dnc:replay, which is required to start in the past"},
		{"permissions = dnc:stream", "{\"type\":\"subscribe\",\"last\":0}",
			"\"recovered\":true}}"},
		{"permissions = dnc:stream",
			"{\"type\":\"subscribe\",\"filters\":{\"phone_patterns\":[\"^\\\\+1303555\"]}}",
			"\"warning\":\"role admin sees masked numbers"},
		{"permissions = dnc:stream",
			"{\"type\":\"subscribe\",\"filters\":{\"custom_filters\":{\"event_data.notes\":\"x\"}}}",
			"\"warning\":\"role admin does not see event_data.notes: no event matches it"},
		{"permissions = dnc:stream dnc:pii",
			"{\"type\":\"subscribe\",\"filters\":{\"custom_filters\":{\"event_data.notes\":\"x\"}}}",
			"\"recovered\":true}}"},
		{"permissions = dnc:stream\nsees = {\"event_types\":[\"dnc.number.released\"]}",
			"{\"type\":\"subscribe\",\"filters\":{\"event_types\":["
			"\"dnc.compliance.violation\"]}}",
			"\"warning\":\"role admin sees none of these event types"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct session *slot, *s;
		struct dnc_error err;

		open_server(false);
		snprintf(text, sizeof text, "[role admin]\n%s\n", cases[i].role);
		put_file(roles_path, text);
		if (dnc_auth_reload(server.auth, &err) < 0)
			fail_msg("%s", err.message);
		assert_true(identity_renew(&server.identity));
		s = connect_admin(&slot);
		say(s, cases[i].message);
		assert_heard(cases[i].answer);
		session_free(&slot);
		close_server();
	}
}

static void gaps_and_costly_filters_are_reported(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	publish("dnc.compliance.violation", 1);
	say(s, "{\"type\":\"subscribe\",\"since\":100}");
	assert_heard("{\"type\":\"dnc.connection.gap\",");
	assert_int_equal(dnc_web_transport.over_budget(s, 7), DNC_SENT);
	assert_heard("\"code\":\"filter_too_costly\",");
	say(s, "{\"type\":\"update_filters\",\"filters\":{\"phone_patterns\":[\"a(\"]}}");
	assert_heard("\"path\":\"filters.phone_patterns");
	session_free(&slot);
	close_server();
}

/* As the follower of a shared log. */
static void begin_epoch(const char *name, uint64_t first)
{
	struct dnc_epoch before = dnc_journal_epoch(server.journal);
	struct epoch_list list = {0};

	assert_int_equal(epoch_list_add(&list, dnc_str(before.name), before.first), 0);
	assert_int_equal(epoch_list_add(&list, dnc_str(name), first), 0);
	journal_epochs_replace(server.journal, &list);
	dnc_hub_advance(server.hub);
}

static bool was_sent(const char *text)
{
	return memmem(library.sent, library.n, text, strlen(text));
}

static void another_epoch_is_told_to_clients_of_all_protocols(void **state)
{
	static const struct session_source sources[] = {
		{(struct lws *)&library, &wire_ws, 0, "192.0.2.1", &admission},
		{(struct lws *)&library, &wire_ws, DNC_CLOUDEVENT, "192.0.2.1", &admission},
		{(struct lws *)&library, &wire_sse, 0, "192.0.2.1", &admission}};
	static const char *const queries[] = {NULL, "since=0"};
	struct principal principal;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct session *slot, *s;

		open_server(false);
		identity_default(&server.identity, &principal);
		s = session_new(&server.sessions, &slot, &sources[i / 2]);
		assert_int_equal(requests_open(s, &principal, dnc_str(queries[i % 2])), 0);
		publish("dnc.compliance.violation", 1);
		library.n = 0;
		begin_epoch("00000000000000b1", 2);
		assert_true(was_sent("{\"type\":\"dnc.connection.epoch\","));
		assert_true(
			was_sent("\"metadata\":{\"epoch\":\"00000000000000b1\",\"first_seq\":2}}"));
		/* An id makes the position one of that epoch. */
		assert_int_equal(was_sent("id: 00000000000000b1:1\n"), i == 5);
		library.n = 0;
		begin_epoch("00000000000000b1", 2); /* the same */
		assert_int_equal(library.n, 0);
		session_free(&slot);
		close_server();
	}
}

/* Allocation N fails. True when the subscription was confirmed. */
static bool subscribe_without_memory(struct session **slot, int n)
{
	static const char message[] =
		"{\"type\":\"subscribe\",\"id\":5,\"filters\":{\"severities\":[\"high\"]}}";
	char auth[DNC_TOKEN_MAX + 64];
	struct dnc_buf frames[2] = {{0}};
	struct session *s;
	int size = snprintf(
		auth, sizeof auth, "{\"type\":\"auth\",\"token\":\"%s\"}", token("compliance"));

	add_frame(&frames[0], TEXT, auth, (size_t)size);
	add_frame(&frames[1], TEXT, message, sizeof message - 1);
	fail_after(n, 1);
	s = session_new(&server.sessions, slot, &source);
	if (s && requests_open(s, NULL, (struct dnc_str){0}) == 0)
		for (int i = 0; i < 2; i++)
			if (requests_receive(s, frames[i].p, frames[i].n) < 0)
				break;
	fail_after(-1, 0);
	for (int i = 0; i < 2; i++)
		dnc_buf_free(&frames[i]);
	return s && s->conn.state == CONN_OPEN && strstr(heard(), "\"request_id\":5,") &&
	       s->subscriber && dnc_subscriber_active(s->subscriber);
}

/* More events than a turn looks at, none of which matches: the position stays to be looked for. */
static void start_to_seek(struct session *s)
{
	for (int i = 1; i <= 600; i++)
		publish("dnc.list.synced", i);
	say(s, "{\"type\":\"subscribe\",\"id\":1,\"last\":5,"
	       "\"filters\":{\"severities\":[\"critical\"]}}");
	assert_string_equal(heard(), "");
	assert_true(dnc_subscriber_starting(s->subscriber));
}

/* A request that fails has no effect: the one that it would have replaced is answered as if there had been no other. */
static void a_subscribe_without_memory_replaces_nothing(void **state)
{
	static const char message[] = "{\"type\":\"subscribe\",\"id\":2}";
	int failed = 0, replaced = 0;

	(void)state;
	for (int n = 0; !replaced; n++) {
		struct dnc_buf frame = {0};
		struct session *slot, *s;
		const char *all;

		add_frame(&frame, TEXT, message, sizeof message - 1);
		assert_true(n < 100);
		open_server(false);
		s = connect_admin(&slot);
		start_to_seek(s);
		fail_after(n, 1);
		requests_receive(s, frame.p, frame.n);
		fail_after(-1, 0);
		dnc_buf_free(&frame);
		while (dnc_hub_work(server.hub))
			;
		all = heard();
		if (strstr(all, "dnc.subscription.confirmed\",\"request_id\":2")) {
			assert_non_null(strstr(all, "\"code\":\"superseded\""));
			replaced++;
		} else if (s->conn.state == CONN_OPEN) { /* else the message could not be read */
			failed++;
			assert_non_null(strstr(all, "\"code\":\"no_memory\""));
			assert_null(strstr(all, "superseded"));
			assert_non_null(strstr(all, "confirmed\",\"request_id\":1"));
		}
		session_free(&slot);
		close_server();
	}
	assert_true(failed > 0);
}

/* The roles file becomes TEXT. */
static void change_roles(const char *text)
{
	struct dnc_error err;

	put_file(roles_path, text);
	if (dnc_auth_reload(server.auth, &err) < 0)
		fail_msg("%s", err.message);
	assert_true(identity_renew(&server.identity));
	library.n = 0;
	sessions_renew(&server.sessions);
	while (dnc_hub_work(server.hub))
		;
}

static void without_replay_what_is_left_of_the_past_is_a_gap(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(false);
	change_roles("[role admin]\nrate = 1/min\nburst = 2\n");
	s = connect_admin(&slot);
	for (int i = 1; i <= 9; i++)
		publish("dnc.list.synced", i);
	say(s, "{\"type\":\"subscribe\",\"since\":0}");
	publish("dnc.list.synced", 10);
	assert_heard("{\"seq\":2,");
	change_roles("[role admin]\npermissions = dnc:stream\nrate = 1/min\nburst = 2\n");
	assert_heard("\"from_seq\":3,\"to_seq\":9,\"reason\":\"forbidden\"");
	assert_int_equal(dnc_subscriber_next(s->subscriber), 10);
	change_roles("[role admin]\npermissions = dnc:stream dnc:pii\n");
	assert_heard("{\"seq\":10,");
	session_free(&slot);
	close_server();
}

static void without_replay_a_search_of_the_past_ends(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	start_to_seek(s);
	change_roles("[role admin]\npermissions = dnc:stream\n");
	assert_heard(
		"\"code\":\"forbidden\",\"message\":\"access denied: the role has lost dnc:replay");
	assert_false(dnc_subscriber_active(s->subscriber));
	say(s, "{\"type\":\"subscribe\",\"id\":3}");
	assert_heard("confirmed\",\"request_id\":3");
	session_free(&slot);
	close_server();
}

/* What fails is answered, or ends the connection; what is confirmed works, with its filter. */
static void without_memory_a_session_ends_or_is_answered(void **state)
{
	enum { ALLOCATIONS = 120 };
	int confirmed = 0;

	(void)state;
	for (int n = 0; n < ALLOCATIONS; n++) {
		struct session *slot = NULL;

		open_server(true);
		if (subscribe_without_memory(&slot, n)) {
			confirmed++;
			assert_int_equal(
				dnc_filter_count(dnc_subscriber_filter(slot->subscriber)), 1);
			publish("dnc.compliance.violation", 1);
			assert_heard("{\"seq\":1,");
		}
		session_free(&slot);
		assert_int_equal(dnc_hub_stats(server.hub).subscribers, 0);
		close_server();
	}
	assert_in_range(confirmed, 1, ALLOCATIONS - 5);
}

static void limits_close_with_their_reasons(void **state)
{
	static char big[DNC_WEB_MAX_MESSAGE + 2];
	struct session *slots[3], *s;

	(void)state;
	open_server(false);
	connect_admin(&slots[0]);
	connect_admin(&slots[1]);
	library.n = 0;
	s = connect_admin(&slots[2]);
	assert_int_equal(conn_proceed(&s->conn), 0);
	assert_string_equal(heard(), "4429 too many connections from this address\n");
	session_free(&slots[2]);
	for (int i = 0; i < MESSAGES_BURST; i++)
		say(slots[0], "{\"type\":\"ping\"}");
	assert_heard("pong");
	for (int i = 0; i < MESSAGES_BURST && slots[0]->conn.state == CONN_OPEN; i++)
		say(slots[0], "{\"type\":\"ping\"}");
	conn_proceed(&slots[0]->conn);
	assert_heard("1008 more than 20 messages a second\n");
	session_free(&slots[0]);
	memset(big, ' ', sizeof big - 1);
	assert_int_equal(receive(slots[1], big), 0);
	conn_proceed(&slots[1]->conn);
	assert_heard("1009 message over 32 KiB\n");
	session_free(&slots[1]);
	s = connect_admin(&slots[0]);
	assert_int_equal(receive_frame(s, BINARY, "x"), 0);
	conn_proceed(&s->conn);
	assert_heard("1003 text messages only\n");
	session_free(&slots[0]);
	assert_int_equal(server.stats.counts.closed[CLOSE_CONNECTIONS_ADDRESS], 1);
	assert_int_equal(server.stats.counts.refused, 1);
	close_server();
}

static void a_message_in_pieces_is_one_message(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	library.n = 0;
	assert_int_equal(receive_frame(s, DNC_OPCODE_TEXT, "{\"type\":"), 0);
	assert_int_equal(receive_frame(s, PING, "now"), 0); /* between the pieces */
	assert_memory_equal(library.sent, "\x8a\x03now", 5);
	assert_int_equal(library.n, 5);
	library.n = 0;
	assert_int_equal(receive_frame(s, FINAL, "\"ping\"}"), 0);
	assert_heard("pong");
	session_free(&slot);
	close_server();
}

static void at_the_end_those_who_have_all_are_closed_first(void **state)
{
	struct session *slots[2];

	(void)state;
	open_server(false);
	connect_admin(&slots[0]);
	connect_admin(&slots[1]);
	library.full = true;
	say(slots[0], "{\"type\":\"ping\"}");
	assert_int_equal(sessions_drain(&server.sessions, false), 2);
	assert_int_equal(slots[0]->conn.state, CONN_OPEN);
	assert_int_equal(slots[1]->conn.state, CONN_CLOSING);
	assert_int_equal(sessions_drain(&server.sessions, true), 2);
	assert_int_equal(slots[0]->conn.state, CONN_CLOSING);
	library.full = library.buffered = false;
	library.n = 0;
	assert_int_equal(conn_proceed(&slots[1]->conn), 0);
	assert_heard("1001 retry_after_ms=");
	session_free(&slots[0]);
	session_free(&slots[1]);
	assert_int_equal(sessions_drain(&server.sessions, false), 0);
	close_server();
}

static void name_hub(struct dnc_hubs_row *row, const char *address)
{
	*row = (struct dnc_hubs_row){.connections = 1};
	snprintf(row->address, sizeof row->address, "%s", address);
}

static void at_the_end_clients_are_told_of_other_hubs_in_any_order(void **state)
{
	enum { HUBS = 10, CLIENTS = 64 };
	struct dnc_hubs_row rows[HUBS + 2];
	struct dnc_hubs *hubs = hubs_new();
	struct session *slot;
	char url[64];
	unsigned first[HUBS] = {0}, firsts = 0;

	(void)state;
	for (int i = 0; i < HUBS; i++) {
		snprintf(url, sizeof url, "wss://hub-%d.example/ws/dnc", i);
		name_hub(&rows[i], url);
	}
	name_hub(&rows[HUBS], "");                            /* it does not say where it is */
	name_hub(&rows[HUBS + 1], "wss://u:p@hub-9.example"); /* what no hub would */
	hubs_replace(hubs, rows, HUBS + 2);
	for (int c = 0; c < CLIENTS; c++) {
		const char *p;
		unsigned count = 0, hub = HUBS;

		open_server(false);
		server.sessions.hubs = hubs;
		connect_admin(&slot);
		library.n = 0;
		assert_int_equal(sessions_drain(&server.sessions, false), 1);
		assert_true(was_sent("{\"type\":\"dnc.connection.shutdown\","));
		assert_true(was_sent("\"retry_after_ms\":"));
		assert_false(was_sent("u:p@"));
		p = memmem(library.sent, library.n, "[\"wss://hub-", 12);
		assert_non_null(p);
		assert_int_equal(sscanf(p + 12, "%u", &hub), 1);
		assert_true(hub < HUBS);
		firsts += !first[hub]++;
		for (p = library.sent;
			(p = memmem(p, library.n - (size_t)(p - library.sent), "wss://", 6)); p++)
			count++;
		assert_int_equal(count, 8);
		session_free(&slot);
		close_server();
	}
	assert_true(firsts > HUBS / 2);
	hubs_free(hubs);
}

static void a_slow_client_is_told_once_and_again_when_it_has_all(void **state)
{
	struct session *slot, *s;

	(void)state;
	open_server(false);
	s = connect_admin(&slot);
	say(s, "{\"type\":\"subscribe\"}");
	library.full = true;
	say(s, "{\"type\":\"ping\"}");
	for (int i = 1; i <= 3; i++)
		publish("dnc.compliance.violation", i);
	for (int i = 0; i < 4; i++)
		lag_tick(&server.sessions); /* the first look only notes where it is */
	library.full = library.buffered = false;
	library.n = 0;
	assert_int_equal(conn_proceed(&s->conn), 0);
	while (dnc_hub_work(server.hub))
		;
	lag_tick(&server.sessions);
	lag_tick(&server.sessions);
	assert_told_of_lag(heard());
	session_free(&slot);
	close_server();
}

static void the_metrics_are_sums_over_all_servers(void **state)
{
	static const char *const lines[] = {
		"\ndnc_closed_total{reason=\"gone\",error=\"false\"} 4\n",
		"\ndnc_closed_total{reason=\"binary\",error=\"true\"} 0\n",
		"\ndnc_connections{role=\"admin\"} 2\n",
		"\ndnc_connections{role=\"monitor\"} 0\n",
		"\ndnc_connections_opened_total 6\n",
		"\ndnc_connections_max 10\n",
	};
	struct shared_member members[2] = {{.stats = &server.stats}, {.stats = &server.stats}};
	struct session *slots[2];
	struct dnc_buf text = {0};

	(void)state;
	open_server(false);
	assert_false(shared_by_several(server.shared));
	for (int i = 0; i < 2; i++) {
		shared_join(server.shared, &members[i]);
		connect_admin(&slots[0]);
		session_free(&slots[0]);
	}
	assert_true(shared_by_several(server.shared));
	connect_admin(&slots[1]);
	sessions_publish_stats(&server.sessions);
	stats_write(&text, server.shared, server.hub, server.ring);
	dnc_buf_chr(&text, '\0');
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (!strstr(text.p, lines[i]))
			fail_msg("no %s in %s", lines[i], text.p);
	dnc_buf_free(&text);
	for (int i = 0; i < 2; i++)
		shared_leave(server.shared, &members[i]);
	shared_leave(server.shared, &members[0]); /* it is in no list any more */
	session_free(&slots[1]);
	close_server();
}

static int make_keys(void **state)
{
	struct dnc_buf id = {0};
	struct dnc_error err;

	(void)state;
	assert_true(sodium_init() >= 0);
	assert_non_null(mkdtemp(dir));
	snprintf(key_path, sizeof key_path, "%s/key", dir);
	snprintf(revoked_path, sizeof revoked_path, "%s/revoked", dir);
	snprintf(roles_path, sizeof roles_path, "%s/roles", dir);
	if (dnc_keys_generate(key_path, DNC_EDDSA, &id, &err) < 0)
		fail_msg("%s", err.message);
	dnc_buf_free(&id);
	return 0;
}

static int remove_keys(void **state)
{
	char path[80];

	(void)state;
	snprintf(path, sizeof path, "%s.pub", key_path);
	unlink(path);
	unlink(key_path);
	unlink(revoked_path);
	unlink(roles_path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_has_its_answer),
		cmocka_unit_test(a_subscription_in_the_query_waits_for_the_token),
		cmocka_unit_test(without_a_token_or_with_a_wrong_one_the_connection_is_closed),
		cmocka_unit_test(a_revoked_client_has_left_the_hub_before_the_next_event),
		cmocka_unit_test(a_client_ends_with_the_key_of_its_token),
		cmocka_unit_test(a_token_that_is_not_checked_for_lack_of_memory_is_not_rejected),
		cmocka_unit_test(a_session_that_ends_has_left_the_hub_at_once),
		cmocka_unit_test(requests_of_a_session_that_has_ended_have_no_effect),
		cmocka_unit_test(a_request_is_handled_by_its_type_alone),
		cmocka_unit_test(a_reload_changes_what_a_role_sees_from_the_next_event_on),
		cmocka_unit_test(what_waits_when_a_role_changes_is_sent_as_the_new_role_allows),
		cmocka_unit_test(a_client_renews_its_token_by_one_of_the_same_subject),
		cmocka_unit_test(subscriptions_are_limited_by_the_role),
		cmocka_unit_test(gaps_and_costly_filters_are_reported),
		cmocka_unit_test(another_epoch_is_told_to_clients_of_all_protocols),
		cmocka_unit_test(without_memory_a_session_ends_or_is_answered),
		cmocka_unit_test(a_subscribe_without_memory_replaces_nothing),
		cmocka_unit_test(without_replay_what_is_left_of_the_past_is_a_gap),
		cmocka_unit_test(without_replay_a_search_of_the_past_ends),
		cmocka_unit_test(limits_close_with_their_reasons),
		cmocka_unit_test(a_message_in_pieces_is_one_message),
		cmocka_unit_test(at_the_end_those_who_have_all_are_closed_first),
		cmocka_unit_test(at_the_end_clients_are_told_of_other_hubs_in_any_order),
		cmocka_unit_test(a_slow_client_is_told_once_and_again_when_it_has_all),
		cmocka_unit_test(the_metrics_are_sums_over_all_servers),
	};

	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
