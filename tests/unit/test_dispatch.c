/* HTTP requests from their head to their answer, with a hub and a log and without sockets. */
#include "unit.h"
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "http_peer.h"
#include "auth/priv/keys.h"
#include "base/clock.h"
#include "log/reader.h"
#include "log/writer.h"
#include "log/priv/providers.h"
#include "web/http/provider_list.h"
#include "web/http/clients.h"
#include "web/http/context.h"
#include "web/http/connection.h"
#include "web/http/publisher.h"
#include "web/priv/sessions.h"
#include "web/priv/shared.h"

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

static void add_stats(void *ctx, struct dnc_web_stats *out)
{
	(void)ctx;
	*out = (struct dnc_web_stats){.events = 70, .newest_ms = 1769860800000, .accepted = 7};
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
		.stats = add_stats,
		.not_ready = name_failing};
	assert_int_equal(sessions_init(&server.sessions), 0);
	stats_init(&server.stats);
	server.audit.write = keep_record;
	server.audit.refusals = server.options.shared->refusals;
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
	http_connection_open(
		&server.connection, wsi, server.http, peer.address ? peer.address : "");
}

static void stop_log(void)
{
	dnc_writer_stop(server.writer);
	dnc_writer_join(server.writer);
	dnc_reader_free(server.reader);
}

static void free_server(void)
{
	shared_leave(server.options.shared, &server.member);
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

static void close_server(void)
{
	http_connection_closed(&server.connection);
	stop_log();
	http_context_close(server.http);
	free_server();
}

/* A request to start with; headers and arguments are added to `peer`. */
static void prepare(const char *method, const char *path)
{
	memset(&peer, 0, sizeof peer);
	memset(&heard, 0, sizeof heard);
	peer.method = method;
	peer.path = path;
	peer.address = "192.0.2.1";
	peer.host = "localhost:8080";
}

/* Sends the request on a new connection. */
static int send_request(void)
{
	http_connection_closed(&server.connection);
	server.connection = (struct http_connection){0};
	http_connection_open(
		&server.connection, wsi, server.http, peer.address ? peer.address : "");
	return peer_send(&server.connection);
}

static void assert_heard(const char *text)
{
	if (!strstr(heard.text, text))
		fail_msg("no %s in %s", text, heard.text);
}

/* The library's turns in which the socket can take more. */
static void take_turns(void)
{
	for (int i = 0; i < 10; i++)
		assert_int_equal(http_connection_proceed(&server.connection), 0);
}

/* Nothing is answered any more, and the client is to close. */
static void assert_ended(void)
{
	assert_int_equal(server.connection.phase, HTTP_PHASE_LINGER);
	assert_heard("connection: close\n");
}

/* The header of a token with ROLE. */
static const char *bearer_until(const char *role, time_t expires_s)
{
	static char header[1024];
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_buf text = {0};
	struct dnc_error err;

	if (dnc_keys_add_file(keys, key_path, &err) < 0)
		fail_msg("%s", err.message);
	dnc_token_make(&text, dnc_keys_signer(keys),
		&(struct dnc_claims){
			.subject = "desk", .role = role, .now_s = expires_s - 600, .ttl_s = 600});
	snprintf(header, sizeof header, "Authorization: Bearer %.*s",
		DNC_STR_ARG(dnc_buf_view(&text)));
	dnc_buf_free(&text);
	dnc_keys_free(keys);
	return header;
}

static const char *bearer(const char *role)
{
	return bearer_until(role, time(NULL) + 600);
}

static void requests_are_answered_by_their_route_or_a_problem(void **state)
{
	static const struct {
		const char *method, *path, *status;
		const char *text[3];
	} cases[] = {
		{"GET", "/healthz", "200 OK\n",
			{"content-type: application/json\ncontent-length: 15\n",
				"cache-control: no-store\n", "{\"status\":\"ok\"}"}},
		{"HEAD", "/healthz", "200 OK\n",
			{"content-length: 15\n", "nosniff\n",
				"cross-origin-resource-policy: same-origin\n"}},
		{"GET", "/readyz", "200 OK\n", {"{\"status\":\"ready\"}"}},
		{"GET", "/metrics", "200 OK\n",
			{"content-type: text/plain", "\ndnc_http_requests_total ",
				"\ndnc_of_the_program 1\n"}},
		{"GET", "/api/v1/info", "200 OK\n",
			{"\"last_seq\":0,", "\"max_connections\":10,", "\"messages_per_s\":20,"}},
		{"GET", "/api/v1/info", "200 OK\n",
			{"\"authentication\":false,\"you\":{\"role\":\"admin\",\"permissions\":[",
				"\"masked\":false,\"sees_all\":true}}"}},
		{"GET", "/api/v1/hubs", "200 OK\n",
			{"{\"hubs\":[{\"self\":true,\"connections\":0}]}"}},
		{"GET", "/api/v1/filters", "200 OK\n", {"{\"filters\":[]}"}},
		{"GET", "/api/v1/stats", "200 OK\n",
			{"\"ready\":true,", "\"refusals\":[],\"rejects\":[]}}"}},
		{"GET", "/api/v1/clients", "200 OK\n", {"{\"clients\":[]}"}},
		{"GET", "/ws/dnc", "426 Upgrade Required\n",
			{"upgrade: websocket\n", "sec-websocket-version: 13\n",
				"this path is a WebSocket"}},
		{"POST", "/api/v1/ticket", "404 Not Found\n", {"authentication is disabled"}},
		{"GET", "/nothing", "404 Not Found\n", {"no such path"}},
		{"POST", "/healthz", "405 Method Not Allowed\n",
			{"allow: GET, HEAD, OPTIONS\n", "use GET, HEAD, OPTIONS\""}},
		{"PUT", "/api/v1/events", "405 Method Not Allowed\n",
			{"allow: GET, HEAD, POST, OPTIONS\n"}},
		{"GET", "/api/v1/ticket", "405 Method Not Allowed\n", {"allow: POST, OPTIONS\n"}},
		{"BREW", "/api/v1/ticket", "501 Not Implemented\n", {"unknown method"}},
		{"OPTIONS", "/api/v1/ticket", "204 No Content\n", {"allow: POST, OPTIONS\n"}},
		{"OPTIONS", "*", "204 No Content\n", {"allow: GET, HEAD, POST, OPTIONS\n"}},
	};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare(cases[i].method, cases[i].path);
		assert_int_equal(send_request(), 0);
		if (strncmp(heard.text, cases[i].status, strlen(cases[i].status)) != 0)
			fail_msg("%s: %s", cases[i].path, heard.text);
		for (int k = 0; k < 3 && cases[i].text[k]; k++)
			assert_heard(cases[i].text[k]);
		assert_heard("\ndate: ");
		assert_int_equal(server.connection.phase, HTTP_PHASE_HEAD); /* for the next one */
	}
	prepare("HEAD", "/healthz");
	send_request();
	assert_null(strstr(heard.text, "{"));
	/* They are counted by route and status; HEAD as GET. */
	prepare("GET", "/metrics");
	send_request();
	assert_heard("{method=\"GET\",route=\"/healthz\",status=\"200\"} 3\n");
	assert_heard("{method=\"POST\",route=\"/api/v1/ticket\",status=\"404\"} 1\n");
	assert_heard("{method=\"other\",route=\"other\",status=\"405\"} 3\n");
	assert_heard("\ndnc_http_requests_total 21\n");
	failing = "log";
	prepare("GET", "/readyz");
	send_request();
	assert_heard("503 Service Unavailable");
	assert_heard("\"failing\":[\"log\"]");
	failing = NULL;
	server.http->draining = true;
	send_request();
	assert_heard("\"failing\":[\"draining\"]");
	assert_ended();
	close_server();
}

