/* The head of a request: what is read, and what is refused with which status, in one piece or in many. */
#include "unit.h"
#include "auth/token.h"
#include "base/buf.h"
#include "web/http/head.h"

#define HOST "Host: hub.example\r\n"
#define GET  "GET /a HTTP/1.1\r\n" HOST
#define POST "POST /a HTTP/1.1\r\n" HOST

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Reads the N bytes as they come, STEP at a time. The bytes are copied to their end of memory each time, so that a
 * byte too many that is read is seen. */
static enum http_head_verdict feed(const char *p, size_t n, size_t step, struct http_head *head)
{
	enum http_head_verdict verdict = HTTP_HEAD_MORE;
	size_t scanned = 0;

	for (size_t have = 0; have < n && verdict == HTTP_HEAD_MORE;) {
		char *copy;

		have = n - have < step ? n : have + step;
		copy = malloc(have);
		memcpy(copy, p, have);
		verdict = http_head_read(copy, have, &scanned, head);
		free(copy);
	}
	return verdict;
}

/* Reads TEXT whole; the head stays valid as long as it. */
static enum http_head_verdict read_text(struct dnc_str text, struct http_head *head)
{
	size_t scanned = 0;

	memset(head, 0xa5, sizeof *head);
	return http_head_read(text.p, text.n, &scanned, head);
}

static void check(const char *name, struct dnc_str text, unsigned status)
{
	struct http_head head;
	enum http_head_verdict verdict = read_text(text, &head);

	if (status ? verdict != HTTP_HEAD_REFUSED || head.status != status || !head.fault[0]
		   : verdict != HTTP_HEAD_READ)
		fail_msg("%s: verdict %d, status %u: %s", name, verdict,
			verdict == HTTP_HEAD_REFUSED ? head.status : 0,
			verdict == HTTP_HEAD_REFUSED ? head.fault : "");
	/* The same in pieces. Large ones only in some: each step is copied. */
	for (size_t step = 1; step<text.n; step += text.n> 2000 ? text.n / 3 : 1) {
		verdict = feed(text.p, text.n, step, &head);
		if (verdict != (status ? HTTP_HEAD_REFUSED : HTTP_HEAD_READ) ||
			(status && head.status != status))
			fail_msg("%s in steps of %zu: verdict %d", name, step, verdict);
	}
}

