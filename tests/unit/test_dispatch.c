/* HTTP requests from their head to their answer, with a hub and a log and without sockets. */
#include "unit.h"
#include <poll.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "http_peer.h"
#include "log/reader.h"
#include "log/writer.h"
#include "web/http/clients.h"
#include "web/http/context.h"
#include "web/http/dispatch.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"
#include "web/priv/upgrade.h"

#define EVENT                                                                                      \
	"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":\"dnc.number.released\","       \
	"\"phone_number\":\"+13035550143\",\"reason\":\"x\"}"

/* The same id, and another event. */
#define OTHER                                                                                      \
	"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":\"dnc.number.released\","       \
	"\"phone_number\":\"+13035550199\",\"reason\":\"y\"}"

static struct lws *const wsi = (struct lws *)&heard;
static char dir[] = "/tmp/dnc-dispatch-XXXXXX", key_path[64];
static const char *failing;

/* A server's parts. */
static struct {
	uv_loop_t loop;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_reader *reader;
	struct dnc_ring *ring;
	struct dnc_hub *hub;
	struct dnc_auth *auth;
	struct identity identity;
	struct audit audit;
	struct stats stats;
	struct sessions sessions;
	struct shared_member member;
	struct dnc_web_options options;
	struct http_context *http;
	struct http_connection connection;
	char records[16 << 10]; /* of the audit */
	int read_done;          /* eventfd: the log's reader has ended a job */
} server;

static void keep_record(void *ctx, struct dnc_str json)
{
	size_t n = strlen(server.records);

	(void)ctx;
	assert_true(n + json.n + 2 < sizeof server.records);
	snprintf(server.records + n, sizeof server.records - n, "%.*s\n", DNC_STR_ARG(json));
}

static void dequeue(void *ctx)
{
	static struct dnc_batch batch; /* of the writer's thread */

	(void)ctx;
	while (server.writer && dnc_writer_dequeue(server.writer, &batch))
		;
	dnc_batch_free(&batch);
	memset(&batch, 0, sizeof batch);
}

static void on_read(void *ctx)
{
	uint64_t one = 1;

	(void)ctx;
	assert_int_equal(write(server.read_done, &one, sizeof one), sizeof one);
}

static void do_nothing(void *ctx)
{
	(void)ctx;
}

static void add_metrics(void *ctx, struct dnc_buf *out)
{
	(void)ctx;
	dnc_buf_lit(out, "dnc_of_the_program 1\n");
}

static const char *name_failing(void *ctx)
{
	(void)ctx;
	return failing;
}

static void open_log(void)
{
	struct dnc_error err;

	server.journal = dnc_journal_open(&(struct dnc_journal_options){.dir = dir}, &err);
	if (!server.journal)
		fail_msg("%s", err.message);
	server.read_done = eventfd(0, 0);
	server.reader = dnc_reader_new(server.journal, on_read, NULL, &err);
	server.writer = dnc_writer_new(server.journal, dequeue, NULL);
	assert_non_null(server.reader);
	assert_int_equal(dnc_writer_start(server.writer), 0);
	server.ring = dnc_ring_new(1 << 20, 0);
	server.hub = dnc_hub_new(&(struct dnc_hub_options){.ring = server.ring,
		.max_lag = 1000,
		.journal = server.journal,
		.transport = dnc_web_transport,
		.work = do_nothing});
	assert_non_null(server.hub);
}

static void open_parts(bool keys)
{
	static const struct dnc_web_limits limits = {10, 1, 2};
	static const char *const files[] = {key_path}, *const origins[] = {"https://ops.example"};
	struct dnc_error err;

	server.auth = dnc_auth_new(
		&(struct dnc_auth_options){
			.default_role = "admin", .key_files = files, .key_file_count = keys},
		&err);
	if (!server.auth)
		fail_msg("%s", err.message);
	server.options = (struct dnc_web_options){.shared = dnc_shared_new(&limits),
		.auth = server.auth,
		.allow_origin = origins,
		.allow_origin_count = 1,
		.ring = server.ring,
		.hub = server.hub,
		.reader = server.reader,
		.writer = server.writer,
		.metrics = add_metrics,
		.not_ready = name_failing};
	assert_int_equal(sessions_init(&server.sessions), 0);
	stats_init(&server.stats);
	server.audit.write = keep_record;
	assert_int_equal(
		identity_init(&server.identity, server.auth, server.options.shared->throttle,
			&server.audit, &server.stats.counts, false),
		0);
	server.sessions.hub = server.hub;
	server.sessions.ring = server.ring;
	server.sessions.identity = &server.identity;
	server.sessions.limits = server.options.shared->limits;
	server.sessions.audit = &server.audit;
	server.sessions.stats = &server.stats;
	server.http = http_context_new(&server.loop, &server.sessions, &server.options);
	assert_non_null(server.http);
	server.member.stats = &server.stats;
	server.member.clients = server.http->clients;
	shared_join(server.options.shared, &server.member);
}

