#include "web/http/reply.h"
#include <stdio.h>
#include <string.h>
#include "web/http/exchange.h"
#include "web/http/routes.h"
#include "web/priv/responses.h"

static const char *const http_method_names[HTTP_METHODS] = {
	[HTTP_METHOD_GET] = "GET", [HTTP_METHOD_POST] = "POST"};

const char http_draining[] = "the hub is shutting down: connect again after Retry-After";

static const struct {
	const char *name, *value;
} security_headers[] = {
	{"x-content-type-options:", "nosniff"},
	{"x-frame-options:", "DENY"},
	{"referrer-policy:", "no-referrer"},
	{"content-security-policy:", "default-src 'self'"},
	{"cache-control:", "no-store"},
	/* Only over TLS: RFC 6797 section 7.2. */
	{"strict-transport-security:", "max-age=31536000"},
};

int http_add_headers(
	struct lws *wsi, const struct extra_header *extra, unsigned char **p, unsigned char *end)
{
	size_t count = sizeof security_headers / sizeof security_headers[0] - !lws_is_ssl(wsi);

	for (size_t i = 0; i < count; i++)
		if (lws_add_http_header_by_name(wsi,
			    (const unsigned char *)security_headers[i].name,
			    (const unsigned char *)security_headers[i].value,
			    (int)strlen(security_headers[i].value), p, end))
			return -1;
	for (; extra; extra = extra->more)
		if (lws_add_http_header_by_name(wsi, (const unsigned char *)extra->name,
			    (const unsigned char *)extra->value, (int)strlen(extra->value), p, end))
			return -1;
	return 0;
}

void http_count_answer(struct responses *to, const struct route *route, unsigned status)
{
	responses_count(to, route ? http_method_names[route->method] : NULL,
		route ? route->path : NULL, status, 1);
}

void http_count(struct lws *wsi, unsigned status)
{
	const struct http_connection *c = lws_wsi_user(wsi);

	if (c && c->responses)
		http_count_answer(c->responses, c->route, status);
}

bool http_is_head(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
}

int http_reply(struct lws *wsi, unsigned status, const char *type, const struct dnc_buf *body,
	const struct extra_header *extra)
{
	unsigned char head[LWS_PRE + 4096], *p = head + LWS_PRE, *end = head + sizeof head;

	if (!dnc_buf_ok(body) || lws_add_http_common_headers(wsi, status, type, body->n, &p, end) ||
		http_add_headers(wsi, extra, &p, end) < 0 ||
		lws_finalize_write_http_header(wsi, head + LWS_PRE, &p, end))
		return -1;
	http_count(wsi, status);
	if (body->n && !http_is_head(wsi) &&
		lws_write(wsi, (unsigned char *)body->p, body->n, LWS_WRITE_HTTP_FINAL) < 0)
		return -1;
	return 0;
}

int http_problem_send(
	struct dnc_buf *page, struct lws *wsi, unsigned status, const struct extra_header *extra)
{
	struct extra_header header = problem_status(status)->header;

	http_problem_close(page);
	header.more = extra;
	return http_reply(
		wsi, status, "application/problem+json", page, header.name ? &header : extra);
}

int http_problem(struct dnc_buf *page, struct lws *wsi, unsigned status, const char *detail)
{
	http_problem_open(page, status, detail);
	return http_problem_send(page, wsi, status, NULL);
}

int http_problem_error(
	struct dnc_buf *page, struct lws *wsi, unsigned status, const struct dnc_error *err)
{
	char detail[sizeof err->place + sizeof err->message + 4];

	snprintf(detail, sizeof detail, "%s%s%s", err->place, err->place[0] ? ": " : "",
		err->message);
	return http_problem(page, wsi, status, detail);
}