/* Requests that arrive together, or byte by byte, are answered in their order; what is no request ends the
 * connection. */
static void requests_are_read_one_after_the_other(void **state)
{
	static const char two[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
				  "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
				  "BAD\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	const size_t n = sizeof two - 1;

	(void)state;
	open_server(false);
	for (size_t cut = 0; cut <= n; cut++) {
		prepare("GET", "/");
		http_connection_closed(&server.connection);
		server.connection = (struct http_connection){0};
		http_connection_open(
			&server.connection, wsi, server.http, peer.address ? peer.address : "");
		assert_int_equal(http_connection_receive(&server.connection, two, cut), 0);
		assert_int_equal(
			http_connection_receive(&server.connection, two + cut, n - cut), 0);
		take_turns();
		const char *ok = strstr(heard.text, "200 OK"),
			   *missing = strstr(heard.text, "404 Not Found"),
			   *bad = strstr(heard.text, "400 Bad Request");
		assert_true(ok && missing && bad && ok < missing && missing < bad);
		assert_null(strstr(bad, "200 OK"));
		assert_ended();
	}
	/* While an answer waits for the socket nothing is read. */
	prepare("GET", "/healthz");
	heard.full = true;
	send_request();
	assert_int_equal(server.connection.phase, HTTP_PHASE_SEND);
	assert_true(heard.paused);
	heard.n = 0;
	peer_send(&server.connection);
	assert_int_equal(heard.n, 0);
	heard.full = heard.buffered = false;
	assert_int_equal(http_connection_proceed(&server.connection), 0);
	assert_heard("200 OK");
	assert_false(heard.paused);
	close_server();
}

static void unknown_paths_and_methods_make_no_labels(void **state)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"};
	enum { METHODS = sizeof methods / sizeof methods[0], REQUESTS = 10 * METHODS };
	int rows = 0;

	(void)state;
	open_server(false);
	for (int i = 0; i < REQUESTS; i++) {
		char path[32];

		snprintf(path, sizeof path, "/unknown/%d%%22%%7D%%201", i);
		prepare(methods[i % METHODS], path);
		send_request();
		assert_heard("404 ");
		prepare("GET", path);
		add_header("Upgrade: websocket");
		send_request();
		assert_heard("404 ");
	}
	prepare("GET", "/metrics");
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
		const char *host, *header, *path, *answer;
		bool keys, ends;
	} cases[] = {
		{NULL, NULL, "/healthz", "400 ", false, true},
		{"evil.example", NULL, "/healthz", "403 ", false, false},
		{"evil.example", NULL, "/healthz", "200 ", true, false},
		{"localhost", "Origin: https://evil.example", "/nothing", "403 ", true, false},
		{"localhost", "Origin: http://localhost", "/nothing", "404 ", true, false},
		{"localhost", "Origin: https://ops.example", "/healthz", "200 ", false, false},
		{"localhost", "Content-Length: 0", "/healthz", "200 ", false, false},
		{"localhost", "Content-Length: 5", "/healthz", "400 ", false, true},
		{"localhost", "Content-Length: 99999999999999", "/healthz", "400 ", false, true},
		{"localhost", "Transfer-Encoding: chunked", "/healthz", "400 ", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		open_server(cases[i].keys);
		prepare("GET", cases[i].path);
		peer.host = cases[i].host;
		if (cases[i].header)
			add_header(cases[i].header);
		assert_int_equal(send_request(), 0);
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		/* A body that is not read ends the connection. */
		if (cases[i].ends)
			assert_ended();
		else
			assert_int_equal(server.connection.phase, HTTP_PHASE_HEAD);
		close_server();
	}
}

static void routes_ask_for_a_token_with_their_permission(void **state)
{
	(void)state;
	open_server(true);
	prepare("GET", "/healthz");
	send_request();
	assert_heard("200 ");
	prepare("GET", "/api/v1/clients");
	assert_int_equal(send_request(), 0);
	assert_heard("401 ");
	assert_heard("www-authenticate: Bearer\n");
	assert_heard("authentication required");
	add_header("Authorization: Bearer garbage");
	send_request();
	assert_heard("token rejected");
	prepare("GET", "/api/v1/clients");
	add_header(bearer("compliance"));
	send_request();
	assert_heard("403 ");
	assert_heard("the permission clients:read is missing");
	assert_non_null(strstr(server.records, "clients:read"));
	prepare("GET", "/api/v1/clients");
	add_header(bearer("admin"));
	send_request();
	assert_heard("200 ");
	prepare("POST", "/api/v1/ticket");
	add_header(bearer("admin"));
	send_request();
	assert_heard("{\"ticket\":\"");
	/* Metrics are open to this machine. */
	prepare("GET", "/metrics");
	send_request();
	assert_heard("401 ");
	prepare("GET", "/metrics");
	peer.address = "127.0.0.1";
	send_request();
	assert_heard("200 ");
	for (int i = 0; i < 12; i++) {
		prepare("GET", "/api/v1/info");
		add_header("Authorization: Bearer garbage");
		send_request();
	}
	assert_heard("429 ");
	assert_heard("retry-after: 6\n");
	close_server();
}