static void open_server(bool keys)
{
	memset(&server, 0, sizeof server);
	assert_int_equal(uv_loop_init(&server.loop), 0);
	open_log();
	open_parts(keys);
	peer_connection = &server.connection;
}

static void close_server(void)
{
	http_connection_closed(&server.connection);
	session_free(&server.connection.session);
	dnc_writer_stop(server.writer);
	dnc_writer_join(server.writer);
	dnc_reader_free(server.reader);
	shared_leave(server.options.shared, &server.member);
	http_context_close(server.http);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	http_context_free(server.http);
	assert_int_equal(uv_loop_close(&server.loop), 0);
	sessions_destroy(&server.sessions);
	identity_destroy(&server.identity);
	stats_destroy(&server.stats);
	dnc_buf_free(&server.audit.record);
	dnc_hub_free(server.hub);
	dnc_ring_free(server.ring);
	dnc_writer_free(server.writer);
	dnc_journal_close(server.journal);
	dnc_shared_free(server.options.shared);
	dnc_auth_free(server.auth);
	close(server.read_done);
}

/* A request to start with; headers and arguments are added to `peer`. */
static void prepare(int method, const char *path)
{
	memset(&peer, 0, sizeof peer);
	memset(&heard, 0, sizeof heard);
	peer.method = method;
	peer.path = path;
	peer.address = "192.0.2.1";
	peer.headers[WSI_TOKEN_HOST] = "localhost:8080";
}

static int send_request(void)
{
	return http_request(server.http, wsi, &server.connection);
}

static void assert_heard(const char *text)
{
	if (!strstr(heard.text, text))
		fail_msg("no %s in %s", text, heard.text);
}

/* The header of a token with ROLE. */
static const char *bearer(const char *role)
{
	static char header[1024];
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_buf text = {0};
	struct dnc_error err;

	if (dnc_keys_add_file(keys, key_path, &err) < 0)
		fail_msg("%s", err.message);
	dnc_token_make(&text, dnc_keys_signer(keys),
		&(struct dnc_claims){
			.subject = "desk", .role = role, .now_s = time(NULL), .ttl_s = 600});
	snprintf(header, sizeof header, "Bearer %.*s", DNC_STR_ARG(dnc_buf_view(&text)));
	dnc_buf_free(&text);
	dnc_keys_free(keys);
	return header;
}

