/* What pages of other origins are told, the address of a client behind a proxy, and the form that it accepts: from the head
 * alone. */
#include "unit.h"
#include "base/buf.h"
#include "web/http/accept.h"
#include "web/http/cors.h"
#include "web/http/forwarded.h"

/* Reads a head with these FIELDS; TEXT must be freed after it. */
static void read_head(
	struct http_head *head, struct dnc_buf *text, const char *method, const char *fields)
{
	size_t scanned = 0;

	dnc_buf_printf(text, "%s / HTTP/1.1\r\nHost: hub.example\r\n%s\r\n", method, fields);
	assert_int_equal(http_head_read(text->p, text->n, &scanned, head), HTTP_HEAD_READ);
}

#define EXPOSED        "\r\naccess-control-expose-headers: link, retry-after, x-dnc-gap\r\n"
#define ALLOWS(origin) "vary: origin\r\naccess-control-allow-origin: " origin EXPOSED

static void answers_name_an_origin_that_is_allowed(void **state)
{
	static const char *const allowed[] = {"https://a.example", "http://b.example:8080"};
	static const struct {
		size_t count; /* of those allowed */
		const char *fields, *answer;
	} cases[] = {
		{0, "", ""},
		{0, "Origin: https://a.example\r\n", ""},
		{2, "", "vary: origin\r\n"},
		{2, "Origin:\r\n", "vary: origin\r\n"},
		{2, "Origin: https://a.example\r\n", ALLOWS("https://a.example")},
		{2, "Origin: HTTPS://A.example\r\n", ALLOWS("HTTPS://A.example")},
		{2, "origin:http://b.example:8080 \r\n", ALLOWS("http://b.example:8080")},
		{1, "Origin: http://b.example:8080\r\n", "vary: origin\r\n"},
		{2, "Origin: http://a.example\r\n", "vary: origin\r\n"},
		{2, "Origin: https://a.example:443\r\n", "vary: origin\r\n"},
		{2, "Origin: https://a.example.evil.example\r\n", "vary: origin\r\n"},
		{2, "Origin: https://a.exampl\r\n", "vary: origin\r\n"},
		{2, "Origin: null\r\n", "vary: origin\r\n"},
		{2, "Origin: *\r\n", "vary: origin\r\n"},
		{2, "Origin: https://hub.example\r\n", "vary: origin\r\n"},
		{2, "X-Origin: https://a.example\r\n", "vary: origin\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf text = {0}, answer = {0};
		struct http_head head;
		struct cors cors;

		read_head(&head, &text, "GET", cases[i].fields);
		cors = cors_read(&head, allowed, cases[i].count);
		cors_write(&cors, &answer);
		if (cors.preflight || !dnc_str_eq(dnc_buf_view(&answer), dnc_str(cases[i].answer)))
			fail_msg("%s: %.*s", cases[i].fields, DNC_STR_ARG(dnc_buf_view(&answer)));
		dnc_buf_free(&text);
		dnc_buf_free(&answer);
	}
}

static void a_preflight_is_known_by_method_origin_and_field(void **state)
{
	static const char *const allowed[] = {"https://a.example"};
	static const struct {
		const char *method, *fields;
		bool preflight;
	} cases[] = {
		{"OPTIONS",
			"Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n"
			"Access-Control-Request-Headers: authorization\r\n",
			true},
		{"OPTIONS", "Origin: https://a.example\r\nAccess-Control-Request-Method: x\r\n",
			true},
		{"OPTIONS", "Origin: https://b.example\r\nAccess-Control-Request-Method: GET\r\n",
			false},
		{"OPTIONS", "Access-Control-Request-Method: GET\r\n", false},
		{"OPTIONS", "Origin: https://a.example\r\n", false},
		{"OPTIONS", "Origin: https://a.example\r\nAccess-Control-Request-Method:\r\n",
			false},
		{"GET", "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n",
			false},
		{"options", "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n",
			false},
	};
	struct dnc_buf answer = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf text = {0};
		struct http_head head;

		read_head(&head, &text, cases[i].method, cases[i].fields);
		if (cors_read(&head, allowed, 1).preflight != cases[i].preflight)
			fail_msg("%s %s", cases[i].method, cases[i].fields);
		dnc_buf_free(&text);
	}
	cors_write_preflight(&answer, "GET, HEAD, POST");
	dnc_buf_chr(&answer, '\0');
	assert_string_equal(answer.p,
		"access-control-allow-methods: GET, HEAD, POST\r\n"
		"access-control-allow-headers: authorization, content-type, last-event-id\r\n"
		"access-control-max-age: 600\r\n");
	dnc_buf_free(&answer);
}