#define HANDSHAKE                                                                                  \
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

static void prepare_upgrade(void)
{
	prepare("GET", "/ws/dnc");
	add_header(HANDSHAKE);
}

/* Addresses of others are for those who may read metrics, who is connected for those who may list clients. */
static void stats_are_for_roles_as_they_may_see_them(void **state)
{
	static const struct {
		const char *role;
		bool status, clients, recent;
	} cases[] = {
		{"admin", true, true, true},
		{"operator", true, false, false},
		{"publisher", false, false, false},
	};

	(void)state;
	open_server(true);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare("GET", "/api/v1/stats");
		add_header(bearer(cases[i].role));
		send_request();
		assert_heard(cases[i].status ? "200 OK\n" : "403 Forbidden\n");
		if (!cases[i].status)
			continue;
		assert_heard("\"events\":{\"total\":70,");
		assert_heard("\"last_at\":\"2026-01-31T12:00:00.000Z\"");
		assert_heard("\"latency_ms\":{\"p50\":null,\"p99\":null,\"max\":null,\"count\":0}");
		assert_int_equal(!!strstr(heard.text, "\"by_role\":{"), cases[i].clients);
		assert_int_equal(!!strstr(heard.text, "\"channels\":["), cases[i].clients);
		assert_int_equal(!!strstr(heard.text, "\"recent\":{"), cases[i].recent);
	}
	/* The refusal before is told, with its address and the reason. */
	prepare("GET", "/api/v1/stats");
	add_header(bearer("admin"));
	send_request();
	assert_heard("\"recent\":{\"refusals\":[{\"at\":\"");
	assert_heard(
		"\"address\":\"192.0.2.1\",\"reason\":\"access denied: the permission dnc:read is "
		"missing");
	close_server();
}

/* The address of a stream has its ticket, the upgrade of a WebSocket names it among the subprotocols. */
static void a_ticket_opens_a_stream_once(void **state)
{
	struct dnc_identity desk = {
		.subject = "desk", .role = "compliance", .expires_ms = INT64_MAX};
	char ticket[DNC_TICKET_LEN + 1], text[128];

	(void)state;
	open_server(true);
	desk.key = server.identity.snapshot->keys->key[0]->print;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			dnc_ticket_make(server.auth, &desk, "192.0.2.7", ticket), DNC_TICKET_MADE);
		snprintf(text, sizeof text,
			i ? "Sec-WebSocket-Protocol: dnc.v1, dnc.ticket.%s" : "ticket=%s", ticket);
		/* A HEAD leaves it for the GET. */
		for (int used = i ? 1 : 0; used < 3; used++) {
			if (i) {
				prepare_upgrade();
				add_header(text);
			} else {
				prepare(used ? "GET" : "HEAD", "/api/v1/stream");
				peer.args[0] = text;
			}
			send_request();
			assert_heard(used == 1 ? i ? "101 " : "200 " : "401 ");
			if (used == 1)
				assert_string_equal(
					server.connection.session->identity->subject, "desk");
		}
	}
	/* Of two tickets none is valid, in whatever order, and none is used. */
	assert_int_equal(dnc_ticket_make(server.auth, &desk, "192.0.2.7", ticket), DNC_TICKET_MADE);
	for (int i = 0; i < 5; i++) {
		static const char *const forms[] = {"ticket=x&ticket=%s", "ticket=%s&ticket=x",
			"Sec-WebSocket-Protocol: dnc.v1, dnc.ticket.x, dnc.ticket.%s",
			"Sec-WebSocket-Protocol: dnc.v1, dnc.ticket.%s, dnc.ticket.x", "ticket=%s"};

		snprintf(text, sizeof text, forms[i], ticket);
		if (text[0] == 'S') {
			prepare_upgrade();
			add_header(text);
		} else {
			prepare("GET", "/api/v1/stream");
			peer.args[0] = text;
		}
		send_request();
		assert_heard(i < 4 ? "401 " : "200 ");
	}
	/* A used ticket is no wrong token; a text that is none is. */
	for (int i = 0; i < 12; i++) {
		prepare("GET", "/api/v1/stream");
		peer.args[0] = "ticket=nonsense";
		send_request();
	}
	assert_heard("429 ");
	assert_non_null(strstr(server.records, "\"reason\":\"ticket\""));
	close_server();
}

static void an_upgrade_with_another_method_is_told_which_to_use(void **state)
{
	static const struct {
		const char *method, *path, *answer, *part;
	} cases[] = {
		{"POST", "/ws/dnc", "405 ", "allow: GET, HEAD, OPTIONS\n"},
		{"DELETE", "/ws/dnc", "405 ", "allow: GET, HEAD, OPTIONS\n"},
		{"HEAD", "/ws/dnc", "426 ", "upgrade: websocket\n"},
		{"BREW", "/ws/dnc", "501 ", "unknown method"},
		{"POST", "/api/v1/events", "404 ", "it is at /ws/dnc"},
	};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare(cases[i].method, cases[i].path);
		add_header(HANDSHAKE);
		send_request();
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		assert_heard(cases[i].part);
	}
	close_server();
}