static void requests_are_answered_by_their_route_or_a_problem(void **state)
{
	static const struct {
		int method;
		const char *path, *status;
		const char *text[3];
		int rc;
	} cases[] = {
		{LWSHUMETH_GET, "/healthz", "200 application/json 15\n",
			{"cache-control: no-store\n", "{\"status\":\"ok\"}"}, 0},
		{LWSHUMETH_HEAD, "/healthz", "200 application/json 15\n", {"nosniff\n"}, 0},
		{LWSHUMETH_GET, "/readyz", "200 application/json", {"{\"status\":\"ready\"}"}, 0},
		{LWSHUMETH_GET, "/metrics", "200 text/plain",
			{"\ndnc_http_requests_total ", "\ndnc_of_the_program 1\n"}, 0},
		{LWSHUMETH_GET, "/api/v1/info", "200 application/json",
			{"\"last_seq\":0,", "\"max_connections\":10,", "\"messages_per_s\":20,"},
			0},
		{LWSHUMETH_GET, "/api/v1/clients", "200 application/json", {"{\"clients\":[]}"}, 0},
		{LWSHUMETH_GET, "/ws/dnc", "426 application/problem+json",
			{"upgrade: websocket\n", "this path is a WebSocket"}, 0},
		{LWSHUMETH_POST, "/api/v1/ticket", "404 application/problem+json",
			{"authentication is disabled"}, -1},
		{LWSHUMETH_GET, "/nothing", "404 application/problem+json", {"no such path"}, 0},
		{LWSHUMETH_POST, "/healthz", "405 application/problem+json",
			{"allow: GET, HEAD\n", "use GET, HEAD\""}, -1},
		{LWSHUMETH_PUT, "/api/v1/events", "405 application/problem+json",
			{"allow: GET, HEAD, POST\n"}, -1},
		{LWSHUMETH_GET, "/api/v1/ticket", "405 application/problem+json", {"allow: POST\n"},
			0},
	};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare(cases[i].method, cases[i].path);
		assert_int_equal(send_request(), cases[i].rc);
		if (strncmp(heard.text, cases[i].status, strlen(cases[i].status)) != 0)
			fail_msg("%s: %s", cases[i].path, heard.text);
		for (int k = 0; k < 3 && cases[i].text[k]; k++)
			assert_heard(cases[i].text[k]);
		assert_int_equal(heard.completed, cases[i].rc == 0);
	}
	prepare(LWSHUMETH_HEAD, "/healthz");
	send_request();
	assert_null(strstr(heard.text, "{"));
	/* They are counted by route and status; HEAD as GET. */
	prepare(LWSHUMETH_GET, "/metrics");
	send_request();
	assert_heard("{method=\"GET\",route=\"/healthz\",status=\"200\"} 3\n");
	assert_heard("{method=\"POST\",route=\"/api/v1/ticket\",status=\"404\"} 1\n");
	assert_heard("{method=\"other\",route=\"other\",status=\"405\"} 3\n");
	assert_heard("\ndnc_http_requests_total 14\n");
	failing = "log";
	prepare(LWSHUMETH_GET, "/readyz");
	send_request();
	assert_heard("503 application/json");
	assert_heard("\"failing\":[\"log\"]");
	failing = NULL;
	server.http->draining = true;
	send_request();
	assert_heard("\"failing\":[\"draining\"]");
	close_server();
}

static void unknown_paths_and_methods_make_no_labels(void **state)
{
	static const int methods[] = {LWSHUMETH_GET, LWSHUMETH_POST, LWSHUMETH_PUT,
		LWSHUMETH_DELETE, LWSHUMETH_OPTIONS, LWSHUMETH_HEAD};
	enum { METHODS = sizeof methods / sizeof methods[0], REQUESTS = 10 * METHODS };
	int rows = 0;

	(void)state;
	open_server(false);
	for (int i = 0; i < REQUESTS; i++) {
		char path[32];

		snprintf(path, sizeof path, "/unknown/%d\"} 1", i);
		prepare(methods[i % METHODS], path);
		send_request();
		assert_heard("404 ");
		prepare(LWSHUMETH_GET, path);
		peer.headers[WSI_TOKEN_UPGRADE] = "websocket";
		assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 1);
	}
	prepare(LWSHUMETH_GET, "/metrics");
	send_request();
	assert_heard("{method=\"other\",route=\"other\",status=\"404\"} 120\n");
	assert_null(strstr(heard.text, "/unknown/"));
	for (const char *at = heard.text; (at = strstr(at, "\ndnc_http_responses_total{")); at++)
		rows++;
	assert_int_equal(rows, 1);
	close_server();
}

