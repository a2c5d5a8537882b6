/* A whole web server on a loop, with the library and real sockets of the loopback. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>
#include <zlib.h>
#include "base/clock.h"
#include "log/writer.h"
#include "web/web.h"

enum { WAIT_MS = 20000, STEP_MS = 2 };

static char dir[] = "/tmp/dnc-server-XXXXXX", unix_path[64], unix_address[80], roles_path[64],
	    cert_path[64], key_path[64];
static const char *const addresses[] = {"127.0.0.1:0", unix_address};

static struct {
	uv_loop_t loop;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_ring *ring;
	struct dnc_hub *hub;
	struct dnc_auth *auth;
	struct dnc_web_options options;
	struct dnc_web *web;
	char records[16 << 10]; /* of the audit, a line each */
	size_t advanced;
} server;

/* What the current client has read. */
static struct {
	int fd;
	char text[256 << 10];
	size_t n;
} client;

static void keep_record(void *ctx, struct dnc_str json)
{
	size_t n = strlen(server.records);

	(void)ctx;
	assert_true(n + json.n + 2 < sizeof server.records);
	snprintf(server.records + n, sizeof server.records - n, "%.*s\n", DNC_STR_ARG(json));
}

static void count_advance(void *ctx)
{
	(void)ctx;
	server.advanced++;
}

static void add_metrics(void *ctx, struct dnc_buf *out)
{
	(void)ctx;
	dnc_buf_lit(out, "dnc_of_the_program 1\n");
}

static const char *name_failing(void *ctx)
{
	(void)ctx;
	return NULL;
}

static void on_work(void *ctx)
{
	(void)ctx;
	dnc_web_work(server.web);
}

/* In the writer's thread: what is committed is not sent to clients here. */
static void dequeue(void *ctx)
{
	static struct dnc_batch batch;

	(void)ctx;
	while (server.writer && dnc_writer_dequeue(server.writer, &batch))
		;
	dnc_batch_free(&batch);
	memset(&batch, 0, sizeof batch);
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* All but the web server, whose options may be changed before open_web(). */
static void prepare(void)
{
	static const struct dnc_web_limits limits = {.connections = 10};
	struct dnc_error err;

	memset(&server, 0, sizeof server);
	assert_int_equal(uv_loop_init(&server.loop), 0);
	put_file(roles_path, "");
	server.auth = dnc_auth_new(
		&(struct dnc_auth_options){.default_role = "admin", .roles_file = roles_path},
		&err);
	server.journal = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	server.writer = dnc_writer_new(server.journal, dequeue, NULL);
	assert_non_null(server.writer);
	assert_int_equal(dnc_writer_start(server.writer), 0);
	server.ring = dnc_ring_new(1 << 20, 0);
	server.hub = dnc_hub_new(&(struct dnc_hub_options){.ring = server.ring,
		.max_lag = 1000,
		.journal = server.journal,
		.transport = dnc_web_transport,
		.work = on_work});
	assert_non_null(server.hub);
	server.options = (struct dnc_web_options){.listen = addresses,
		.listen_count = 2,
		.shared = dnc_shared_new(&limits),
		.auth = server.auth,
		.ring = server.ring,
		.hub = server.hub,
		.writer = server.writer,
		.audit = keep_record,
		.advanced = count_advance,
		.metrics = add_metrics,
		.not_ready = name_failing};
}

static void open_web(void)
{
	struct dnc_error err;

	server.web = dnc_web_new(&server.loop, &server.options);
	assert_non_null(server.web);
	if (dnc_web_open(server.web, &err) < 0)
		fail_msg("%s", err.message);
}

static void close_web(void)
{
	dnc_web_close(server.web);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	dnc_web_free(server.web);
	server.web = NULL;
}

static void finish(void)
{
	assert_int_equal(dnc_shared_count(server.options.shared), 0);
	assert_int_equal(uv_loop_close(&server.loop), 0);
	dnc_writer_stop(server.writer);
	dnc_writer_join(server.writer);
	dnc_writer_free(server.writer);
	dnc_hub_free(server.hub);
	dnc_ring_free(server.ring);
	dnc_journal_close(server.journal);
	dnc_shared_free(server.options.shared);
	dnc_auth_free(server.auth);
}

static void open_server(void)
{
	prepare();
	open_web();
}

static void close_server(void)
{
	close_web();
	finish();
}

/* Turns the loop until CONDITION is true. */
#define AWAIT(condition)                                                                           \
	do {                                                                                       \
		int64_t until = dnc_clock_mono_ms() + WAIT_MS;                                     \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (dnc_clock_mono_ms() > until)                                           \
				fail_msg("waited in vain for %s; read: %.*s", #condition,          \
					(int)client.n, client.text);                               \
			uv_run(&server.loop, UV_RUN_NOWAIT);                                       \
			poll(NULL, 0, STEP_MS);                                                    \
		}                                                                                  \
	} while (0)