static void the_last_forwarded_address_is_the_clients(void **state)
{
	static const struct {
		const char *fields, *address; /* "": none */
	} cases[] = {
		{"", ""},
		{"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
		{"x-forwarded-for:\t192.0.2.1 \r\n", "192.0.2.1"},
		{"X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n", "192.0.2.2"},
		{"X-Forwarded-For: evil,,192.0.2.2\r\n", "192.0.2.2"},
		{"X-Forwarded-For: \"evil, 192.0.2.2\r\n", "192.0.2.2"},
		{"X-Forwarded-For: 192.0.2.1\r\nX: y\r\nX-Forwarded-For: 192.0.2.2\r\n",
			"192.0.2.2"},
		{"X-Forwarded-For: 192.0.2.3\r\nX-FORWARDED-FOR: 192.0.2.1,192.0.2.2\r\n",
			"192.0.2.2"},
		/* Ports, brackets, quotes. */
		{"X-Forwarded-For: 192.0.2.1:567\r\n", "192.0.2.1"},
		{"X-Forwarded-For: \"192.0.2.1:567\"\r\n", "192.0.2.1"},
		{"X-Forwarded-For: \"192.0.2.1\"\r\n", "192.0.2.1"},
		{"X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
		{"X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1"},
		{"X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1"},
		{"X-Forwarded-For: \"[2001:db8::1]:443\"\r\n", "2001:db8::1"},
		{"X-Forwarded-For: 192.0.2.1:567, [2001:db8::1]:65535\r\n", "2001:db8::1"},
		{"X-Forwarded-For: 2001:db8::1:443\r\n", "2001:db8::1:443"},
		{"X-Forwarded-For: ::\r\n", "::"},
		/* One address is written in one way. */
		{"X-Forwarded-For: 2001:0DB8:0:0:0::1\r\n", "2001:db8::1"},
		{"X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1"},
		{"X-Forwarded-For: [::FFFF:c000:201]:9\r\n", "192.0.2.1"},
		{"X-Forwarded-For: [ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535\r\n",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		/* None. */
		{"X-Forwarded-For:\r\n", ""},
		{"X-Forwarded-For: ,\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1,\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For:\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1, unknown\r\n", ""},
		{"X-Forwarded-For: _hidden\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1 192.0.2.2\r\n", ""},
		{"X-Forwarded-For: 192.0.2\r\n", ""},
		{"X-Forwarded-For: 192.0.2.256\r\n", ""},
		{"X-Forwarded-For: 192.0.2.01\r\n", ""},
		{"X-Forwarded-For: 0xc0000201\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1:\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1:x\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1:567x\r\n", ""},
		{"X-Forwarded-For: 192.0.2.1:123456\r\n", ""},
		{"X-Forwarded-For: :567\r\n", ""},
		{"X-Forwarded-For: [192.0.2.1]\r\n", ""},
		{"X-Forwarded-For: [2001:db8::1\r\n", ""},
		{"X-Forwarded-For: 2001:db8::1]\r\n", ""},
		{"X-Forwarded-For: [2001:db8::1]443\r\n", ""},
		{"X-Forwarded-For: [2001:db8::1]:\r\n", ""},
		{"X-Forwarded-For: [2001:db8::1]]\r\n", ""},
		{"X-Forwarded-For: [[2001:db8::1]]\r\n", ""},
		{"X-Forwarded-For: []\r\n", ""},
		{"X-Forwarded-For: []:443\r\n", ""},
		{"X-Forwarded-For: fe80::1%eth0\r\n", ""},
		{"X-Forwarded-For: 2001:db8::1::2\r\n", ""},
		{"X-Forwarded-For: \"192.0.2.1\r\n", ""},
		{"X-Forwarded-For: \"192.0.2.10\r\n", ""},
		{"X-Forwarded-For: 192.0.2.10\"\r\n", ""},
		{"X-Forwarded-For: \"\"\r\n", ""},
		{"X-Forwarded-For: \"\r\n", ""},
		{"X-Forwarded-For: hub.example\r\n", ""},
		{"X-Forwarded-For: "
		 "192.0.2.1192.0.2.1192.0.2.1192.0.2.1192.0.2.1192.0.2.1192.0.2.1192.0.2.1\r\n",
			""},
		{"X-Forwarded-Fo: 192.0.2.1\r\nX-Forwarded-For2: 192.0.2.1\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char address[ADDRESS_MAX] = "before";
		struct dnc_buf text = {0};
		struct http_head head;

		read_head(&head, &text, "GET", cases[i].fields);
		if (forwarded_address(&head, address) != (cases[i].address[0] != '\0') ||
			strcmp(address, cases[i].address) != 0)
			fail_msg("%s: %s", cases[i].fields, address);
		dnc_buf_free(&text);
	}
}

static void a_media_type_is_preferred_by_its_whole_name_weight_and_place(void **state)
{
	static const struct {
		const char *fields;
		bool json;
	} cases[] = {
		{"", false},
		{"Accept:\r\n", false},
		{"Accept: */*\r\n", false},
		{"Accept: application/*\r\n", false},
		{"Accept: application/json\r\n", true},
		{"Accept: APPLICATION/Json\r\n", true},
		{"Accept: application/json;charset=utf-8\r\n", true},
		{"Accept: text/html, application/json ; q=0.001, */*\r\n", true},
		{"Accept: text/html\r\nAccept: application/json\r\n", true},
		{"Accept: application/json-seq\r\n", false},
		{"Accept: application/jsonl\r\n", false},
		{"Accept: application/jso\r\n", false},
		{"Accept: x/y;z=\"application/json\"\r\n", false},
		{"Accept: application/json;q=0\r\n", false},
		{"Accept: application/json; Q=0.000\r\n", false},
		{"Accept: application/json;level=1;q=0.0\r\n", false},
		{"Accept: application/json;q=0.0001\r\n", true}, /* no weight */
		{"Accept: application/json;q=x\r\n", true},
		{"Accept: application/json;q\r\n", true},
		{"Accept: application/json, application/x-ndjson\r\n", true},
		{"Accept: application/x-ndjson, application/json\r\n", false},
		{"Accept: application/x-ndjson;q=0.5, application/json\r\n", true},
		{"Accept: application/json;q=0.5, application/x-ndjson;q=0.51\r\n", false},
		{"Accept: application/x-ndjson;q=0, application/json;q=0.1\r\n", true},
		{"Accept: application/x-ndjson, application/json;q=0\r\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_buf text = {0};
		struct http_head head;

		read_head(&head, &text, "GET", cases[i].fields);
		if (accept_prefers(&head, DNC_STR("application/json"),
			    DNC_STR("application/x-ndjson")) != cases[i].json)
			fail_msg("%s", cases[i].fields);
		dnc_buf_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_name_an_origin_that_is_allowed),
		cmocka_unit_test(a_preflight_is_known_by_method_origin_and_field),
		cmocka_unit_test(the_last_forwarded_address_is_the_clients),
		cmocka_unit_test(a_media_type_is_preferred_by_its_whole_name_weight_and_place),
	};

	return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