static void upgrades_are_checked_before_they_are_made(void **state)
{
	static const struct {
		const char *path, *header, *answer;
	} cases[] = {
		{"/ws/other", NULL, "404 "},
		{"/ws/dnc", "Origin: https://evil.example", "403 "},
		{"/ws/dnc", "Authorization: Bearer garbage", "401 "},
		{"/ws/dnc", "Sec-WebSocket-Protocol: chat", "400 "},
	};

	(void)state;
	open_server(true);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare_upgrade();
		peer.path = cases[i].path;
		if (cases[i].header)
			add_header(cases[i].header);
		send_request();
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		assert_null(server.connection.session);
	}
	/* The first message may authenticate. */
	prepare_upgrade();
	send_request();
	assert_heard("101 Switching Protocols\n");
	assert_heard("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n");
	assert_int_equal(server.connection.session->conn.state, CONN_OPENING);
	prepare_upgrade();
	add_header(bearer("compliance"));
	send_request();
	assert_int_equal(server.connection.session->conn.state, CONN_OPEN);
	assert_string_equal(server.connection.session->role->name, "compliance");
	server.http->draining = true;
	prepare_upgrade();
	send_request();
	assert_heard("503 ");
	assert_heard("retry-after: 1\n");
	server.http->draining = false;
	/* What was refused is counted, with no label of an unknown path. */
	prepare("GET", "/metrics");
	peer.address = "127.0.0.1";
	send_request();
	assert_heard("{method=\"other\",route=\"other\",status=\"404\"} 1\n");
	assert_heard("{method=\"GET\",route=\"/ws/dnc\",status=\"101\"} 2\n");
	assert_heard("{method=\"other\",route=\"other\",status=\"403\"} 1\n");
	assert_heard("{method=\"GET\",route=\"/ws/dnc\",status=\"401\"} 1\n");
	assert_heard("{method=\"GET\",route=\"/ws/dnc\",status=\"503\"} 1\n");
	close_server();
}

/* Runs the loop until the answer to a publication is there. */
static void await_answer(void)
{
	for (int i = 0; i < 10000 && !heard.n; i++)
		uv_run(&server.loop, UV_RUN_ONCE);
	assert_true(heard.n > 0);
}

/* Sends the head of a publication of N bytes; 0: in chunks. */
static void begin_publication(size_t n)
{
	static char length[48];

	prepare("POST", "/api/v1/events");
	snprintf(length, sizeof length, "Content-Length: %zu", n);
	add_header(n ? length : "Transfer-Encoding: chunked");
	assert_int_equal(send_request(), 0);
	assert_int_equal(heard.n, 0);
	assert_non_null(server.connection.exchange);
}

static int send_body(const char *text)
{
	return http_connection_receive(&server.connection, text, strlen(text));
}

static void publish(const char *text)
{
	begin_publication(strlen(text));
	assert_int_equal(send_body(text), 0);
}

/* The library calls back when the socket can take more. */
static void proceed(void)
{
	assert_int_equal(http_connection_proceed(&server.connection), 0);
	assert_null(server.connection.exchange);
	assert_int_equal(server.connection.phase, HTTP_PHASE_HEAD);
}