static void connect_to(const struct sockaddr *address, socklen_t size)
{
	client.n = 0;
	client.fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client.fd, address, size), 0);
	assert_int_equal(fcntl(client.fd, F_SETFL, O_NONBLOCK), 0);
}

static void connect_tcp(void)
{
	const char *port = strrchr(dnc_web_address(server.web, 0), ':') + 1;
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};

	connect_to((struct sockaddr *)&address, sizeof address);
}

static void connect_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", unix_path);
	connect_to((struct sockaddr *)&address, sizeof address);
}

/* Closes the client's socket and waits until the server has noticed. */
static void disconnect(void)
{
	close(client.fd);
	AWAIT(dnc_shared_count(server.options.shared) == 0);
}

static void send_bytes(const void *bytes, size_t n)
{
	assert_int_equal(send(client.fd, bytes, n, MSG_NOSIGNAL), n);
}

static void send_request(const char *line, const char *headers, const char *body)
{
	char text[4096];
	int n = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s", line,
		headers, body);

	client.n = 0;
	send_bytes(text, (size_t)n);
}

/* True once WORD has come; false while it has not. Fails at the end of the connection. */
static bool has_come(const char *word, size_t n)
{
	ssize_t got = read(client.fd, client.text + client.n, sizeof client.text - client.n);

	client.n += got > 0 ? (size_t)got : 0;
	if (memmem(client.text, client.n, word, n))
		return true;
	if (got == 0)
		fail_msg("closed before %.*s: %.*s", (int)n, word, (int)client.n, client.text);
	return false;
}

static void expect(const char *word)
{
	AWAIT(has_come(word, strlen(word)));
}

static bool has_ended(void)
{
	ssize_t got = read(client.fd, client.text + client.n, sizeof client.text - client.n);

	client.n += got > 0 ? (size_t)got : 0;
	return got == 0 || (got < 0 && errno == ECONNRESET);
}

/* The first bytes of a frame, with those of HEAD; masked with zeroes. */
static void send_frame(unsigned char head, const void *payload, size_t n)
{
	unsigned char frame[256] = {head, (unsigned char)(0x80 | n)};

	assert_true(n < 126);
	memcpy(frame + 6, payload, n);
	client.n = 0;
	send_bytes(frame, 6 + n);
}

static void say(const char *message)
{
	send_frame(0x81, message, strlen(message));
}

static void upgrade(const char *path, const char *headers)
{
	char line[256], all[512];

	snprintf(line, sizeof line, "GET %s", path);
	snprintf(all, sizeof all,
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n%s",
		headers);
	send_request(line, all, "");
}

