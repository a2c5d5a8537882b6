/* The opening handshake of a WebSocket, RFC 6455 section 4.2. */
#include "unit.h"
#include "web/http/handshake.h"

enum { MAX_LINES = 3 };

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* What a request has; NULL ends a header's lines. A header that is not set is as it should be, one that is "-" is missing. */
struct sent {
	const char *upgrade[MAX_LINES], *connection[MAX_LINES], *key[MAX_LINES],
		*version[MAX_LINES], *protocols[MAX_LINES], *extensions[MAX_LINES];
};

static const struct sent right = {
	.upgrade = {"websocket"}, .connection = {"Upgrade"}, .key = {KEY}, .version = {"13"}};

static void add_lines(struct dnc_buf *b, const char *name, const char *const sent[MAX_LINES],
	const char *const usual[MAX_LINES])
{
	const char *const *values = sent[0] ? sent : usual;

	for (size_t i = 0; i < MAX_LINES && values[i] && *values[i] != '-'; i++)
		dnc_buf_printf(b, "%s:%s\r\n", name, values[i]);
}

/* Also refuses what the reader of heads refuses. */
static void read_sent(const struct sent *s, bool compress, struct handshake *out)
{
	struct dnc_buf b = {0};
	struct http_head head;
	size_t scanned = 0;

	dnc_buf_lit(&b, "GET /ws/dnc HTTP/1.1\r\nHost: localhost\r\n");
	add_lines(&b, "Upgrade", s->upgrade, right.upgrade);
	add_lines(&b, "CONNECTION", s->connection, right.connection);
	add_lines(&b, "sec-websocket-key", s->key, right.key);
	add_lines(&b, "Sec-WebSocket-Version", s->version, right.version);
	add_lines(&b, "Sec-WebSocket-Protocol", s->protocols, right.protocols);
	add_lines(&b, "Sec-WebSocket-Extensions", s->extensions, right.extensions);
	dnc_buf_lit(&b, "\r\n");
	assert_true(dnc_buf_ok(&b));
	if (http_head_read(b.p, b.n, &scanned, &head) == HTTP_HEAD_READ)
		handshake_read(&head, compress, out);
	else
		*out = (struct handshake){.status = head.status, .fault = head.fault};
	assert_int_equal(out->status != 101, out->fault != NULL);
	dnc_buf_free(&b);
}

