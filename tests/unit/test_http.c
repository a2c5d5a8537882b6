/* HTTP without sockets: routes, hosts and origins, problems, query strings, tickets, the list of clients, and requests
 * that are answered later. */
#include "unit.h"
#include <stdio.h>
#include "auth/roles.h"
#include "web/http/client_list.h"
#include "web/http/host.h"
#include "web/http/problem.h"
#include "web/http/query.h"
#include "web/http/routes.h"
#include "web/http/stream_query.h"
#include "web/http/ticket.h"

static void each_route_has_its_permission(void **state)
{
	static const struct {
		enum http_method method;
		const char *path;
		unsigned permission;
		bool body, loopback, websocket;
	} cases[] = {
		{.method = HTTP_METHOD_GET, .path = "/"},
		{.method = HTTP_METHOD_GET, .path = "/healthz"},
		{.method = HTTP_METHOD_GET, .path = "/readyz"},
		{.method = HTTP_METHOD_GET,
			.path = "/metrics",
			.permission = DNC_MAY_READ_METRICS,
			.loopback = true},
		{.method = HTTP_METHOD_GET, .path = "/api/v1/info", .permission = DNC_MAY_READ},
		{.method = HTTP_METHOD_GET,
			.path = "/api/v1/clients",
			.permission = DNC_MAY_LIST_CLIENTS},
		{.method = HTTP_METHOD_GET, .path = "/api/v1/events", .permission = DNC_MAY_REPLAY},
		{.method = HTTP_METHOD_POST,
			.path = "/api/v1/events",
			.permission = DNC_MAY_PUBLISH,
			.body = true},
		{.method = HTTP_METHOD_GET, .path = "/api/v1/stream", .permission = DNC_MAY_STREAM},
		{.method = HTTP_METHOD_POST,
			.path = "/api/v1/ticket",
			.permission = DNC_MAY_STREAM},
		{.method = HTTP_METHOD_GET, .path = "/ws/dnc", .websocket = true},
	};
	const char *allow;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct route *r =
			routes_find(cases[i].method, dnc_str(cases[i].path), &allow);

		if (!r)
			fail_msg("no %s", cases[i].path);
		assert_string_equal(r->path, cases[i].path);
		assert_int_equal(r->method, cases[i].method);
		assert_non_null(r->handle);
		assert_int_equal(r->permission, cases[i].permission);
		assert_int_equal(r->max_body > 0, cases[i].body);
		assert_int_equal(r->loopback, cases[i].loopback);
		assert_int_equal(r->websocket, cases[i].websocket);
	}
}