static void publish(int number)
{
	char line[600];
	int n = snprintf(line, sizeof line,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
		"\"phone_number\":\"+13035550143\",\"provider\":\"p\",\"severity\":\"high\","
		"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\",\"event_data\":{},"
		"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}",
		number);
	struct dnc_event_reader *reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	struct dnc_event_shape shape;
	struct dnc_event event;

	assert_int_equal(dnc_event_parse(reader, line, (size_t)n, &event), 0);
	dnc_event_shape_of(&event, &shape);
	dnc_event_reader_free(reader);
	assert_true(dnc_ring_reserve(server.ring, (size_t)n, 1));
	dnc_ring_append(server.ring, line, (size_t)n, &shape, 1);
	dnc_web_flush(server.web);
}

static void requests_are_answered_over_tcp_and_unix_sockets(void **state)
{
	static const struct {
		const char *line, *headers, *body, *answer, *text;
	} cases[] = {
		{"GET /healthz", "", "", "HTTP/1.1 200", "{\"status\":\"ok\"}"},
		{"GET /nothing", "", "", "HTTP/1.1 404", "no such path"},
		{"GET /api/v1/info", "", "", "HTTP/1.1 200", "\"max_connections\":10,"},
		{"GET /metrics", "", "", "HTTP/1.1 200", "dnc_of_the_program 1\n"},
		{"GET /api/v1/clients", "", "", "HTTP/1.1 200", "{\"clients\":[]}"},
		{"GET /api/v1/events", "", "", "HTTP/1.1 503", "keeps no event log"},
		{"GET /healthz", "Connection: close\r\n", "", "HTTP/1.1 200",
			"{\"status\":\"ok\"}"},
	};

	(void)state;
	open_server();
	assert_string_equal(dnc_web_address(server.web, 1), unix_address);
	assert_string_equal(dnc_web_address(server.web, 2), "");
	for (int local = 0; local < 2; local++) {
		if (local)
			connect_unix();
		else
			connect_tcp();
		/* On one connection. */
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			send_request(cases[i].line, cases[i].headers, cases[i].body);
			expect(cases[i].answer);
			expect(cases[i].text);
		}
		disconnect();
	}
	connect_tcp();
	send_request("GET /metrics", "", "");
	expect("dnc_http_responses_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 4\n");
	expect("dnc_http_responses_total{method=\"other\",route=\"other\",status=\"404\"} 2\n");
	expect("dnc_http_requests_total 15\n");
	disconnect();
	close_server();
}

static void events_are_published_by_http(void **state)
{
	static const char event[] = "{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":"
				    "\"dnc.number.released\",\"phone_number\":\"+13035550143\","
				    "\"reason\":\"x\"}";
	char headers[64], chunked[512];

	(void)state;
	open_server();
	connect_tcp();
	snprintf(headers, sizeof headers, "Content-Length: %zu\r\n", sizeof event - 1);
	send_request("POST /api/v1/events", headers, event);
	expect("{\"accepted\":1,\"duplicates\":0,");
	assert_int_equal(dnc_journal_last(server.journal), 1);
	close(client.fd);
	connect_tcp();
	snprintf(chunked, sizeof chunked, "%zx\r\n%s\r\n0\r\n\r\n", sizeof event - 1, event);
	send_request("POST /api/v1/events", "Transfer-Encoding: chunked\r\n", chunked);
	expect("{\"accepted\":0,\"duplicates\":1,");
	AWAIT(has_ended());
	close(client.fd);
	/* A client that goes before its body is whole leaves nothing behind. */
	connect_tcp();
	send_request("POST /api/v1/events", "Content-Length: 100\r\n", "[");
	uv_run(&server.loop, UV_RUN_NOWAIT);
	close(client.fd);
	close_server();
}

