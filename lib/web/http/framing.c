#include "web/http/framing.h"
#include "web/http/authority.h"
#include "web/http/request_line.h"

/* Of two values a proxy in front may have gone by the one and we by the other. */
static bool check_single(struct http_head *head)
{
#define ONCE(name)                                                                                 \
	{                                                                                          \
		{name, sizeof name - 1}, "the request has " name " more than once: send it once"   \
	}
	static const struct {
		struct dnc_str name;
		const char *fault;
	} once[] = {
		ONCE("Host"),
		ONCE("Content-Length"),
		ONCE("Content-Type"),
		ONCE("Content-Encoding"),
		ONCE("Authorization"),
		ONCE("Origin"),
		ONCE("Last-Event-ID"),
		ONCE("Sec-WebSocket-Key"),
		ONCE("Sec-WebSocket-Version"),
		ONCE("Access-Control-Request-Method"),
	};
#undef ONCE

	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
		if (http_head_count(head, once[i].name) > 1)
			return http_head_refuse(head, 400, once[i].fault);
	return true;
}

/* The host of an absolute target must be sent as Host as well (RFC 9112 section 3.2). */
static bool read_host(struct http_head *head)
{
	struct dnc_str host = http_head_field(head, DNC_STR("Host"));

	if (!host.p)
		return head->http_1_0 ||
		       http_head_refuse(head, 400,
			       "the request has no Host: send the name of the hub as Host");
	if (!authority_is_valid(host))
		return http_head_refuse(head, 400,
			"Host is no valid host: send HOST or HOST:PORT, the name of the hub");
	if (head->host.p && !dnc_str_caseeq(head->host, host))
		return http_head_refuse(head, 400,
			"the target names another host than Host: send the same as both");
	head->host = host;
	return true;
}

/* Digits alone, and no zero before others. A length that does not fit is more than any body may have. */
static bool read_length(struct http_head *head)
{
	struct dnc_str value = http_head_field(head, DNC_STR("Content-Length"));
	bool valid = value.n && (value.p[0] != '0' || value.n == 1);

	head->has_length = value.p != NULL;
	for (size_t i = 0; i < value.n && valid; i++) {
		valid = value.p[i] >= '0' && value.p[i] <= '9';
		if (__builtin_mul_overflow(head->length, 10, &head->length) ||
			__builtin_add_overflow(
				head->length, (unsigned)(value.p[i] - '0'), &head->length))
			head->length = UINT64_MAX;
	}
	return !head->has_length || valid ||
	       http_head_refuse(
		       head, 400, "Content-Length is not a number: send the bytes of the body");
}

/* RFC 9112 section 6.1: chunked is the one coding, and applied once. */
static bool read_coding(struct http_head *head)
{
	struct dnc_str name = DNC_STR("Transfer-Encoding"), coding;
	struct http_list list = http_list_start(head, name);
	bool sent = http_head_field(head, name).p;

	if (sent && head->http_1_0)
		return http_head_refuse(head, 400,
			"Transfer-Encoding is not part of HTTP/1.0: use HTTP/1.1, or send "
			"Content-Length");
	if (sent && head->has_length)
		return http_head_refuse(head, 400,
			"the request has Content-Length and Transfer-Encoding: send one of them");
	while (http_list_next(&list, &coding)) {
		if (!dnc_str_caseeq(coding, DNC_STR("chunked")))
			return http_head_refuse(head, 501,
				"Transfer-Encoding is not supported: send Content-Length, or chunked");
		if (head->chunked)
			return http_head_refuse(
				head, 400, "Transfer-Encoding has chunked twice: send it once");
		head->chunked = true;
	}
	return !sent || head->chunked ||
	       http_head_refuse(
		       head, 400, "Transfer-Encoding is empty: send Content-Length, or chunked");
}

static bool has_body(const struct http_head *head)
{
	return head->chunked || head->length > 0;
}

/* RFC 9110 section 9.3: such a body has no meaning, and hides requests. */
static bool check_body(struct http_head *head)
{
	static const struct dnc_str bare[] = {{"GET", 3}, {"HEAD", 4}, {"TRACE", 5}};

	for (size_t i = 0; i < sizeof bare / sizeof bare[0]; i++)
		if (has_body(head) && dnc_str_eq(head->method, bare[i]))
			return http_head_refuse(head, 400,
				"a request of this method has no body: send none, or use POST");
	return true;
}

/* RFC 9110 section 10.1.1: in HTTP/1.0, and without a body, the expectation is ignored. */
static bool read_expect(struct http_head *head)
{
	struct http_list list = http_list_start(head, DNC_STR("Expect"));
	struct dnc_str expectation;

	while (http_list_next(&list, &expectation)) {
		if (!dnc_str_caseeq(expectation, DNC_STR("100-continue")))
			return http_head_refuse(head, 417,
				"Expect is not supported: send 100-continue, or nothing");
		head->expects_continue = !head->http_1_0 && has_body(head);
	}
	return true;
}

bool framing_read(struct http_head *head)
{
	struct dnc_str connection = DNC_STR("Connection");

	head->close =
		http_head_has_token(head, connection, DNC_STR("close")) ||
		(head->http_1_0 && !http_head_has_token(head, connection, DNC_STR("keep-alive")));
	return check_single(head) && read_host(head) && read_length(head) && read_coding(head) &&
	       check_body(head) && read_expect(head);
}