/* Lines of requests, and their status; 0: read. */
static void request_lines_are_read_or_refused(void **state)
{
	static const struct {
		const char *line;
		unsigned status;
	} cases[] = {
		{"GET / HTTP/1.1", 0},
		{"HEAD /healthz HTTP/1.1", 0},
		{"GET / HTTP/1.0", 0},
		{"GET / HTTP/1.2", 0},
		{"GET / HTTP/1.9", 0},
		{"get / HTTP/1.1", 0}, /* another method than GET, but one */
		{"M-SEARCH /!#$%&'*+.^_`|~ HTTP/1.1", 400},
		{"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", 0},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1", 0},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", 501},
		{"GET /?a=1&b=%20+x HTTP/1.1", 0},
		{"GET /? HTTP/1.1", 0},
		{"GET /a?b?c/d HTTP/1.1", 0},
		{"GET //a//b/../c HTTP/1.1", 0},
		{"GET /-._~!$&'()*+,;=:@%2f HTTP/1.1", 0},
		{"GET /?-._~!$&'()*+,;=:@%2f/?[\\]^`{|} HTTP/1.1", 0},
		{"GET http://hub.example/a HTTP/1.1", 0},
		{"GET HTTPS://HUB.EXAMPLE HTTP/1.1", 0},
		{"GET http://hub.example?a HTTP/1.1", 0},
		{"OPTIONS * HTTP/1.1", 0},
		{"OPTIONS /a HTTP/1.1", 0},
		{"GET * HTTP/1.1", 400},
		{"OPTIONS ** HTTP/1.1", 400},
		{"GET /a", 400},
		{"GET", 400},
		{"GET ", 400},
		{"GET  HTTP/1.1", 400},
		{"GET /a ", 400},
		{"GET /a HTTP/1.1 ", 400},
		{"GET /a HTTP/1.1 x", 400},
		{"GET  /a HTTP/1.1", 400},
		{"GET /a  HTTP/1.1", 400},
		{"GET /a b HTTP/1.1", 400},
		{" GET /a HTTP/1.1", 400},
		{"GET\t/a HTTP/1.1", 400},
		{"GET /a\tHTTP/1.1", 400},
		{"G:T /a HTTP/1.1", 400},
		{"G(T /a HTTP/1.1", 400},
		{"G\xc3\xa4T /a HTTP/1.1", 400},
		{"{\"type\":\"ping\"}", 400},
		{"GET /a HTTP/1", 400},
		{"GET /a HTTP/1.", 400},
		{"GET /a HTTP/1.10", 400},
		{"GET /a HTTP/11.1", 400},
		{"GET /a HTTP/1,1", 400},
		{"GET /a HTTP/x.1", 400},
		{"GET /a HTTP/1.x", 400},
		{"GET /a http/1.1", 400},
		{"GET /a Http/1.1", 400},
		{"GET /a HTTPS/1.1", 400},
		{"GET /a ICY/1.1", 400},
		{"GET /a HTTP/0.9", 505},
		{"GET /a HTTP/2.0", 505},
		{"GET /a HTTP/9.9", 505},
		{"PRI * HTTP/2.0", 505},
		{"GET a HTTP/1.1", 400},
		{"GET hub.example:80 HTTP/1.1", 400},
		{"CONNECT hub.example:80 HTTP/1.1", 400},
		{"GET ftp://hub.example/a HTTP/1.1", 400},
		{"GET http:/a HTTP/1.1", 400},
		{"GET http:///a HTTP/1.1", 400},
		{"GET http:// HTTP/1.1", 400},
		{"GET http://evil.example/a HTTP/1.1", 400},
		{"GET http://hub.example:80/a HTTP/1.1", 400},
		{"GET http://user@hub.example/a HTTP/1.1", 400},
		{"GET http://hub.example#a HTTP/1.1", 400},
		{"GET http://[::1/a HTTP/1.1", 400},
		{"GET /a#b HTTP/1.1", 400},
		{"GET /?a#b HTTP/1.1", 400},
		{"GET /[a] HTTP/1.1", 400},
		{"GET /a\\b HTTP/1.1", 400},
		{"GET /\"a\" HTTP/1.1", 400},
		{"GET /?a=\"b\" HTTP/1.1", 400},
		{"GET /?a=<b> HTTP/1.1", 400},
		{"GET /\xc3\xa4 HTTP/1.1", 400},
		{"GET /?\xc3\xa4 HTTP/1.1", 400},
		{"GET /% HTTP/1.1", 400},
		{"GET /%4 HTTP/1.1", 400},
		{"GET /%4g HTTP/1.1", 400},
		{"GET /%g4 HTTP/1.1", 400},
		{"GET /?%zz HTTP/1.1", 400},
		{"GET /?a=% HTTP/1.1", 400},
		{"GET /?a=%u00e4 HTTP/1.1", 400},
		{"GET /a\x7f HTTP/1.1", 400},
		{"GET /a\x01 HTTP/1.1", 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0};

		dnc_buf_printf(&text, "%s\r\n" HOST "\r\n", cases[i].line);
		check(cases[i].line, dnc_buf_view(&text), cases[i].status);
		dnc_buf_free(&text);
	}
}