static void a_websocket_gets_events_and_answers(void **state)
{
	(void)state;
	for (int write_in_callback = 0; write_in_callback < 2; write_in_callback++) {
		prepare();
		server.options.write_in_callback = write_in_callback;
		open_web();
		connect_tcp();
		upgrade("/ws/dnc?last=1", "Sec-WebSocket-Protocol: dnc.v1\r\n");
		expect("101 Switching Protocols");
		expect("dnc.connection.established");
		expect("dnc.subscription.confirmed");
		publish(1);
		expect("{\"seq\":1,");
		assert_true(server.advanced > 0);
		say("{\"type\":\"get_stats\",\"id\":7}");
		expect("\"events_sent\":1,");
		send_frame(0x89, "hello", 5);
		AWAIT(has_come("\x8a\x05hello", 7)); /* the library's pong */
		send_frame(0x8A, "p", 1);
		say("{\"type\":\"ping\"}");
		expect("dnc.connection.pong");
		send_frame(0x88, "\x03\xe8", 2);
		AWAIT(has_come("\x88\x02\x03\xe8", 4));
		disconnect();
		assert_non_null(strstr(server.records, "\"what\":\"connected\""));
		assert_non_null(strstr(server.records, "\"reason\":\"gone\",\"events\":1,"));
		close_server();
	}
}

static void upgrades_elsewhere_and_of_other_sites_are_refused(void **state)
{
	(void)state;
	open_server();
	connect_tcp();
	upgrade("/ws/other", "");
	expect(" 404 Not Found");
	close(client.fd);
	connect_tcp();
	upgrade("/ws/dnc", "Origin: https://evil.example\r\n");
	expect(" 403 Forbidden");
	close(client.fd);
	connect_tcp();
	upgrade("/ws/dnc", "");
	expect("dnc.connection.established");
	send_frame(0x82, "x", 1); /* binary */
	AWAIT(has_come("text messages only", 18));
	AWAIT(has_ended()); /* without an answer, after two seconds */
	disconnect();
	close_server();
}

/* Compresses TEXT into a message of permessage-deflate (RFC 7692 section 7.2.1). */
static size_t deflate_message(const char *text, unsigned char *out, size_t room)
{
	z_stream z = {0};

	assert_int_equal(
		deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = (uInt)strlen(text);
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	deflateEnd(&z);
	return room - z.avail_out - 4;
}

static void compression_is_agreed_on_when_the_client_asks_for_it(void **state)
{
	static const char *const offers[] = {"permessage-deflate",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
		"permessage-deflate; client_max_window_bits"};
	unsigned char message[100];
	size_t n = deflate_message("{\"type\":\"get_stats\"}", message, sizeof message);

	(void)state;
	prepare();
	server.options.compress = true;
	open_web();
	for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
		char headers[256];

		connect_tcp();
		snprintf(headers, sizeof headers, "Sec-WebSocket-Extensions: %s\r\n", offers[i]);
		upgrade("/ws/dnc?last=0", headers);
		expect("permessage-deflate");
		expect("server_no_context_takeover");
		expect("client_no_context_takeover");
		expect("dnc.subscription.confirmed");
		publish((int)i + 1);
		AWAIT(has_come("\xc1", 1)); /* compressed: not readable as it is */
		assert_null(memmem(client.text, client.n, "{\"seq\":", 7));
		send_frame(0xC1, message, n);
		expect("\"events_sent\":1,");
		disconnect();
	}
	close_server();
}

static void a_stream_gets_events_with_ids(void **state)
{
	(void)state;
	open_server();
	connect_tcp();
	send_request("GET /api/v1/stream?last=0", "", "");
	expect("text/event-stream");
	expect("event: connection\n");
	publish(1);
	expect(":1\ndata: {\"seq\":1,");
	/* It is noticed when something can't be sent. */
	close(client.fd);
	for (int i = 2; dnc_shared_count(server.options.shared); i++) {
		assert_true(i < 1000);
		publish(i);
		uv_run(&server.loop, UV_RUN_NOWAIT);
		poll(NULL, 0, STEP_MS);
	}
	close_server();
}