static void a_publication_is_answered_when_the_log_has_it(void **state)
{
	(void)state;
	open_server(false);
	/* Both lines are malformed: a cut event, and a number. Nothing is left for the log. */
	publish("{\"id\":\"0198f0a0-0000\n7");
	assert_heard("422 ");
	assert_heard("\"rejected_count\":2");
	assert_int_equal(server.connection.phase, HTTP_PHASE_HEAD);

	publish(EVENT "\n7");
	await_answer();
	assert_heard("200 OK");
	assert_heard("{\"accepted\":1,\"duplicates\":0,");
	assert_heard("\"last_seq\":1}");
	proceed();
	assert_int_equal(dnc_journal_last(server.journal), 1);
	assert_non_null(strstr(server.records, "\"what\":\"published\""));
	assert_non_null(strstr(server.records, "\"accepted\":1"));

	/* The record agrees with the answer: an id that another event has is rejected, too. */
	server.records[0] = '\0';
	publish(OTHER "\n7");
	await_answer();
	assert_heard("\"rejected_count\":2");
	assert_non_null(strstr(server.records, "\"accepted\":0,\"duplicates\":0,\"rejected\":2,"));

	/* After the last chunk follows the next request. */
	begin_publication(0);
	assert_int_equal(
		send_body("2\r\n[]\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		0);
	assert_heard("422 ");
	assert_null(strstr(heard.text, "200 OK")); /* it takes a turn of its own */
	take_turns();
	assert_heard("200 OK");
	close_server();
}

/* Requests that follow a body wait for its answer, however the bytes are cut. */
static void what_follows_a_body_waits_for_the_answer(void **state)
{
	static const char next[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

	(void)state;
	open_server(false);
	for (size_t cut = 0; cut < sizeof next; cut++) {
		char text[1024];

		snprintf(text, sizeof text, EVENT "%.*s", (int)cut, next);
		begin_publication(sizeof EVENT - 1);
		assert_int_equal(send_body(text), 0);
		assert_int_equal(send_body(next + cut), 0);
		await_answer();
		assert_null(strstr(heard.text, "{\"status\":\"ok\"}"));
		assert_true(heard.paused);
		proceed();
		assert_false(heard.paused);
		assert_heard("{\"status\":\"ok\"}");
	}
	close_server();
}

static void a_client_that_awaits_100_gets_it_before_its_body(void **state)
{
	(void)state;
	open_server(false);
	prepare("POST", "/api/v1/events");
	add_header("Content-Length: 2");
	add_header("Expect: 100-continue");
	assert_int_equal(send_request(), 0);
	assert_string_equal(heard.text, "100 Continue\n\n");
	send_body("[]");
	assert_heard("422 ");
	/* What is refused by its head is refused at once. */
	prepare("POST", "/api/v1/events");
	add_header("Content-Length: 5000000");
	add_header("Expect: 100-continue");
	send_request();
	assert_null(strstr(heard.text, "100 Continue"));
	assert_heard("413 ");
	assert_ended();
	close_server();
}

static void a_client_that_goes_loses_its_answer_not_its_events(void **state)
{
	(void)state;
	open_server(false);
	publish(EVENT);
	http_connection_closed(&server.connection);
	assert_true(dnc_writer_drain(server.writer));
	for (int i = 0; i < 10000 && !strstr(server.records, "published"); i++)
		uv_run(&server.loop, UV_RUN_ONCE);
	assert_non_null(strstr(server.records, "published"));
	assert_int_equal(heard.n, 0);
	/* Before its body is whole nothing is logged. */
	begin_publication(1000);
	send_body("[");
	http_connection_closed(&server.connection);
	close_server();
}

static void publications_are_refused_with_their_fault(void **state)
{
	static const struct {
		const char *length, *body, *answer;
	} cases[] = {
		{"Content-Length: 5000000", NULL, "413 "},
		{"Content-Length: many", NULL, "400 "},
		{"Accept: */*", NULL, "411 "},
		{"Content-Length: 3", "\x1F\x8B\x08", "415 "},
		{"Transfer-Encoding: chunked", "x\r\n", "400 "},
	};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare("POST", "/api/v1/events");
		add_header(cases[i].length);
		assert_int_equal(send_request(), 0);
		if (cases[i].body)
			assert_int_equal(send_body(cases[i].body), 0);
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		assert_null(server.connection.exchange);
	}
	dnc_writer_stop(server.writer);
	publish(EVENT);
	assert_heard("503 ");
	assert_heard("retry-after: 1\n");
	server.http->draining = true;
	prepare("POST", "/api/v1/events");
	add_header("Content-Length: 1");
	send_request();
	assert_heard("the hub is shutting down");
	assert_ended();
	close_server();
}

/* Sends the request on another connection, which is closed. */
static void send_beside(void)
{
	struct http_connection other = {0};

	http_connection_open(&other, wsi, server.http, peer.address ? peer.address : "");
	assert_int_equal(peer_send(&other), 0);
	http_connection_closed(&other);
}

static void add_events(struct dnc_buf *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dnc_buf_lit(text,
			"{\"type\":\"dnc.number.released\",\"phone_number\":\"+13035550143\","
			"\"reason\":\"x\"}\n");
}

static void compress_text(struct dnc_buf *text)
{
	enum { GZIP_WINDOW = 15 + 16 };
	z_stream z = {0};
	struct dnc_buf packed = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_true(dnc_buf_reserve(&packed, deflateBound(&z, text->n)));
	z.next_in = (unsigned char *)text->p;
	z.avail_in = (unsigned)text->n;
	z.next_out = (unsigned char *)packed.p;
	z.avail_out = (unsigned)packed.size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed.n = z.total_out;
	deflateEnd(&z);
	dnc_buf_free(text);
	*text = packed;
}

enum { MANY = 3000 }; /* events: some slices */

/* Sends a publication of MANY events on C, which is new. It is not answered at once. */
static void publish_many(struct http_connection *c, bool gzip)
{
	struct dnc_buf text = {0};
	char length[48];

	add_events(&text, MANY);
	if (gzip)
		compress_text(&text);
	memset(peer.headers, 0, sizeof peer.headers);
	snprintf(length, sizeof length, "Content-Length: %zu", text.n);
	add_header(length);
	if (gzip)
		add_header("Content-Encoding: gzip");
	*c = (struct http_connection){0};
	http_connection_open(c, wsi, server.http, peer.address ? peer.address : "");
	assert_int_equal(peer_send(c), 0);
	assert_int_equal(http_connection_receive(c, text.p, text.n), 0);
	dnc_buf_free(&text);
	assert_int_equal(heard.n, 0);
	assert_int_equal(c->phase, HTTP_PHASE_ANSWER);
}

/* No request has memory for its body any more. */
static void assert_nothing_reserved(void)
{
	size_t reserved = 0;

	assert_true(limits_reserve(server.options.shared->limits, &reserved, LIMITS_BODY_BYTES));
	assert_true(limits_reserve(server.options.shared->limits, &reserved, 0));
}

static void large_publications_take_turns(void **state)
{
	uint64_t last;
	struct http_connection second;
	size_t answers = 0, turns = 0;

	(void)state;
	open_server(false);
	last = dnc_journal_last(server.journal);
	prepare("POST", "/api/v1/events");
	publish_many(&server.connection, false);
	publish_many(&second, true);
	/* One that is small does not wait for them. */
	prepare("GET", "/healthz");
	send_beside();
	assert_heard("200 OK");
	for (; answers < 2 && turns < 100000; turns++) {
		heard.n = 0;
		heard.text[0] = '\0';
		uv_run(&server.loop, UV_RUN_ONCE);
		for (const char *p = heard.text; (p = strstr(p, "{\"accepted\":3000,")); p++)
			answers++;
	}
	assert_int_equal(answers, 2);
	assert_true(turns > 2);
	assert_int_equal(dnc_journal_last(server.journal), last + 2 * MANY);
	http_connection_closed(&second);
	proceed();
	assert_nothing_reserved();
	close_server();
}

static void a_client_that_goes_meanwhile_drops_its_publication(void **state)
{
	uint64_t last;

	(void)state;
	open_server(false);
	last = dnc_journal_last(server.journal);
	for (int turns = 0; turns < 2; turns++) {
		prepare("POST", "/api/v1/events");
		publish_many(&server.connection, turns);
		for (int i = 0; i < turns; i++)
			uv_run(&server.loop, UV_RUN_NOWAIT);
		http_connection_closed(&server.connection);
		/* Nothing is left to do, and nothing was done. */
		for (int i = 0; i < 10; i++)
			uv_run(&server.loop, UV_RUN_NOWAIT);
		assert_int_equal(uv_backend_timeout(&server.loop), -1);
		assert_nothing_reserved();
	}
	assert_true(dnc_writer_drain(server.writer));
	assert_int_equal(dnc_journal_last(server.journal), last);
	assert_string_equal(server.records, "");
	close_server();
}

static void a_publication_in_progress_is_refused_when_the_hub_drains(void **state)
{
	uint64_t last;

	(void)state;
	open_server(false);
	last = dnc_journal_last(server.journal);
	prepare("POST", "/api/v1/events");
	publish_many(&server.connection, false);
	server.http->draining = true;
	await_answer();
	assert_heard("503 ");
	assert_heard("retry-after: 1\n");
	assert_heard("the hub is shutting down");
	assert_int_equal(http_connection_proceed(&server.connection), 0);
	assert_ended();
	assert_nothing_reserved();
	assert_int_equal(dnc_journal_last(server.journal), last);
	close_server();
}

/* The library drops its connections after the handles were closed. */
static void a_publication_in_progress_is_dropped_when_the_server_closes(void **state)
{
	uint64_t last;

	(void)state;
	open_server(false);
	last = dnc_journal_last(server.journal);
	prepare("POST", "/api/v1/events");
	publish_many(&server.connection, false);
	stop_log();
	http_context_close(server.http);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	http_connection_closed(&server.connection);
	assert_nothing_reserved();
	assert_int_equal(heard.n, 0);
	assert_int_equal(dnc_journal_last(server.journal), last);
	free_server();
}

/* While the memory for bodies is used up, the oldest publication goes on, and the next ones wait for it. */
static void publications_wait_for_memory(void **state)
{
	struct http_connection second;
	size_t reserved = 0, answers = 0;

	(void)state;
	open_server(false);
	prepare("POST", "/api/v1/events");
	publish_many(&server.connection, false);
	publish_many(&second, false);
	for (size_t n = LIMITS_BODY_BYTES; n && !reserved; n -= 4096)
		limits_reserve(server.options.shared->limits, &reserved, n);
	assert_true(reserved > 0);
	for (int i = 0; i < 100000 && answers < 2; i++) {
		heard.n = 0;
		heard.text[0] = '\0';
		uv_run(&server.loop, UV_RUN_ONCE);
		for (const char *p = heard.text; (p = strstr(p, "{\"accepted\":3000,")); p++)
			answers++;
	}
	assert_int_equal(answers, 2);
	limits_reserve(server.options.shared->limits, &reserved, 0);
	http_connection_closed(&second);
	proceed();
	assert_nothing_reserved();
	close_server();
}

struct turn {
	struct publisher_job job; /* first: its function converts */
	char name;
	int left; /* turns until it drops itself */
};

static char turns_taken[64];

static void take_turn(struct publisher_job *job)
{
	struct turn *t = (struct turn *)job;
	size_t n = strlen(turns_taken);

	turns_taken[n] = t->name;
	turns_taken[n + 1] = '\0';
	if (--t->left == 0)
		publisher_drop(server.http->publisher, job);
}

static void jobs_take_turns_one_in_each_of_the_loop(void **state)
{
	struct turn t[] = {{{.work = take_turn}, 'a', 2}, {{.work = take_turn}, 'b', 9},
		{{.work = take_turn}, 'c', 4}, {{.work = take_turn}, 'd', 1}};
	struct publisher *p;

	(void)state;
	open_server(false);
	p = server.http->publisher;
	turns_taken[0] = '\0';
	for (int i = 0; i < 3; i++)
		assert_true(publisher_queue(p, &t[i].job));
	assert_true(publisher_is_oldest(p, &t[0].job));
	for (int i = 1; i <= 5; i++) {
		uv_run(&server.loop, UV_RUN_NOWAIT);
		assert_int_equal(strlen(turns_taken), i);
	}
	assert_string_equal(turns_taken, "abcab");
	assert_true(publisher_is_oldest(p, &t[1].job));
	/* The one that had the last turn goes, and one comes. */
	publisher_drop(p, &t[1].job);
	publisher_drop(p, &t[1].job);
	assert_true(publisher_queue(p, &t[3].job));
	for (int i = 0; i < 10; i++)
		uv_run(&server.loop, UV_RUN_NOWAIT);
	assert_string_equal(turns_taken, "abcabcdcc");
	assert_int_equal(uv_backend_timeout(&server.loop), -1);
	close_server();
}

/* Waits for the log's reader, and passes on what it has found. */
static void await_job(void)
{
	struct pollfd p = {.fd = server.read_done, .events = POLLIN};
	uint64_t count;

	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(server.read_done, &count, sizeof count), sizeof count);
}

static void finish_reading(void)
{
	await_job();
	dnc_reader_finish(server.reader);
}

enum { PROVIDERS = 100, PROVIDER_NOTE = 30000 };

/* Has the log know PROVIDERS providers, each by three long lines. */
static void publish_providers(void)
{
	static const struct {
		const char *type, *status;
	} kinds[] = {{"list.synced", "sync_status\":\"success"},
		{"list.synced", "sync_status\":\"failed"},
		{"provider.status_change", "new_status\":\"online"}};
	static char note[PROVIDER_NOTE + 1];
	struct dnc_providers *p = dnc_journal_providers(server.journal);
	struct dnc_buf line = {0};

	memset(note, 'x', PROVIDER_NOTE);
	for (unsigned i = 0; i < 3 * PROVIDERS; i++) {
		dnc_buf_clear(&line);
		dnc_buf_printf(&line,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012u\",\"type\":\"dnc.%s\","
			"\"provider\":\"p%04u\",\"severity\":\"info\","
			"\"timestamp\":\"2026-01-31T12:00:%02u.000Z\",\"summary\":\"s\","
			"\"event_data\":{\"%s\",\"error_message\":\"%s\"},\"metadata\":{"
			"\"ingested_at\":\"2026-01-31T12:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i, kinds[i / PROVIDERS].type, i % PROVIDERS, i / PROVIDERS,
			kinds[i / PROVIDERS].status, note);
		assert_true(dnc_buf_reserve(&line, DNC_JSON_PADDING));
		assert_int_equal(
			providers_stage(p, dnc_buf_view(&line), i + 1, INT64_C(1769947200000)), 0);
	}
	providers_commit(p);
	dnc_buf_free(&line);
}

/* How often the loop's thread, which runs the test, works on the list of providers. */
static pthread_t loop_thread;
static unsigned looped;

int __real_provider_list_add(struct provider_list *list);
int __wrap_provider_list_add(struct provider_list *list);
int __wrap_provider_list_add(struct provider_list *list)
{
	looped += pthread_equal(pthread_self(), loop_thread) != 0;
	return __real_provider_list_add(list);
}

/* What making the list takes: the same work as that of the request. */
static int64_t list_providers_ns(void)
{
	const struct dnc_view view = {.types = DNC_ALL_TYPES};
	int64_t start = dnc_clock_thread_ns();
	struct provider_list *list =
		provider_list_new(&view, server.journal, INT64_C(1769947200000));

	assert_non_null(list);
	while (provider_list_add(list) > 0)
		;
	provider_list_free(list);
	return dnc_clock_thread_ns() - start;
}

static void providers_are_listed_outside_of_the_loop(void **state)
{
	int64_t start, request, answer, all;

	(void)state;
	open_server(false);
	publish_providers();
	loop_thread = pthread_self();
	looped = 0;
	all = list_providers_ns();
	assert_true(looped > 0); /* this was in the loop's thread */
	looped = 0;
	prepare("GET", "/api/v1/providers");
	start = dnc_clock_thread_ns();
	assert_int_equal(send_request(), 0);
	request = dnc_clock_thread_ns() - start;
	assert_int_equal(heard.n, 0);
	await_job();
	start = dnc_clock_thread_ns();
	dnc_reader_finish(server.reader);
	answer = dnc_clock_thread_ns() - start;
	assert_heard("200 OK\n");
	assert_heard("\"last_good_sync\":{\"seq\":1,");
	printf("%d providers: %.1f ms, of which %.2f and %.2f ms in the loop\n", PROVIDERS,
		(double)all / 1e6, (double)request / 1e6, (double)answer / 1e6);
	assert_int_equal(looped, 0);
	/* A client that has left. */
	prepare("GET", "/api/v1/providers");
	assert_int_equal(send_request(), 0);
	close_server();
}

static void a_page_of_the_log_is_answered_when_it_was_read(void **state)
{
	(void)state;
	open_server(false);
	prepare("GET", "/api/v1/events");
	peer.args[0] = "limit=x";
	assert_int_equal(send_request(), 0);
	assert_heard("400 ");
	assert_heard("limit must be a number");
	prepare("GET", "/api/v1/events");
	peer.args[0] = "phone_patterns=%5B";
	send_request();
	assert_heard("\"detail\":\"phone_patterns");
	for (int gone = 0; gone < 2; gone++) {
		prepare("GET", "/api/v1/events");
		peer.args[0] = "phone=%2B13035550143";
		peer.args[1] = "limit=1";
		add_header("Accept: application/json");
		assert_int_equal(send_request(), 0);
		assert_int_equal(heard.n, 0);
		if (gone)
			http_connection_closed(&server.connection);
		finish_reading();
		assert_int_equal(heard.n > 0, !gone);
		if (!gone)
			proceed();
	}
	assert_non_null(strstr(server.records, "\"what\":\"read\""));
	assert_null(strstr(server.records, "5550143"));
	close_server();
}

/* What the client may see is what it may see when it gets it. */
static void a_page_that_was_asked_for_before_a_reload_is_not_answered(void **state)
{
	static const struct {
		const char *role;
		int lives_s;       /* of the token */
		bool ends, reload; /* before the page was read */
		const char *answer, *records;
	} cases[] = {
		{"compliance", 600, false, false, "200 ", "\"what\":\"read\""},
		{"compliance", 600, false, true, "503 ", ""},
		{"compliance", 3, true, false, "401 ", "\"reason\":\"expired\""},
	};
	struct dnc_error err;

	(void)state;
	open_server(true);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		time_t end = time(NULL) + cases[i].lives_s;

		server.records[0] = '\0';
		prepare("GET", "/api/v1/events");
		peer.args[0] = "limit=1";
		add_header(bearer_until(cases[i].role, end));
		assert_int_equal(send_request(), 0);
		assert_int_equal(heard.n, 0);
		if (cases[i].reload)
			assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
		while (cases[i].ends && dnc_clock_now_ms() < 1000 * (int64_t)end)
			poll(NULL, 0, 20);
		finish_reading();
		if (strncmp(heard.text, cases[i].answer, 4) != 0)
			fail_msg("case %zu: %s", i, heard.text);
		assert_non_null(strstr(server.records, cases[i].records));
		assert_null(server.connection.exchange);
	}
	close_server();
}