/* Text that is no whole head alone, and its status; 0: read. */
static void heads_are_read_or_refused(void **state)
{
#define CASE(text, status)                                                                         \
	{                                                                                          \
		DNC_STR(text), status                                                              \
	}
	static const struct {
		struct dnc_str text;
		unsigned status;
	} cases[] = {
		CASE(GET "\r\n", 0),
		CASE("\r\n" GET "\r\n", 0),
		CASE("\r\n\r\n" GET "\r\n", 400),
		CASE("\n" GET "\r\n", 400),
		CASE("\r" GET "\r\n", 400),
		CASE("\r\r\n" GET "\r\n", 400),
		CASE("\r\n\r\n", 400),
		CASE(" \r\n" GET "\r\n", 400),
		CASE("\0" GET "\r\n", 400),
		CASE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
		CASE("\x80\x9e\x01\x03\x01", 400),
		CASE("\xef\xbb\xbf" GET "\r\n", 400),
		/* The ends of lines. */
		CASE("GET /a HTTP/1.1\n" HOST "\r\n", 400),
		CASE("GET /a HTTP/1.1\r" HOST "\r\n", 400),
		CASE("GET /a HTTP/1.1\n\nHost: a\n\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a\n\r\n", 400),
		CASE(GET "X: a\nY: b\r\n\r\n", 400),
		CASE(GET "X: a\rY: b\r\n\r\n", 400),
		CASE(GET "X: a\r\r\n\r\n", 400),
		CASE(GET "X: a\n\r\n", 400),
		CASE(GET "\n", 400),
		CASE(GET "\r\r\n", 400),
		/* Fields. */
		CASE(GET "X:\r\n\r\n", 0),
		CASE(GET "X: \t \r\n\r\n", 0),
		CASE(GET "X:a\r\n\r\n", 0),
		CASE(GET "X: a:b\tc \"d\" \xc3\xa4\xff\r\n\r\n", 0),
		CASE(GET "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", 0),
		CASE(GET "X-Auth: a\r\nX-A: a\r\nSec: a\r\nHos: a\r\nHostt: a\r\n\r\n", 0),
		CASE(GET "X: a\r\nX: a\r\nCookie: a\r\nCookie: b\r\n\r\n", 0),
		CASE(GET "X : a\r\n\r\n", 400),
		CASE(GET "X\t: a\r\n\r\n", 400),
		CASE(GET " X: a\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", 400),
		CASE(GET "X: a\r\n b\r\n\r\n", 400),
		CASE(GET "X: a\r\n\tb\r\n\r\n", 400),
		CASE(GET "X: a\r\n \r\n\r\n", 400),
		CASE(GET "X\r\n\r\n", 400),
		CASE(GET ": a\r\n\r\n", 400),
		CASE(GET ":\r\n\r\n", 400),
		CASE(GET "X Y: a\r\n\r\n", 400),
		CASE(GET "X(: a\r\n\r\n", 400),
		CASE(GET "X\xc3\xa4: a\r\n\r\n", 400),
		CASE(GET "\"X\": a\r\n\r\n", 400),
		CASE(GET "X: a\0b\r\n\r\n", 400),
		CASE(GET "X\0: a\r\n\r\n", 400),
		CASE(GET "X: a\x01\r\n\r\n", 400),
		CASE(GET "X: a\x1b[0m\r\n\r\n", 400),
		CASE(GET "X: a\x0b\r\n\r\n", 400),
		CASE(GET "X: a\x7f\r\n\r\n", 400),
		/* The host. */
		CASE("GET /a HTTP/1.1\r\n\r\n", 400),
		CASE("GET /a HTTP/1.2\r\n\r\n", 400),
		CASE("GET /a HTTP/1.0\r\n\r\n", 0),
		CASE("GET http://a/ HTTP/1.0\r\n\r\n", 0),
		CASE("GET http://b@a/ HTTP/1.0\r\n\r\n", 400),
		CASE("GET http:///a HTTP/1.0\r\n\r\n", 400),
		CASE("GET http://a/ HTTP/1.1\r\n\r\n", 400),
		CASE(GET HOST "\r\n", 400),
		CASE(GET "host: other.example\r\n\r\n", 400),
		CASE("GET /a HTTP/1.0\r\n" HOST HOST "\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost:\r\n\r\n", 400),
		CASE("GET /a HTTP/1.0\r\nHost: \r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: :80\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a:x\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a:-1\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a:4294967297\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: ::1\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: []\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: [a]\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: [::1]80\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: [::1]]\r\n\r\n", 400),
		CASE("GET /a HTTP/1.1\r\nHost: [0000:0000:0000:0000:0000:0000:0000:0000:0000:0]"
		     "\r\n\r\n",
			400),
		CASE("GET /a HTTP/1.1\r\nHost: A-b_c.example.:65535\r\n\r\n", 0),
		CASE("GET /a HTTP/1.1\r\nHost: a:\r\n\r\n", 0),
		CASE("GET /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", 0),
		CASE("GET /a HTTP/1.1\r\nHost: [::1]\r\n\r\n", 0),
		CASE("GET /a HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n", 0),
		CASE("GET http://[::1]:8/ HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", 0),
		/* What may be sent once. */
		CASE(GET "Authorization: a\r\nAuthorization: a\r\n\r\n", 400),
		CASE(GET "Origin: a\r\norigin: a\r\n\r\n", 400),
		CASE(GET "Content-Type: a\r\nContent-Type: a\r\n\r\n", 400),
		CASE(GET "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", 400),
		CASE(GET "Last-Event-ID: a\r\nLast-Event-ID: a\r\n\r\n", 400),
		CASE(GET "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: a\r\n\r\n", 400),
		CASE(GET "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Version: 13\r\n\r\n", 400),
		CASE(GET "Access-Control-Request-Method: GET\r\n"
			 "Access-Control-Request-Method: GET\r\n\r\n",
			400),
		/* Connection is a list. */
		CASE(GET "Connection: a\r\nConnection: b\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n", 0),
		CASE(GET "Expect: 100-continue\r\n\r\n", 0),
		CASE(GET "Expect: 100-Continue, 100-continue\r\n\r\n", 0),
		CASE(GET "Expect:\r\n\r\n", 0),
		CASE(GET "Expect: x\r\n\r\n", 417),
		CASE(GET "Expect: 100-continue, x\r\n\r\n", 417),
		CASE(GET "Expect: 100-continue\r\nExpect: x\r\n\r\n", 417),
		CASE("GET /a HTTP/1.0\r\nExpect: x\r\n\r\n", 417),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(cases[i].text.p, cases[i].text, cases[i].status);
}

/* Fields of a POST that frame its body. */
static void a_body_has_one_framing_or_is_refused(void **state)
{
	static const struct {
		const char *fields;
		unsigned status;
		bool chunked, has_length;
		uint64_t length;
	} cases[] = {
		{"", 0, .length = 0},
		{"Content-Length: 0\r\n", 0, .has_length = true},
		{"content-length:5\r\n", 0, .has_length = true, .length = 5},
		{"CONTENT-LENGTH: \t5 \r\n", 0, .has_length = true, .length = 5},
		{"Content-Length: 18446744073709551614\r\n", 0, false, true, UINT64_MAX - 1},
		{"Content-Length: 18446744073709551615\r\n", 0, false, true, UINT64_MAX},
		{"Content-Length: 18446744073709551616\r\n", 0, false, true, UINT64_MAX},
		{"Content-Length: 18446744073709551621\r\n", 0, false, true, UINT64_MAX},
		{"Content-Length: 99999999999999999999999999\r\n", 0, false, true, UINT64_MAX},
		{"Content-Length:\r\n", .status = 400},
		{"Content-Length: \r\n", .status = 400},
		{"Content-Length: 00\r\n", .status = 400},
		{"Content-Length: 05\r\n", .status = 400},
		{"Content-Length: +5\r\n", .status = 400},
		{"Content-Length: -0\r\n", .status = 400},
		{"Content-Length: -1\r\n", .status = 400},
		{"Content-Length: 0x5\r\n", .status = 400},
		{"Content-Length: 5x\r\n", .status = 400},
		{"Content-Length: 5 5\r\n", .status = 400},
		{"Content-Length: 5, 5\r\n", .status = 400},
		{"Content-Length: 5,\r\n", .status = 400},
		{"Content-Length: 5.0\r\n", .status = 400},
		{"Content-Length: 1e3\r\n", .status = 400},
		{"Content-Length: \"5\"\r\n", .status = 400},
		{"Content-Length: \xd9\xa5\r\n", .status = 400},
		{"Content-Length: 5\r\nContent-Length: 5\r\n", .status = 400},
		{"Content-Length: 5\r\nContent-Length: 6\r\n", .status = 400},
		{"Content-Length: 5\r\nContent-Length:\r\n", .status = 400},
		{"Content-Length : 5\r\n", .status = 400},
		{"Transfer-Encoding: chunked\r\n", 0, .chunked = true},
		{"transfer-encoding:CHUNKED \r\n", 0, .chunked = true},
		{"Transfer-Encoding: , chunked,\r\n", 0, .chunked = true},
		{"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", 0, .chunked = true},
		{"Transfer-Encoding:\r\n", .status = 400},
		{"Transfer-Encoding: ,\r\n", .status = 400},
		{"Transfer-Encoding: chunked, chunked\r\n", .status = 400},
		{"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .status = 400},
		{"Transfer-Encoding: identity\r\n", .status = 501},
		{"Transfer-Encoding: gzip\r\n", .status = 501},
		{"Transfer-Encoding: gzip, chunked\r\n", .status = 501},
		{"Transfer-Encoding: chunked, identity\r\n", .status = 501},
		{"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", .status = 501},
		{"Transfer-Encoding: xchunked\r\n", .status = 501},
		{"Transfer-Encoding: chunkedx\r\n", .status = 501},
		{"Transfer-Encoding: chunked;q=1\r\n", .status = 501},
		{"Transfer-Encoding: \"chunked\"\r\n", .status = 501},
		{"Transfer-Encoding: chun ked\r\n", .status = 501},
		{"Transfer-Encoding: \x0b"
		 "chunked\r\n",
			.status = 400},
		{"Transfer-Encoding : chunked\r\n", .status = 400},
		{"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", .status = 400},
		{"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", .status = 400},
		{"Content-Length: 5\r\nTransfer-Encoding: identity\r\n", .status = 400},
		{"Content-Length: 5\r\nTransfer-Encoding:\r\n", .status = 400},
		/* Other fields. */
		{"Content_Length: 5\r\nX-Content-Length: 5\r\nContent-Lengt: 5\r\nTE: chunked\r\n",
			0, .length = 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0};
		struct http_head head;

		dnc_buf_printf(&text, POST "%s\r\n", cases[i].fields);
		check(cases[i].fields, dnc_buf_view(&text), cases[i].status);
		if (!cases[i].status && (read_text(dnc_buf_view(&text), &head) != HTTP_HEAD_READ ||
						head.chunked != cases[i].chunked ||
						head.has_length != cases[i].has_length ||
						head.length != cases[i].length))
			fail_msg("%s", cases[i].fields);
		dnc_buf_free(&text);
	}
}

static void bodies_that_mean_nothing_are_refused(void **state)
{
	static const struct {
		const char *line, *fields;
		unsigned status;
	} cases[] = {
		{"GET / HTTP/1.1", "Content-Length: 5\r\n", 400},
		{"GET / HTTP/1.1", "Transfer-Encoding: chunked\r\n", 400},
		{"HEAD / HTTP/1.1", "Content-Length: 5\r\n", 400},
		{"TRACE / HTTP/1.1", "Content-Length: 5\r\n", 400},
		{"GET / HTTP/1.0", "Content-Length: 5\r\n", 400},
		{"GET / HTTP/1.1", "Content-Length: 0\r\n", 0},
		{"DELETE / HTTP/1.1", "Content-Length: 5\r\n", 0},
		{"POST / HTTP/1.0", "Content-Length: 5\r\n", 0},
		{"POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n", 400},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0};

		dnc_buf_printf(&text, "%s\r\n" HOST "%s\r\n", cases[i].line, cases[i].fields);
		check(cases[i].line, dnc_buf_view(&text), cases[i].status);
		dnc_buf_free(&text);
	}
}

static void the_parts_of_a_request_are_found(void **state)
{
	static const struct {
		const char *target, *path, *query, *host; /* query NULL: none */
	} cases[] = {
		{"/", "/", NULL, "hub.example"},
		{"/a/b", "/a/b", NULL, "hub.example"},
		{"/a?", "/a", "", "hub.example"},
		{"/a?b=c?d", "/a", "b=c?d", "hub.example"},
		{"/%61?%62", "/%61", "%62", "hub.example"},
		{"http://hub.example", "/", NULL, "hub.example"},
		{"http://hub.example/", "/", NULL, "hub.example"},
		{"https://HUB.example?x", "/", "x", "hub.example"},
		{"http://hub.example/a/b?c=http://d/", "/a/b", "c=http://d/", "hub.example"},
		{"*", "*", NULL, "hub.example"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0};
		struct http_head head;

		dnc_buf_printf(&text, "\r\nOPTIONS %s HTTP/1.1\r\n" HOST "X:  y \r\n\r\nbody",
			cases[i].target);
		assert_int_equal(read_text(dnc_buf_view(&text), &head), HTTP_HEAD_READ);
		if (!dnc_str_eq(head.method, DNC_STR("OPTIONS")) ||
			!dnc_str_eq(head.path, dnc_str(cases[i].path)) ||
			!dnc_str_eq(head.query, dnc_str(cases[i].query)) ||
			!head.query.p != !cases[i].query ||
			!dnc_str_eq(head.host, dnc_str(cases[i].host)))
			fail_msg("%s: %.*s %.*s %.*s", cases[i].target, DNC_STR_ARG(head.path),
				DNC_STR_ARG(head.query), DNC_STR_ARG(head.host));
		assert_int_equal(head.count, 2);
		assert_true(dnc_str_eq(head.fields[1].name, DNC_STR("X")));
		assert_true(dnc_str_eq(head.fields[1].value, DNC_STR("y")));
		assert_int_equal(head.bytes, text.n - strlen("body"));
		dnc_buf_free(&text);
	}
}

static void the_connection_ends_when_it_is_asked_for(void **state)
{
	static const struct {
		const char *version, *fields;
		bool close, expects;
	} cases[] = {
		{"1.1", "", .close = false},
		{"1.1", "Connection: close\r\n", .close = true},
		{"1.1", "Connection: Upgrade,  CLOSE\r\n", .close = true},
		{"1.1", "Connection: keep-alive\r\nConnection: close\r\n", .close = true},
		{"1.1", "Connection: closed, not-close, Upgrade\r\n", .close = false},
		{"1.1", "X-Connection: close\r\n", .close = false},
		{"1.0", "", .close = true},
		{"1.0", "Connection: Keep-Alive\r\n", .close = false},
		{"1.0", "Connection: keep-alive, close\r\n", .close = true},
		{"1.2", "", .close = false},
		{"1.1", "Content-Length: 5\r\nExpect: 100-continue\r\n", .expects = true},
		{"1.1", "Transfer-Encoding: chunked\r\nExpect: 100-CONTINUE\r\n", .expects = true},
		{"1.1", "Content-Length: 0\r\nExpect: 100-continue\r\n", .expects = false},
		{"1.1", "Expect: 100-continue\r\n", .expects = false},
		{"1.0", "Content-Length: 5\r\nExpect: 100-continue\r\n", true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0};
		struct http_head head;

		dnc_buf_printf(&text, "POST / HTTP/%s\r\n" HOST "%s\r\n", cases[i].version,
			cases[i].fields);
		assert_int_equal(read_text(dnc_buf_view(&text), &head), HTTP_HEAD_READ);
		if (head.close != cases[i].close || head.expects_continue != cases[i].expects ||
			head.http_1_0 != (strcmp(cases[i].version, "1.0") == 0))
			fail_msg("HTTP/%s %s: close %d, expects %d", cases[i].version,
				cases[i].fields, head.close, head.expects_continue);
		dnc_buf_free(&text);
	}
}

static void the_elements_of_lists_are_found(void **state)
{
	static const struct {
		const char *fields, *elements; /* each in angle brackets */
	} cases[] = {
		{"", ""},
		{"L:\r\n", ""},
		{"L: ,, ,\t,\r\n", ""},
		{"L: a\r\n", "<a>"},
		{"L: a, b ,c\r\n", "<a><b><c>"},
		{"L: ,a,, b,\r\n", "<a><b>"},
		{"L: a\r\nM: x\r\nl:\r\nL: b, c\r\n", "<a><b><c>"},
		{"L: a b; c=\"d, e\", f\r\n", "<a b; c=\"d, e\"><f>"},
		{"L: \"a\\\", b\", c\r\n", "<\"a\\\", b\"><c>"},
		{"L: \"a\\\\\", b\r\n", "<\"a\\\\\"><b>"},
		{"L: \"a, b\r\nL: c\r\n", "<\"a, b><c>"},
		{"L: \"a\\\r\nL: c\r\n", "<\"a\\><c>"},
		{"LL: x\r\nXL: x\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0}, found = {0};
		struct http_head head;
		struct http_list list;
		struct dnc_str element;

		dnc_buf_printf(&text, GET "%s\r\n", cases[i].fields);
		assert_int_equal(read_text(dnc_buf_view(&text), &head), HTTP_HEAD_READ);
		list = http_list_start(&head, DNC_STR("l"));
		while (http_list_next(&list, &element))
			dnc_buf_printf(&found, "<%.*s>", DNC_STR_ARG(element));
		assert_false(http_list_next(&list, &element));
		if (!dnc_str_eq(dnc_buf_view(&found), dnc_str(cases[i].elements)))
			fail_msg("%s: %.*s", cases[i].fields, DNC_STR_ARG(dnc_buf_view(&found)));
		dnc_buf_free(&text);
		dnc_buf_free(&found);
	}
}

static void fields_are_found_by_name_in_any_case(void **state)
{
	struct dnc_str text = DNC_STR(GET "X-Auth: 1\r\nx-a: 2\r\nX-A: 3\r\nEmpty:\r\n\r\n");
	struct http_head head;

	(void)state;
	assert_int_equal(read_text(text, &head), HTTP_HEAD_READ);
	assert_true(dnc_str_eq(http_head_field(&head, DNC_STR("x-auth")), DNC_STR("1")));
	assert_true(dnc_str_eq(http_head_field(&head, DNC_STR("X-A")), DNC_STR("2")));
	assert_int_equal(http_head_count(&head, DNC_STR("x-a")), 2);
	assert_int_equal(http_head_count(&head, DNC_STR("empty")), 1);
	assert_non_null(http_head_field(&head, DNC_STR("empty")).p);
	assert_int_equal(http_head_field(&head, DNC_STR("empty")).n, 0);
	assert_null(http_head_field(&head, DNC_STR("x")).p);
	assert_null(http_head_field(&head, DNC_STR("x-auth2")).p);
	assert_int_equal(http_head_count(&head, DNC_STR("")), 0);
	assert_true(http_head_has_token(&head, DNC_STR("x-a"), DNC_STR("3")));
	assert_false(http_head_has_token(&head, DNC_STR("x-a"), DNC_STR("")));
}

static void fill(struct dnc_buf *b, char c, size_t n)
{
	while (n--)
		dnc_buf_chr(b, c);
}

/* What is too large is refused with a status of its own, whether it ends or not. */
static void sizes_have_limits(void **state)
{
	static const struct {
		const char *before, *after;
		size_t bytes; /* of 'a' between them */
		unsigned status;
	} cases[] = {
		{"GET /?", " HTTP/1.1\r\n" HOST "\r\n", HTTP_TARGET_BYTES - 2, 0},
		{"GET /?", " HTTP/1.1\r\n" HOST "\r\n", HTTP_TARGET_BYTES - 1, 414},
		{"GET /?", "", 10000, 414},
		{"GET /?", " HTTP/1.1\r\n" HOST "\r\n", 100000, 414},
		{"GET /a HTTP/1.1", "", 10000, 414},
		{GET "X: ", "\r\n\r\n", HTTP_HEAD_BYTES - sizeof(GET "X: \r\n\r\n") + 1, 0},
		{GET "X: ", "\r\n\r\n", HTTP_HEAD_BYTES - sizeof(GET "X: \r\n\r\n") + 2, 431},
		{GET "X: ", "", 100000, 431},
		{GET, ": x\r\n\r\n", 5000, 0},
		{GET, "", 100000, 431},
		{"", "", 33, 501},
		{"", "", 100000, 501},
		{GET "Authorization: Bearer ", "\r\n\r\n", DNC_TOKEN_MAX, 0},
	};
	struct dnc_buf both = {0}; /* token and query of the largest size */

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnc_buf text = {0};

		dnc_buf_str(&text, dnc_str(cases[i].before));
		fill(&text, 'a', cases[i].bytes);
		dnc_buf_str(&text, dnc_str(cases[i].after));
		check(cases[i].before, dnc_buf_view(&text), cases[i].status);
		dnc_buf_free(&text);
	}
	dnc_buf_lit(&both, "GET /api/v1/events?");
	fill(&both, 'q', 8192);
	dnc_buf_lit(&both, " HTTP/1.1\r\n" HOST "Authorization: Bearer ");
	fill(&both, 't', DNC_TOKEN_MAX);
	dnc_buf_lit(&both, "\r\nX: ");
	fill(&both, 'x', 3000);
	dnc_buf_lit(&both, "\r\n\r\n");
	check("token and query", dnc_buf_view(&both), 0);
	dnc_buf_free(&both);
}

static void fields_are_counted(void **state)
{
	(void)state;
	for (size_t more = 0; more < 3; more++) {
		struct dnc_buf text = {0};

		dnc_buf_lit(&text, GET);
		for (size_t i = 1; i < HTTP_HEAD_FIELDS - 1 + more; i++)
			dnc_buf_printf(&text, "X-%zu: v\r\n", i);
		dnc_buf_lit(&text, "\r\n");
		check("fields", dnc_buf_view(&text), more < 2 ? 0 : 431);
		dnc_buf_free(&text);
	}
}

/* A refusal does not wait for the rest of the head, and comes with the byte that it is for. */
static void what_can_become_no_head_is_refused_at_once(void **state)
{
	static const struct dnc_str cases[] = {
		DNC_STR("\x16"),
		DNC_STR("\n"),
		DNC_STR(" "),
		DNC_STR("{"),
		DNC_STR("GET\t"),
		DNC_STR("GET /a HTTP/1.1\n"),
		DNC_STR("GET /a\r\n"),
		DNC_STR("GET /\x01"),
		DNC_STR("GET /a HTTP/2.0\r\n"),
		DNC_STR("GET /a HTTP/1.1\r\nX : a\r\n"),
		DNC_STR("GET /a HTTP/1.1\r\nX: a\r\n b\r\n"),
		DNC_STR("GET /a HTTP/1.1\r\nX: a\rb"),
		DNC_STR("GET /a HTTP/1.1\r\nX: \0"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_head head;

		if (feed(cases[i].p, cases[i].n, 1, &head) != HTTP_HEAD_REFUSED)
			fail_msg("%s", cases[i].p);
		if (cases[i].n > 1 && feed(cases[i].p, cases[i].n - 1, 1, &head) != HTTP_HEAD_MORE)
			fail_msg("%s: refused too early", cases[i].p);
	}
}

/* A head that comes byte by byte costs linear time. */
static void bytes_are_looked_at_once(void **state)
{
	struct dnc_str text = DNC_STR("\r\n" GET "X: a\r\n\r\nGET /next HTTP/1.1\r\n");
	struct http_head head;
	size_t scanned = 0, whole = strlen("\r\n" GET "X: a\r\n\r\n");

	(void)state;
	for (size_t n = 1; n < whole; n++) {
		assert_int_equal(http_head_read(text.p, n, &scanned, &head), HTTP_HEAD_MORE);
		/* An empty line is known as such when its second byte is there. */
		assert_int_equal(scanned, n == 1 ? 0 : n);
	}
	assert_int_equal(http_head_read(text.p, text.n, &scanned, &head), HTTP_HEAD_READ);
	assert_int_equal(scanned, whole);
	assert_int_equal(head.bytes, whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_lines_are_read_or_refused),
		cmocka_unit_test(heads_are_read_or_refused),
		cmocka_unit_test(a_body_has_one_framing_or_is_refused),
		cmocka_unit_test(bodies_that_mean_nothing_are_refused),
		cmocka_unit_test(the_parts_of_a_request_are_found),
		cmocka_unit_test(the_connection_ends_when_it_is_asked_for),
		cmocka_unit_test(the_elements_of_lists_are_found),
		cmocka_unit_test(fields_are_found_by_name_in_any_case),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(fields_are_counted),
		cmocka_unit_test(what_can_become_no_head_is_refused_at_once),
		cmocka_unit_test(bytes_are_looked_at_once),
	};

	return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