static void hosts_origins_and_bodies_are_checked_before_routes(void **state)
{
	static const struct {
		const char *host, *origin, *length, *transfer, *path, *answer;
		bool keys;
	} cases[] = {
		{NULL, NULL, NULL, NULL, "/healthz", "403 ", false},
		{"evil.example", NULL, NULL, NULL, "/healthz", "403 ", false},
		{"evil.example", NULL, NULL, NULL, "/healthz", "200 ", true},
		{"localhost", "https://evil.example", NULL, NULL, "/nothing", "403 ", true},
		{"localhost", "http://localhost", NULL, NULL, "/nothing", "404 ", true},
		{"localhost", "https://ops.example", NULL, NULL, "/healthz", "200 ", false},
		{"localhost", NULL, "0", NULL, "/healthz", "200 ", false},
		{"localhost", NULL, "5", NULL, "/healthz", "400 ", false},
		{"localhost", NULL, "99999999999999", NULL, "/healthz", "400 ", false},
		{"localhost", NULL, NULL, "chunked", "/healthz", "400 ", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		open_server(cases[i].keys);
		prepare(LWSHUMETH_GET, cases[i].path);
		peer.headers[WSI_TOKEN_HOST] = cases[i].host;
		peer.headers[WSI_TOKEN_ORIGIN] = cases[i].origin;
		peer.headers[WSI_TOKEN_HTTP_CONTENT_LENGTH] = cases[i].length;
		peer.headers[WSI_TOKEN_HTTP_TRANSFER_ENCODING] = cases[i].transfer;
		/* A body that is not read ends the connection. */
		assert_int_equal(send_request(),
			cases[i].answer[0] == '4' && cases[i].answer[2] == '0' ? -1 : 0);
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		close_server();
	}
}

static void routes_ask_for_a_token_with_their_permission(void **state)
{
	(void)state;
	open_server(true);
	prepare(LWSHUMETH_GET, "/healthz");
	send_request();
	assert_heard("200 ");
	prepare(LWSHUMETH_GET, "/api/v1/clients");
	assert_int_equal(send_request(), 0);
	assert_heard("401 ");
	assert_heard("www-authenticate: Bearer\n");
	assert_heard("authentication required");
	peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = "Bearer garbage";
	send_request();
	assert_heard("token rejected");
	prepare(LWSHUMETH_GET, "/api/v1/clients");
	peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = bearer("compliance");
	send_request();
	assert_heard("403 ");
	assert_heard("the permission clients:read is missing");
	assert_non_null(strstr(server.records, "clients:read"));
	prepare(LWSHUMETH_GET, "/api/v1/clients");
	peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = bearer("admin");
	send_request();
	assert_heard("200 ");
	prepare(LWSHUMETH_POST, "/api/v1/ticket");
	peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = bearer("admin");
	send_request();
	assert_heard("{\"ticket\":\"");
	/* Metrics are open to this machine. */
	prepare(LWSHUMETH_GET, "/metrics");
	send_request();
	assert_heard("401 ");
	prepare(LWSHUMETH_GET, "/metrics");
	peer.address = "127.0.0.1";
	send_request();
	assert_heard("200 ");
	for (int i = 0; i < 12; i++) {
		prepare(LWSHUMETH_GET, "/api/v1/info");
		peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = "Bearer garbage";
		send_request();
	}
	assert_heard("429 ");
	assert_heard("retry-after: 6\n");
	close_server();
}

/* The address of a stream has its ticket, the upgrade of a WebSocket names it among the subprotocols. */
static void a_ticket_opens_a_stream_once(void **state)
{
	static const struct dnc_identity desk = {
		.subject = "desk", .role = "compliance", .expires_ms = INT64_MAX};
	char ticket[DNC_TICKET_LEN + 1], text[128];
	struct upgrade *upgrade;

	(void)state;
	open_server(true);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dnc_ticket_make(server.auth, &desk, ticket), DNC_TICKET_MADE);
		snprintf(text, sizeof text, i ? "dnc.v1, dnc.ticket.%s" : "ticket=%s", ticket);
		/* A HEAD leaves it for the GET. */
		for (int used = i ? 1 : 0; used < 3; used++) {
			prepare(used ? LWSHUMETH_GET : LWSHUMETH_HEAD,
				i ? "/ws/dnc" : "/api/v1/stream");
			if (i)
				peer.headers[WSI_TOKEN_PROTOCOL] = text;
			else
				peer.args[0] = text;
			if (i)
				assert_int_equal(
					http_check_upgrade(server.http, wsi, &server.connection),
					used == 2);
			else
				send_request();
			if (used == 1 && i) {
				upgrade = heard.opaque;
				assert_true(upgrade->known);
				assert_string_equal(upgrade->principal.identity.subject, "desk");
				upgrade_free(wsi);
			} else {
				assert_heard(used == 1 ? "200 " : "401 ");
			}
		}
		session_free(&server.connection.session);
		upgrade_free(wsi);
	}
	/* A used ticket is no wrong token; a text that is none is. */
	for (int i = 0; i < 12; i++) {
		prepare(LWSHUMETH_GET, "/api/v1/stream");
		peer.args[0] = "ticket=nonsense";
		send_request();
	}
	assert_heard("429 ");
	assert_non_null(strstr(server.records, "\"reason\":\"ticket\""));
	close_server();
}