static void a_stream_begins_or_is_refused_before_its_head(void **state)
{
	(void)state;
	open_server(false);
	prepare("GET", "/api/v1/stream");
	peer.args[0] = "provider=%zz";
	send_request();
	assert_heard("400 ");
	prepare("GET", "/api/v1/stream");
	add_header("Last-Event-ID: nonsense");
	send_request();
	assert_heard("Last-Event-ID: is not an id");
	prepare("HEAD", "/api/v1/stream");
	assert_int_equal(send_request(), 0);
	assert_heard("200 OK\n");
	assert_heard("content-type: text/event-stream\n");
	assert_null(server.connection.session);
	prepare("GET", "/api/v1/stream");
	assert_int_equal(send_request(), 0);
	assert_heard("200 OK\n");
	assert_heard("x-accel-buffering: no\n");
	assert_heard("event: connection\n");
	assert_non_null(server.connection.session);
	assert_int_equal(server.connection.phase, HTTP_PHASE_SESSION);
	/* It is in the list, and takes the one place that its address has. */
	prepare("GET", "/api/v1/clients");
	send_beside();
	assert_heard("\"address\":\"192.0.2.1\"");
	prepare("GET", "/api/v1/stream");
	send_beside();
	assert_heard("429 ");
	server.http->draining = true;
	prepare("GET", "/api/v1/stream");
	send_beside();
	assert_heard("503 ");
	close_server();
}