static void upgrades_are_accepted_or_refused(void **state)
{
	static const struct {
		const char *name;
		struct sent sent;
		unsigned status;
	} cases[] = {
		{"all right", {.protocols = {NULL}}, 101},
		{"other case", {.upgrade = {"WebSocket"}, .connection = {"upgrade"}}, 101},
		{"among others",
			{.upgrade = {"h2c, websocket"}, .connection = {"keep-alive , Upgrade"}},
			101},
		{"on two lines",
			{.upgrade = {"h2c", "websocket"}, .connection = {"keep-alive", "Upgrade"}},
			101},
		{"blanks",
			{.upgrade = {"\twebsocket "},
				.connection = {" Upgrade "},
				.key = {" " KEY "\t"},
				.version = {"\t13 "}},
			101},
		{"no Upgrade", {.upgrade = {"-"}}, 426},
		{"another", {.upgrade = {"h2c"}}, 426},
		{"a longer one", {.upgrade = {"websocketx"}}, 426},
		{"with a version", {.upgrade = {"websocket/13"}}, 426},
		{"no Connection", {.connection = {"-"}}, 426},
		{"another", {.connection = {"keep-alive"}}, 426},
		{"an empty one", {.connection = {""}}, 426},
		{"no version", {.version = {"-"}}, 426},
		{"version 8", {.version = {"8"}}, 426},
		{"version 14", {.version = {"14"}}, 426},
		{"version 013", {.version = {"013"}}, 426},
		{"version 130", {.version = {"130"}}, 426},
		{"a list of versions", {.version = {"13, 8"}}, 426},
		{"two versions", {.version = {"8", "13"}}, 400},
		{"version 13 twice", {.version = {"13", "13"}}, 400},
		{"no key", {.key = {"-"}}, 400},
		{"an empty key", {.key = {""}}, 400},
		{"the same key twice", {.key = {KEY, KEY}}, 400},
		{"15 bytes", {.key = {"eHh4eHh4eHh4eHh4eHh4"}}, 400},
		{"17 bytes", {.key = {"eHh4eHh4eHh4eHh4eHh4eHg="}}, 400},
		{"no base64", {.key = {"!!!!!!!!!!!!!!!!!!!!!!=="}}, 400},
		{"base64 for URLs", {.key = {"dGhlIHNhbXBsZSBub25j-Q=="}}, 400},
		{"no padding", {.key = {"dGhlIHNhbXBsZSBub25jZQ"}}, 400},
		{"a long key", {.key = {KEY KEY KEY}}, 400},
		{"a byte more", {.key = {KEY "="}}, 400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct handshake h;

		read_sent(&cases[i].sent, false, &h);
		if (h.status != cases[i].status)
			fail_msg("%s: %u, %s", cases[i].name, h.status, h.fault);
		handshake_free(&h);
	}
}

/* The key and the answer are those of section 1.3. */
static void the_answer_is_that_of_the_standard(void **state)
{
	struct handshake h;

	(void)state;
	read_sent(&right, true, &h);
	assert_string_equal(h.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_string_equal(h.protocol, "dnc.v1");
	assert_false(h.protocol_named);
	assert_false(h.deflates);
	handshake_free(&h);
}

static void a_subprotocol_is_found_in_the_list(void **state)
{
	static const struct {
		const char *lines[MAX_LINES];
		unsigned status;
		bool named;
		const char *protocol;
	} cases[] = {
		{{NULL}, 101, false, "dnc.v1"},
		{{""}, 101, false, "dnc.v1"},
		{{" , "}, 101, false, "dnc.v1"},
		{{"dnc.v1"}, 101, true, "dnc.v1"},
		{{"cloudevents.json"}, 101, true, "cloudevents.json"},
		{{"dnc.v1, cloudevents.json"}, 101, true, "dnc.v1"},
		{{"cloudevents.json,dnc.v1"}, 101, true, "cloudevents.json"},
		{{"foo", "dnc.v1"}, 101, true, "dnc.v1"},
		{{"dnc.v1, dnc.v1,"}, 101, true, "dnc.v1"},
		{{"dnc.v1, dnc.ticket.abc"}, 101, true, "dnc.v1"},
		{{"dnc.ticket.abc", "foo", "cloudevents.json"}, 101, true, "cloudevents.json"},
		{{"dnc.ticket.abc"}, 400, false, NULL},
		{{"foo"}, 400, false, NULL},
		{{"DNC.V1"}, 400, false, NULL},
		{{"dnc.v1x, dnc.v"}, 400, false, NULL},
		{{"dnc.v1, a b"}, 400, false, NULL},
		{{"dnc.v1; x"}, 400, false, NULL},
		{{"\"dnc.v1\""}, 400, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sent sent = {.protocols = {NULL}};
		struct handshake h;

		memcpy(sent.protocols, cases[i].lines, sizeof sent.protocols);
		read_sent(&sent, false, &h);
		if (h.status != cases[i].status)
			fail_msg("\"%s\": %u, %s", cases[i].lines[0], h.status, h.fault);
		if (h.status == 101) {
			assert_string_equal(h.protocol, cases[i].protocol);
			assert_int_equal(h.protocol_named, cases[i].named);
		}
		handshake_free(&h);
	}
	/* The refusal says what is known. */
	{
		struct handshake h;

		read_sent(&(struct sent){.protocols = {"foo"}}, false, &h);
		assert_non_null(strstr(h.fault, "dnc.v1 or cloudevents.json"));
		handshake_free(&h);
	}
}

static void extensions_are_read_where_they_may_be_agreed(void **state)
{
	static const struct {
		const char *line;
		bool compress;
		unsigned status;
		bool deflates;
	} cases[] = {
		{"permessage-deflate", true, 101, true},
		{"permessage-deflate", false, 101, false},
		{"permessage-deflate; server_max_window_bits=9", true, 101, false},
		{"permessage-deflate;", true, 400, false},
		{"permessage-deflate;", false, 400, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sent sent = {.protocols = {NULL}};
		struct handshake h;

		sent.extensions[0] = cases[i].line;
		read_sent(&sent, cases[i].compress, &h);
		assert_int_equal(h.status, cases[i].status);
		assert_int_equal(h.deflates, cases[i].deflates);
		assert_true(dnc_str_eq(dnc_buf_view(&h.extensions),
			cases[i].deflates
				? DNC_STR("permessage-deflate; server_no_context_takeover; "
					  "client_no_context_takeover")
				: (struct dnc_str){0}));
		handshake_free(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upgrades_are_accepted_or_refused),
		cmocka_unit_test(the_answer_is_that_of_the_standard),
		cmocka_unit_test(a_subprotocol_is_found_in_the_list),
		cmocka_unit_test(extensions_are_read_where_they_may_be_agreed),
	};

	return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