/* What a proxy says counts on Unix sockets alone, and only if it is trusted. */
static void a_trusted_proxy_names_the_client(void **state)
{
	static const struct {
		bool trust, local;
		const char *address;
	} cases[] = {{true, true, "\"address\":\"192.0.2.7\""},
		{false, true, "\"address\":\"local\""}, {true, false, "\"address\":\"127.0.0.1\""}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		prepare();
		server.options.trust_proxy = cases[i].trust;
		open_web();
		if (cases[i].local)
			connect_unix();
		else
			connect_tcp();
		upgrade("/ws/dnc", "X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n");
		expect("dnc.connection.established");
		disconnect();
		if (!strstr(server.records, cases[i].address))
			fail_msg("no %s in %s", cases[i].address, server.records);
		close_server();
	}
}

/* The server looks once a second, or when it is told to. */
static void a_reload_reaches_the_clients(void **state)
{
	struct dnc_error err;

	(void)state;
	for (int told = 0; told < 2; told++) {
		open_server();
		connect_tcp();
		upgrade("/ws/dnc?last=0", "");
		expect("dnc.subscription.confirmed");
		put_file(roles_path, "[role admin]\npermissions = dnc:read\n");
		assert_int_equal(dnc_auth_reload(server.auth, &err), 0);
		if (told)
			dnc_web_reload(server.web);
		expect("access denied: ");
		disconnect();
		close_server();
	}
}

/* Two hundred a second: the loop ticks meanwhile, and stops when nobody is held back. */
static void a_rate_limit_delays_events_and_loses_none(void **state)
{
	struct dnc_error err;

	(void)state;
	prepare();
	put_file(roles_path, "[role admin]\npermissions = dnc:stream dnc:replay compliance:read\n"
			     "rate = 12000/min\nburst = 10\n");
	if (dnc_auth_reload(server.auth, &err) < 0)
		fail_msg("%s", err.message);
	open_web();
	connect_tcp();
	for (int i = 1; i <= 40; i++)
		publish(i);
	upgrade("/ws/dnc?since=0", "");
	expect("{\"seq\":10,");
	assert_true(dnc_hub_needs_ticks(server.hub));
	expect("{\"seq\":40,");
	for (int i = 1; i <= 40; i++) {
		char text[16];
		int n = snprintf(text, sizeof text, "{\"seq\":%d,", i);

		assert_non_null(memmem(client.text, client.n, text, (size_t)n));
	}
	AWAIT(!dnc_hub_needs_ticks(server.hub));
	disconnect();
	close_server();
}

static void a_drain_closes_clients_and_accepts_no_more(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd;

	(void)state;
	open_server();
	address.sin_port = htons((uint16_t)atoi(strrchr(dnc_web_address(server.web, 0), ':') + 1));
	connect_tcp();
	upgrade("/ws/dnc", "");
	expect("dnc.connection.established");
	assert_int_equal(dnc_web_drain(server.web, false), 1);
	expect("retry_after_ms=");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
	close(fd);
	send_frame(0x88, "\x03\xe9", 2);
	AWAIT(dnc_web_drain(server.web, false) == 0);
	close(client.fd);
	close_server();
}

static void clients_that_are_connected_at_the_end_are_dropped(void **state)
{
	(void)state;
	open_server();
	connect_tcp();
	upgrade("/ws/dnc", "");
	expect("dnc.connection.established");
	close_server();
	assert_non_null(strstr(server.records, "\"what\":\"disconnected\""));
	close(client.fd);
}

static void two_servers_share_their_sockets(void **state)
{
	struct dnc_web_options second;
	struct dnc_web *beside;
	struct dnc_error err;

	(void)state;
	open_server();
	second = server.options;
	second.beside = server.web;
	beside = dnc_web_new(&server.loop, &second);
	assert_int_equal(dnc_web_open(beside, &err), 0);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(dnc_web_address(beside, i), dnc_web_address(server.web, i));
	/* The first takes no more: whoever connects is served by the second. */
	dnc_web_drain(server.web, false);
	connect_tcp();
	send_request("GET /healthz", "", "");
	expect("{\"status\":\"ok\"}");
	close(client.fd);
	dnc_web_close(beside);
	close_web();
	dnc_web_free(beside);
	finish();
}