/* The value of the header NAME ("etag: ") of the answer. */
static void copy_header(const char *name, char *out, size_t size)
{
	const char *p = strstr(heard.text, name);

	assert_non_null(p);
	p += strlen(name);
	snprintf(out, size, "%.*s", (int)strcspn(p, "\n"), p);
}

static void ask_for_page(
	const char *method, const char *path, const char *encoding, const char *tag)
{
	static char condition[128];

	prepare(method, path);
	if (encoding)
		add_header(encoding);
	snprintf(condition, sizeof condition, "If-None-Match: %s", tag);
	if (tag[0])
		add_header(condition);
	assert_int_equal(send_request(), 0);
}

static void the_page_needs_no_token_and_may_load_nothing_else(void **state)
{
	(void)state;
	open_server(true);
	ask_for_page("GET", "/", NULL, "");
	assert_int_equal(strncmp(heard.text, "200 OK\n", 7), 0);
	assert_heard("\ncontent-type: text/html; charset=utf-8\n");
	assert_heard("\ncontent-security-policy: default-src 'none'; script-src 'self'; ");
	assert_heard("\ncache-control: no-cache\n");
	assert_heard("\nvary: accept-encoding\n");
	assert_heard("<!doctype html>");
	assert_null(strstr(heard.text, "no-store"));
	assert_null(strstr(heard.text, "default-src 'self'"));
	assert_null(strstr(heard.text, "content-encoding"));
	ask_for_page("GET", "/page/style.css", NULL, "");
	assert_heard("\ncontent-type: text/css; charset=utf-8\n");
	ask_for_page("GET", "/page/app.js", NULL, "");
	assert_heard("\ncontent-type: text/javascript; charset=utf-8\n");
	assert_heard("\ncross-origin-resource-policy: same-origin\n");
	close_server();
}