static void other_methods_are_told_what_is_allowed_other_paths_nothing(void **state)
{
	static const struct {
		enum http_method method;
		const char *path, *allow; /* NULL: no such path */
	} cases[] = {
		{HTTP_METHOD_POST, "/healthz", "GET, HEAD, OPTIONS"},
		{HTTP_METHOD_POST, "/ws/dnc", "GET, HEAD, OPTIONS"},
		{HTTP_METHOD_GET, "/api/v1/ticket", "POST, OPTIONS"},
		{HTTP_METHODS, "/api/v1/ticket", "POST, OPTIONS"},
		{HTTP_METHODS, "/api/v1/events", "GET, HEAD, POST, OPTIONS"},
		{HTTP_METHOD_GET, "/api/v1/event", NULL},
		{HTTP_METHOD_GET, "/api/v1/events/", NULL},
		{HTTP_METHOD_GET, "/API/v1/events", NULL},
		{HTTP_METHOD_GET, "", NULL},
		{HTTP_METHODS, "/nothing", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *allow = "unset";

		assert_null(routes_find(cases[i].method, dnc_str(cases[i].path), &allow));
		if (cases[i].allow)
			assert_string_equal(allow, cases[i].allow);
		else
			assert_null(allow);
	}
}

static void only_names_of_the_loopback_are_its_hosts(void **state)
{
	static const struct {
		const char *host;
		bool loopback;
	} cases[] = {
		{"localhost", true},
		{"LocalHost:8080", true},
		{"127.0.0.1", true},
		{"127.0.0.1:1", true},
		{"127.9.9.9:65535", true},
		{"[::1]", true},
		{"[::1]:8080", true},
		{"[::ffff:127.0.0.1]:80", true},
		{"", false},
		{"128.0.0.1", false},
		{"127.0.0.1.example", false},
		{"127.1", false},
		{"localhost.example", false},
		{"xlocalhost", false},
		{"[::2]", false},
		{"[::11]", false},
		{"[127.0.0.1]", false},
		{"[localhost]", false},
		{"::ffff:127.0.0.1:80", false},
		{"[::1", false},
		{"::1", false},
		{"[fe80::1]:80", false},
		{"0.0.0.0", false},
		{"1270000000000000000000000000000000000000000000000000000000000000000", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (host_is_loopback(cases[i].host) != cases[i].loopback)
			fail_msg("%s", cases[i].host);
}

static void pages_of_other_sites_are_allowed_by_name_alone(void **state)
{
	static const char *const allowed[] = {"https://ops.example", "null"};
	static const struct {
		const char *origin, *host;
		bool tls, allowed;
	} cases[] = {
		{"http://hub.example:8080", "hub.example:8080", false, true},
		{"http://HUB.example:8080", "hub.EXAMPLE:8080", false, true},
		{"https://hub.example", "hub.example", true, true},
		{"https://hub.example", "hub.example", false, false},
		{"http://hub.example", "hub.example", true, false},
		{"http://hub.example", "hub.example:8080", false, false},
		{"http://evil.example", "hub.example", false, false},
		{"http://hub.example.evil.example", "hub.example", false, false},
		{"https://ops.example", "hub.example", false, true},
		{"https://OPS.example", "hub.example", false, true},
		{"https://ops.example:444", "hub.example", false, false},
		{"null", "hub.example", false, true},
		{"", "hub.example", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (origin_is_allowed(cases[i].origin, cases[i].host, cases[i].tls, allowed, 2) !=
			cases[i].allowed)
			fail_msg("%s at %s", cases[i].origin, cases[i].host);
	assert_false(origin_is_allowed("null", "hub.example", false, NULL, 0));
}

static void problems_have_the_title_and_header_of_their_status(void **state)
{
	static const struct {
		unsigned status;
		const char *json, *header; /* NULL: none */
	} cases[] = {
		{400, "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"a \\\"b\\\"\"}",
			NULL},
		{401, "{\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"a \\\"b\\\"\"}",
			"www-authenticate:"},
		{429, "{\"title\":\"Too Many Requests\",\"status\":429,\"detail\":\"a \\\"b\\\"\"}",
			"retry-after:"},
		{503, "{\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"a \\\"b\\\"\"}",
			"retry-after:"},
	};
	struct dnc_buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct problem_status *row = problem_status(cases[i].status);

		http_problem_open(&b, cases[i].status, "a \"b\"");
		http_problem_close(&b);
		dnc_buf_chr(&b, '\0');
		assert_string_equal(b.p, cases[i].json);
		if (cases[i].header)
			assert_string_equal(row->header.name, cases[i].header);
		else
			assert_null(row->header.name);
	}
	assert_int_equal(problem_status(999)->status, 503);
	dnc_buf_free(&b);
}

/* Reads the id and the arguments "NAME=VALUE&..." of a stream. */
static int read_stream(
	const char *id, const char *args, struct dnc_buf *message, struct dnc_error *err)
{
	struct stream_query q = {.resumes = false};
	int rc = stream_query_resume(&q, dnc_str(id), err);

	if (rc == 0)
		rc = query_parse(dnc_str(args), stream_query_add, &q, err);
	dnc_buf_clear(message);
	if (rc >= 0)
		rc = stream_query_message(&q, message, err);
	stream_query_free(&q);
	return rc;
}

static void a_stream_resumes_after_its_last_event_whatever_its_address_says(void **state)
{
	static const struct {
		const char *id, *args, *message;
	} cases[] = {
		{"", "", "{\"type\":\"subscribe\"}"},
		{"", "last=5", "{\"last\":5,\"type\":\"subscribe\"}"},
		{"", "ticket=x&since=7&epoch=0123456789abcdef",
			"{\"since\":7,\"epoch\":\"0123456789abcdef\",\"type\":\"subscribe\"}"},
		{"0123456789abcdef:42", "",
			"{\"since\":42,\"epoch\":\"0123456789abcdef\",\"type\":\"subscribe\"}"},
		{"0123456789abcdef:42", "last=5&since=1&since_time=x&epoch=y&ticket=z",
			"{\"since\":42,\"epoch\":\"0123456789abcdef\",\"type\":\"subscribe\"}"},
		{"", "type=dnc.list.synced",
			"{\"type\":\"subscribe\",\"filters\":{\"event_types\":[\"dnc.list.synced\"]}}"},
	};
	struct dnc_buf message = {0};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(read_stream(cases[i].id, cases[i].args, &message, &err), 0);
		if (!dnc_str_eq(dnc_buf_view(&message), dnc_str(cases[i].message)))
			fail_msg("%s %s: %.*s", cases[i].id, cases[i].args,
				DNC_STR_ARG(dnc_buf_view(&message)));
	}
	dnc_buf_free(&message);
}

static void ids_and_arguments_of_no_stream_are_refused(void **state)
{
	static const struct {
		const char *id, *args, *place;
	} cases[] = {
		{"42", "", "Last-Event-ID"},
		{":42", "", "Last-Event-ID"},
		{"0123456789abcdef", "", "Last-Event-ID"},
		{"0123456789abcdef:", "", "Last-Event-ID"},
		{"0123456789abcdef:4x", "", "Last-Event-ID"},
		{"0123456789abcdef:-4", "", "Last-Event-ID"},
		{"0123456789ABCDEF:42", "", "Last-Event-ID"},
		{"0123456789abcde:42", "", "Last-Event-ID"},
		{"0123456789abcdef:12345678901234567890", "", "Last-Event-ID"},
		{"too long", "", "Last-Event-ID"},
		{"", "nonsense=1", "nonsense"},
		{"", "last=x", ""},
		{"", "high_risk_only=perhaps", ""},
	};
	struct dnc_buf message = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err = {.place = ""};

		assert_int_equal(read_stream(cases[i].id, cases[i].args, &message, &err), -1);
		assert_int_equal(err.code, REQUEST_EFIELD);
		if (cases[i].place[0])
			assert_string_equal(err.place, cases[i].place);
	}
	dnc_buf_free(&message);
}

static void a_ticket_is_issued_for_its_identity_until_there_are_too_many(void **state)
{
	struct dnc_identity alice = {.subject = "alice", .expires_ms = INT64_MAX};
	static const char address[] = "192.0.2.0";
	struct dnc_error err;
	struct dnc_auth *auth =
		dnc_auth_new(&(struct dnc_auth_options){.default_role = "admin"}, &err);
	struct dnc_identity who;
	struct dnc_buf page = {0};
	static const struct {
		bool subjects, addresses; /* each request has another one */
		unsigned status, issued;
		const char *says;
	} cases[] = {
		{false, false, 429, 64, "of this subject"},
		{true, false, 429, 1024 - 64, "this address requested"},
		{true, true, 503, 4096 - 1024, "have expired"},
	};
	char from[24];

	(void)state;
	assert_non_null(auth);
	assert_int_equal(ticket_issue(auth, false, &alice, address, &page), 404);
	assert_non_null(memmem(page.p, page.n, "authentication is disabled", 26));
	dnc_buf_clear(&page);
	assert_int_equal(ticket_issue(auth, true, &alice, address, &page), 200);
	assert_int_equal(
		page.n, sizeof "{\"ticket\":\"\",\"expires_in_s\":30}" - 1 + DNC_TICKET_LEN);
	assert_true(dnc_ticket_redeem(auth, (struct dnc_str){page.p + 11, DNC_TICKET_LEN}, &who));
	assert_string_equal(who.subject, "alice");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned status, issued = 0;

		do {
			dnc_buf_clear(&page);
			if (cases[i].subjects)
				snprintf(alice.subject, sizeof alice.subject, "%u-%zu", issued, i);
			snprintf(from, sizeof from, "192.0.2.%u",
				cases[i].addresses ? 1 + issued % 200 : 0);
			status = ticket_issue(auth, true, &alice, from, &page);
		} while (status == 200 && ++issued < 10000);
		assert_int_equal(status, cases[i].status);
		assert_int_equal(issued, cases[i].issued);
		assert_non_null(memmem(page.p, page.n, cases[i].says, strlen(cases[i].says)));
	}
	dnc_buf_free(&page);
	dnc_auth_free(auth);
}

static void lists_of_several_servers_are_one_array(void **state)
{
	struct client_list lists[3];
	struct dnc_buf out = {0};

	(void)state;
	for (int i = 0; i < 3; i++)
		client_list_init(&lists[i]);
	for (int round = 0; round < 2; round++) {
		client_list_begin(&lists[1]);
		for (unsigned n = 1; n <= 2; n++)
			client_list_add(&lists[1], &(struct client_list_entry){.number = n,
							   .subject = n == 1 ? "a\"b" : NULL,
							   .role = "viewer",
							   .address = "192.0.2.7",
							   .lag = 7,
							   .subscribed = n == 1});
		client_list_end(&lists[1]);
	}
	client_list_begin(&lists[2]);
	client_list_add(&lists[2],
		&(struct client_list_entry){.number = 3, .role = "r", .address = "local"});
	client_list_end(&lists[2]);
	dnc_buf_chr(&out, '[');
	for (int i = 0; i < 3; i++)
		client_list_append(&lists[i], &out);
	dnc_buf_lit(&out, "]");
	dnc_buf_chr(&out, '\0');
	assert_string_equal(out.p,
		"[{\"client_id\":\"c1\",\"subject\":\"a\\\"b\",\"role\":\"viewer\","
		"\"address\":\"192.0.2.7\",\"connected_at\":\"1970-01-01T00:00:00.000Z\","
		"\"last_activity\":\"1970-01-01T00:00:00.000Z\",\"message_count\":0,"
		"\"events_sent\":0,\"filter_count\":0,\"subscribed\":true,"
		"\"rate_limited\":false,\"lag\":7},"
		"{\"client_id\":\"c2\",\"role\":\"viewer\","
		"\"address\":\"192.0.2.7\",\"connected_at\":\"1970-01-01T00:00:00.000Z\","
		"\"last_activity\":\"1970-01-01T00:00:00.000Z\",\"message_count\":0,"
		"\"events_sent\":0,\"filter_count\":0,\"subscribed\":false,"
		"\"rate_limited\":false,\"lag\":7},"
		"{\"client_id\":\"c3\",\"role\":\"r\","
		"\"address\":\"local\",\"connected_at\":\"1970-01-01T00:00:00.000Z\","
		"\"last_activity\":\"1970-01-01T00:00:00.000Z\",\"message_count\":0,"
		"\"events_sent\":0,\"filter_count\":0,\"subscribed\":false,"
		"\"rate_limited\":false,\"lag\":0}]");
	for (int i = 0; i < 3; i++)
		client_list_destroy(&lists[i]);
	dnc_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_route_has_its_permission),
		cmocka_unit_test(other_methods_are_told_what_is_allowed_other_paths_nothing),
		cmocka_unit_test(only_names_of_the_loopback_are_its_hosts),
		cmocka_unit_test(pages_of_other_sites_are_allowed_by_name_alone),
		cmocka_unit_test(problems_have_the_title_and_header_of_their_status),
		cmocka_unit_test(a_stream_resumes_after_its_last_event_whatever_its_address_says),
		cmocka_unit_test(ids_and_arguments_of_no_stream_are_refused),
		cmocka_unit_test(a_ticket_is_issued_for_its_identity_until_there_are_too_many),
		cmocka_unit_test(lists_of_several_servers_are_one_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