static void a_server_that_can_not_listen_leaves_nothing_behind(void **state)
{
	static const char *in_use[] = {NULL};
	static const char *const none[] = {"127.0.0.1:0", "nonsense"};
	struct dnc_error err;
	uv_loop_t loop;

	(void)state;
	open_server();
	in_use[0] = dnc_web_address(server.web, 0);
	for (int i = 0; i < 2; i++) {
		struct dnc_web_options options = server.options;
		struct dnc_web *web;

		assert_int_equal(uv_loop_init(&loop), 0);
		options.listen = i ? none : in_use;
		options.listen_count = i ? 2 : 1;
		web = dnc_web_new(&loop, &options);
		assert_int_equal(dnc_web_open(web, &err), -1);
		assert_int_equal(err.code, i ? EINVAL : EADDRINUSE);
		dnc_web_close(web);
		uv_run(&loop, UV_RUN_DEFAULT);
		dnc_web_free(web);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	connect_tcp();
	send_request("GET /healthz", "", "");
	expect("{\"status\":\"ok\"}");
	close(client.fd);
	close_server();
}

static void tls_needs_a_certificate_and_renews_it(void **state)
{
	struct dnc_certificate *certificate;
	struct dnc_error err;

	(void)state;
	prepare();
	assert_null(dnc_certificate_load(roles_path, roles_path, &err)); /* is none */
	for (int i = 0; i < 2; i++) {
		certificate = dnc_certificate_load(cert_path, key_path, &err);
		assert_non_null(certificate);
		dnc_shared_use_certificate(server.options.shared, certificate);
		dnc_certificate_unref(certificate);
		if (i == 0)
			open_web();
	}
	dnc_web_reload(server.web);
	connect_tcp();
	send_request("GET /healthz", "", ""); /* without TLS */
	AWAIT(has_ended());
	assert_null(memmem(client.text, client.n, "200", 3));
	close(client.fd);
	connect_unix(); /* TLS is for networks */
	send_request("GET /healthz", "", "");
	expect("{\"status\":\"ok\"}");
	close(client.fd);
	close_server();
}

static int make_files(void **state)
{
	char command[512];

	(void)state;
	if (sodium_init() < 0 || !mkdtemp(dir))
		return -1;
	snprintf(unix_path, sizeof unix_path, "%s/socket", dir);
	snprintf(unix_address, sizeof unix_address, "unix:%s", unix_path);
	snprintf(roles_path, sizeof roles_path, "%s/roles", dir);
	snprintf(cert_path, sizeof cert_path, "%s/cert.pem", dir);
	snprintf(key_path, sizeof key_path, "%s/key.pem", dir);
	snprintf(command, sizeof command,
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		"-days 1 -subj /CN=localhost -keyout '%s' -out '%s' 2>/dev/null",
		key_path, cert_path);
	return system(command);
}

static int remove_files(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_over_tcp_and_unix_sockets),
		cmocka_unit_test(events_are_published_by_http),
		cmocka_unit_test(a_websocket_gets_events_and_answers),
		cmocka_unit_test(upgrades_elsewhere_and_of_other_sites_are_refused),
		cmocka_unit_test(compression_is_agreed_on_when_the_client_asks_for_it),
		cmocka_unit_test(a_stream_gets_events_with_ids),
		cmocka_unit_test(a_trusted_proxy_names_the_client),
		cmocka_unit_test(a_reload_reaches_the_clients),
		cmocka_unit_test(a_rate_limit_delays_events_and_loses_none),
		cmocka_unit_test(a_drain_closes_clients_and_accepts_no_more),
		cmocka_unit_test(clients_that_are_connected_at_the_end_are_dropped),
		cmocka_unit_test(two_servers_share_their_sockets),
		cmocka_unit_test(a_server_that_can_not_listen_leaves_nothing_behind),
		cmocka_unit_test(tls_needs_a_certificate_and_renews_it),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