static void upgrades_are_checked_and_remembered(void **state)
{
	struct upgrade *upgrade;

	(void)state;
	open_server(true);
	prepare(LWSHUMETH_GET, "/ws/other");
	assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 1);
	assert_heard("404 ");
	prepare(LWSHUMETH_GET, "/ws/dnc");
	peer.headers[WSI_TOKEN_ORIGIN] = "https://evil.example";
	assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 1);
	assert_heard("403 ");
	prepare(LWSHUMETH_GET, "/ws/dnc");
	peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = "Bearer garbage";
	assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 1);
	assert_heard("401 ");
	upgrade_free(wsi);
	/* The first message may authenticate. */
	prepare(LWSHUMETH_GET, "/ws/dnc");
	assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 0);
	upgrade = heard.opaque;
	assert_false(upgrade->known);
	peer.headers[WSI_TOKEN_HTTP_AUTHORIZATION] = bearer("compliance");
	assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 0);
	assert_ptr_equal(heard.opaque, upgrade);
	assert_true(upgrade->known);
	assert_string_equal(upgrade->principal.role->name, "compliance");
	upgrade_free(wsi);
	assert_int_equal(heard.n, 0);
	server.http->draining = true;
	assert_int_equal(http_check_upgrade(server.http, wsi, &server.connection), 1);
	assert_heard("503 ");
	assert_heard("retry-after: 1\n");
	assert_null(heard.opaque);
	/* What was refused is counted, with no label of an unknown path. */
	prepare(LWSHUMETH_GET, "/metrics");
	peer.address = "127.0.0.1";
	assert_int_equal(send_request(), 0);
	assert_heard("{method=\"other\",route=\"other\",status=\"404\"} 1\n");
	assert_heard("{method=\"GET\",route=\"/ws/dnc\",status=\"403\"} 1\n");
	assert_heard("{method=\"GET\",route=\"/ws/dnc\",status=\"401\"} 1\n");
	assert_heard("{method=\"GET\",route=\"/ws/dnc\",status=\"503\"} 1\n");
	assert_heard("\ndnc_http_requests_total 5\n");
	close_server();
}

/* Runs the loop until the answer to a publication is there. */
static void await_answer(void)
{
	for (int i = 0; i < 10000 && !heard.n; i++)
		uv_run(&server.loop, UV_RUN_ONCE);
	assert_true(heard.n > 0);
}

static void begin_publication(const char *length)
{
	prepare(LWSHUMETH_POST, "/api/v1/events");
	peer.headers[WSI_TOKEN_HTTP_CONTENT_LENGTH] = length;
	peer.headers[WSI_TOKEN_HTTP_TRANSFER_ENCODING] = length ? NULL : "chunked";
	assert_int_equal(send_request(), 0);
	assert_int_equal(heard.n, 0);
	assert_non_null(server.connection.exchange);
}