static void the_page_is_compressed_for_those_who_say_so(void **state)
{
	static const struct {
		const char *encoding;
		bool gzip;
	} cases[] = {
		{"Accept-Encoding: gzip", true},
		{"Accept-Encoding: br, GZIP;q=0.5", true},
		{"Accept-Encoding: gzip;q=0", false},
		{"Accept-Encoding: gzip;q=0.0, *", false},
		{"Accept-Encoding: *", false},
		{"Accept-Encoding: br", false},
		{"Accept-Encoding: xgzip", false},
		{NULL, false},
	};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ask_for_page("HEAD", "/page/style.css", cases[i].encoding, "");
		if (!strstr(heard.text, "\ncontent-encoding: gzip\n") == cases[i].gzip)
			fail_msg("%s: %s", cases[i].encoding, heard.text);
		assert_null(strstr(heard.text, "{"));
	}
	close_server();
}

static void who_has_a_file_gets_no_body(void **state)
{
	char plain[64], gzip[64], other[160];

	(void)state;
	open_server(false);
	ask_for_page("GET", "/", NULL, "");
	copy_header("etag: ", plain, sizeof plain);
	ask_for_page("GET", "/", "Accept-Encoding: gzip", "");
	copy_header("etag: ", gzip, sizeof gzip);
	assert_string_not_equal(plain, gzip);
	ask_for_page("GET", "/", NULL, plain);
	assert_int_equal(strncmp(heard.text, "304 Not Modified\n", 17), 0);
	assert_heard(plain);
	assert_heard("\ncache-control: no-cache\n");
	assert_null(strstr(heard.text, "<!doctype"));
	assert_null(strstr(heard.text, "content-length"));
	snprintf(other, sizeof other, "\"x\", W/%s", gzip);
	ask_for_page("GET", "/", "Accept-Encoding: gzip", other);
	assert_int_equal(strncmp(heard.text, "304 ", 4), 0);
	ask_for_page("GET", "/", NULL, "*");
	assert_int_equal(strncmp(heard.text, "304 ", 4), 0);
	/* That of another form is another one. */
	ask_for_page("GET", "/", NULL, gzip);
	assert_int_equal(strncmp(heard.text, "200 ", 4), 0);
	close_server();
}

static void no_other_path_is_a_file_of_the_page(void **state)
{
	static const char *const paths[] = {
		"/page/", "/page/nothing.js", "/page/../page/app.js", "/page", "/index.html"};

	(void)state;
	open_server(false);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		ask_for_page("GET", paths[i], NULL, "");
		if (strncmp(heard.text, "404 Not Found\n", 14) != 0)
			fail_msg("%s: %s", paths[i], heard.text);
	}
	ask_for_page("POST", "/page/app.js", NULL, "");
	assert_heard("405 Method Not Allowed\n");
	/* Files make no labels of their own. */
	ask_for_page("GET", "/metrics", NULL, "");
	assert_heard("{method=\"GET\",route=\"/page/\",status=\"404\"} 3\n");
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
		cmocka_unit_test(requests_are_read_one_after_the_other),
		cmocka_unit_test(unknown_paths_and_methods_make_no_labels),
		cmocka_unit_test(hosts_origins_and_bodies_are_checked_before_routes),
		cmocka_unit_test(routes_ask_for_a_token_with_their_permission),
		cmocka_unit_test(stats_are_for_roles_as_they_may_see_them),
		cmocka_unit_test(a_ticket_opens_a_stream_once),
		cmocka_unit_test(an_upgrade_with_another_method_is_told_which_to_use),
		cmocka_unit_test(upgrades_are_checked_before_they_are_made),
		cmocka_unit_test(a_publication_is_answered_when_the_log_has_it),
		cmocka_unit_test(what_follows_a_body_waits_for_the_answer),
		cmocka_unit_test(a_client_that_awaits_100_gets_it_before_its_body),
		cmocka_unit_test(a_client_that_goes_loses_its_answer_not_its_events),
		cmocka_unit_test(publications_are_refused_with_their_fault),
		cmocka_unit_test(large_publications_take_turns),
		cmocka_unit_test(a_client_that_goes_meanwhile_drops_its_publication),
		cmocka_unit_test(a_publication_in_progress_is_refused_when_the_hub_drains),
		cmocka_unit_test(a_publication_in_progress_is_dropped_when_the_server_closes),
		cmocka_unit_test(publications_wait_for_memory),
		cmocka_unit_test(jobs_take_turns_one_in_each_of_the_loop),
		cmocka_unit_test(providers_are_listed_outside_of_the_loop),
		cmocka_unit_test(a_page_of_the_log_is_answered_when_it_was_read),
		cmocka_unit_test(a_page_that_was_asked_for_before_a_reload_is_not_answered),
		cmocka_unit_test(a_stream_begins_or_is_refused_before_its_head),
		cmocka_unit_test(the_page_needs_no_token_and_may_load_nothing_else),
		cmocka_unit_test(the_page_is_compressed_for_those_who_say_so),
		cmocka_unit_test(who_has_a_file_gets_no_body),
		cmocka_unit_test(no_other_path_is_a_file_of_the_page),
	};

	return cmocka_run_group_tests(tests, make_key, remove_dir);
}