static void a_publication_is_answered_when_the_log_has_it(void **state)
{
	(void)state;
	open_server(false);
	begin_publication("1000");
	assert_int_equal(http_connection_body(&server.connection, EVENT, 20), 0);
	assert_int_equal(
		http_connection_body(&server.connection, EVENT "\n7", sizeof EVENT + 1), 0);
	/* The first line is malformed: a cut event, and a whole one. Nothing is left for the log. */
	assert_int_equal(http_connection_body_end(&server.connection), 0);
	assert_int_equal(heard.completed, 1);
	assert_heard("422 ");
	assert_heard("\"rejected_count\":2");
	assert_null(server.connection.exchange);

	begin_publication("1000");
	assert_int_equal(
		http_connection_body(&server.connection, EVENT "\n7", sizeof EVENT + 1), 0);
	assert_int_equal(http_connection_body_end(&server.connection), 0);
	await_answer();
	assert_heard("200 application/json");
	assert_heard("{\"accepted\":1,\"duplicates\":0,");
	assert_heard("\"last_seq\":1}");
	assert_int_equal(heard.completed, 1);
	assert_null(server.connection.exchange);
	assert_int_equal(dnc_journal_last(server.journal), 1);
	assert_non_null(strstr(server.records, "\"what\":\"published\""));
	assert_non_null(strstr(server.records, "\"accepted\":1"));

	/* The record agrees with the answer: an id that another event has is rejected, too. */
	server.records[0] = '\0';
	begin_publication("1000");
	assert_int_equal(
		http_connection_body(&server.connection, OTHER "\n7", sizeof OTHER + 1), 0);
	assert_int_equal(http_connection_body_end(&server.connection), 0);
	await_answer();
	assert_heard("\"rejected_count\":2");
	assert_non_null(strstr(server.records, "\"accepted\":0,\"duplicates\":0,\"rejected\":2,"));

	/* A chunked one ends its connection, once the answer is sent. */
	begin_publication(NULL);
	assert_int_equal(http_connection_body(&server.connection, "2\r\n[]\r\n0\r\n\r\n", 12), -1);
	assert_heard("422 ");
	assert_heard("connection: close\n");
	close_server();
}

static void a_client_that_goes_loses_its_answer_not_its_events(void **state)
{
	(void)state;
	open_server(false);
	begin_publication("1000");
	http_connection_body(&server.connection, EVENT, sizeof EVENT - 1);
	assert_int_equal(http_connection_body_end(&server.connection), 0);
	http_connection_closed(&server.connection);
	assert_true(dnc_writer_drain(server.writer));
	for (int i = 0; i < 10000 && !strstr(server.records, "published"); i++)
		uv_run(&server.loop, UV_RUN_ONCE);
	assert_non_null(strstr(server.records, "published"));
	assert_int_equal(heard.n, 0);
	/* Before its body is whole nothing is logged. */
	begin_publication("1000");
	http_connection_body(&server.connection, "[", 1);
	http_connection_closed(&server.connection);
	close_server();
}

static void publications_are_refused_with_their_fault(void **state)
{
	static const struct {
		const char *length, *body, *answer;
	} cases[] = {
		{"5000000", NULL, "413 "},
		{"many", NULL, "400 "},
		{NULL, NULL, "411 "},
		{"40", "POST /api/v1/events HTTP/1.1", "400 "},
		{"40", "\x1F\x8B\x08", "415 "},
	};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int rc;

		prepare(LWSHUMETH_POST, "/api/v1/events");
		peer.headers[WSI_TOKEN_HTTP_CONTENT_LENGTH] = cases[i].length;
		rc = send_request();
		if (cases[i].body)
			rc = http_connection_body(
				&server.connection, cases[i].body, strlen(cases[i].body));
		if (cases[i].body && rc == 0)
			rc = http_connection_body_end(&server.connection);
		assert_int_equal(rc, -1);
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		assert_null(server.connection.exchange);
	}
	dnc_writer_stop(server.writer);
	begin_publication("1000");
	http_connection_body(&server.connection, EVENT, sizeof EVENT - 1);
	assert_int_equal(http_connection_body_end(&server.connection), -1);
	assert_heard("503 ");
	assert_heard("retry-after: 1\n");
	server.http->draining = true;
	prepare(LWSHUMETH_POST, "/api/v1/events");
	assert_int_equal(send_request(), -1);
	assert_heard("the hub is shutting down");
	close_server();
}

/* Waits for the log's reader, and passes on what it has found. */
static void finish_reading(void)
{
	struct pollfd p = {.fd = server.read_done, .events = POLLIN};
	uint64_t count;

	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(server.read_done, &count, sizeof count), sizeof count);
	dnc_reader_finish(server.reader);
}

static void a_page_of_the_log_is_answered_when_it_was_read(void **state)
{
	(void)state;
	open_server(false);
	prepare(LWSHUMETH_GET, "/api/v1/events");
	peer.args[0] = "limit=x";
	assert_int_equal(send_request(), 0);
	assert_heard("400 ");
	assert_heard("limit must be a number");
	prepare(LWSHUMETH_GET, "/api/v1/events");
	peer.args[0] = "phone_patterns=[";
	send_request();
	assert_heard("\"detail\":\"phone_patterns");
	for (int gone = 0; gone < 2; gone++) {
		prepare(LWSHUMETH_GET, "/api/v1/events");
		peer.args[0] = "phone=+13035550143";
		peer.args[1] = "limit=1";
		peer.headers[WSI_TOKEN_HTTP_ACCEPT] = "application/json";
		assert_int_equal(send_request(), 0);
		assert_int_equal(heard.n, 0);
		if (gone)
			http_connection_closed(&server.connection);
		finish_reading();
		assert_int_equal(heard.completed, !gone);
	}
	assert_int_equal(heard.n, 0);
	assert_non_null(strstr(server.records, "\"what\":\"read\""));
	assert_null(strstr(server.records, "5550143"));
	close_server();
}

static void a_stream_begins_or_is_refused_before_its_head(void **state)
{
	char long_query[1100] = "provider=";

	(void)state;
	open_server(false);
	memset(long_query + 9, 'x', sizeof long_query - 10);
	prepare(LWSHUMETH_GET, "/api/v1/stream");
	peer.args[0] = long_query;
	send_request();
	assert_heard("400 ");
	assert_heard("longer than 1023 bytes");
	prepare(LWSHUMETH_GET, "/api/v1/stream");
	peer.last_event_id = "nonsense";
	send_request();
	assert_heard("Last-Event-ID: is not an id");
	prepare(LWSHUMETH_HEAD, "/api/v1/stream");
	assert_int_equal(send_request(), 0);
	assert_heard("200 text/event-stream -1\n");
	assert_null(server.connection.session);
	prepare(LWSHUMETH_GET, "/api/v1/stream");
	assert_int_equal(send_request(), 0);
	assert_heard("200 text/event-stream -1\n");
	assert_heard("event: connection\n");
	assert_non_null(server.connection.session);
	assert_int_equal(heard.completed, 0);
	/* It is in the list, and takes the one place that its address has. */
	prepare(LWSHUMETH_GET, "/api/v1/clients");
	assert_int_equal(http_request(server.http, wsi, &(struct http_connection){0}), 0);
	assert_heard("\"address\":\"192.0.2.1\"");
	prepare(LWSHUMETH_GET, "/api/v1/stream");
	assert_int_equal(http_request(server.http, wsi, &(struct http_connection){0}), 0);
	assert_heard("429 ");
	server.http->draining = true;
	prepare(LWSHUMETH_GET, "/api/v1/stream");
	assert_int_equal(http_request(server.http, wsi, &(struct http_connection){0}), 0);
	assert_heard("503 ");
	close_server();
}

static int make_key(void **state)
{
	struct dnc_buf id = {0};
	struct dnc_error err;

	(void)state;
	if (sodium_init() < 0 || !mkdtemp(dir))
		return -1;
	snprintf(key_path, sizeof key_path, "%s/key", dir);
	if (dnc_keys_generate(key_path, DNC_EDDSA, &id, &err) < 0)
		return -1;
	dnc_buf_free(&id);
	return 0;
}

static int remove_dir(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_by_their_route_or_a_problem),
		cmocka_unit_test(unknown_paths_and_methods_make_no_labels),
		cmocka_unit_test(hosts_origins_and_bodies_are_checked_before_routes),
		cmocka_unit_test(routes_ask_for_a_token_with_their_permission),
		cmocka_unit_test(a_ticket_opens_a_stream_once),
		cmocka_unit_test(upgrades_are_checked_and_remembered),
		cmocka_unit_test(a_publication_is_answered_when_the_log_has_it),
		cmocka_unit_test(a_client_that_goes_loses_its_answer_not_its_events),
		cmocka_unit_test(publications_are_refused_with_their_fault),
		cmocka_unit_test(a_page_of_the_log_is_answered_when_it_was_read),
		cmocka_unit_test(a_stream_begins_or_is_refused_before_its_head),
	};

	return cmocka_run_group_tests(tests, make_key, remove_dir);
}
