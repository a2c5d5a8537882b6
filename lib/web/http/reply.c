#include "web/http/reply.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "web/http/connection.h"
#include "web/http/cors.h"
#include "web/http/request.h"
#include "web/http/routes.h"
#include "web/priv/conn.h"
#include "web/priv/responses.h"
#include "web/priv/stats.h"
#include "web/web.h"

static const char *const http_method_names[HTTP_METHODS] = {
	[HTTP_METHOD_GET] = "GET", [HTTP_METHOD_POST] = "POST"};

const char http_draining[] = "the hub is shutting down: connect again after Retry-After";

static const struct extra_header usual_headers[] = {
	{"x-content-type-options:", "nosniff", NULL},
	{"x-frame-options:", "DENY", NULL},
	{"referrer-policy:", "no-referrer", NULL},
	{"content-security-policy:", "default-src 'self'", NULL},
	{"cache-control:", "no-store", NULL},
	/* A page of another site can't load an answer as a script, style or image: requests that CORS allows are not
	 * concerned. */
	{"cross-origin-resource-policy:", "same-origin", NULL},
	/* Only over TLS: RFC 6797 section 7.2. */
	{"strict-transport-security:", "max-age=31536000", NULL},
};

static const char *reason_phrase(unsigned status)
{
	return status == 101   ? "Switching Protocols"
	       : status == 200 ? "OK"
	       : status == 204 ? "No Content"
	       : status == 304 ? "Not Modified"
	                       : problem_status(status)->title;
}

static void add_header(struct dnc_buf *b, const char *name, const char *value)
{
	dnc_buf_str(b, dnc_str(name));
	dnc_buf_chr(b, ' ');
	dnc_buf_str(b, dnc_str(value));
	dnc_buf_lit(b, "\r\n");
}

/* IMF-fixdate, RFC 9110 section 5.6.7. */
static void add_date(struct dnc_buf *b)
{
	time_t now = (time_t)(dnc_clock_now_ms() / 1000);
	struct tm tm;
	char text[40] = "";

	gmtime_r(&now, &tm);
	strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT",
		&tm); /* the program sets no locale */
	add_header(b, "date:", text);
}

static bool has_header(const struct extra_header *headers, const char *name)
{
	for (; headers; headers = headers->more)
		if (strcmp(headers->name, name) == 0)
			return true;
	return false;
}

/* A header of EXTRA, which is added later, replaces a usual one. */
static void begin_head(struct http_connection *c, struct dnc_buf *b, unsigned status,
	const struct extra_header *extra)
{
	const struct cors cors = {.origin = dnc_str(c->allow_origin),
		.varies = c->context->options->allow_origin_count > 0};

	dnc_buf_clear(b);
	dnc_buf_printf(b, "HTTP/1.1 %u %s\r\n", status, reason_phrase(status));
	add_date(b);
	add_header(b, "server:", "dnc-wsd");
	for (size_t i = 0; i < sizeof usual_headers / sizeof usual_headers[0] - !c->tls; i++)
		if (!has_header(extra, usual_headers[i].name))
			add_header(b, usual_headers[i].name, usual_headers[i].value);
	cors_write(&cors, b);
}

static void add_extra(struct dnc_buf *b, const struct extra_header *extra)
{
	for (; extra; extra = extra->more)
		add_header(b, extra->name, extra->value);
}

static int put(struct http_connection *c, const struct dnc_buf *b)
{
	if (!dnc_buf_ok(b))
		return -1;
	return lws_write(c->wsi, (unsigned char *)b->p, b->n, LWS_WRITE_RAW) < 0 ? -1 : 0;
}

/* Without a route the path is no label, or clients could make any number of them. */
static void count(struct http_connection *c, unsigned status)
{
	const struct route *route = c->route;

	responses_count(&c->context->stats->counts.responses,
		route ? http_method_names[route->method] : NULL, route ? route->path : NULL, status,
		1);
}

/* The rest of a body is not the next request, and a server that shuts down answers no more. */
static void decide_last(struct http_connection *c)
{
	if (c->chunked || c->body_left || c->context->draining)
		c->last = true;
}

static void add_connection(const struct http_connection *c, struct dnc_buf *b)
{
	if (c->last)
		add_header(b, "connection:", "close");
	else if (c->http_1_0) /* its clients must be told: RFC 9112 section 9.3 */
		add_header(b, "connection:", "keep-alive");
}

int http_reply(struct http_connection *c, unsigned status, const char *type,
	const struct dnc_buf *body, const struct extra_header *extra)
{
	struct dnc_buf *b = &c->context->head_text;
	bool whole = type && !c->only_head && body->n <= DNC_HUB_SEND_BYTES;

	if (type && !dnc_buf_ok(body))
		return -1;
	decide_last(c);
	begin_head(c, b, status, extra);
	if (type)
		add_header(b, "content-type:", type);
	if (type)
		dnc_buf_printf(b, "content-length: %zu\r\n", body->n);
	if (status != 101)
		add_connection(c, b);
	if (status >= 400 && problem_status(status)->header.name)
		add_extra(b, &problem_status(status)->header);
	add_extra(b, extra);
	dnc_buf_lit(b, "\r\n");
	if (whole) /* one segment, and one TLS record */
		dnc_buf_add(b, body->p, body->n);
	if (put(c, b) < 0)
		return -1;
	count(c, status);
	return !type || whole || c->only_head ? 0 : put(c, body);
}

int http_reply_options(struct http_connection *c, const char *allow, bool preflight)
{
	struct dnc_buf *b = &c->context->head_text;

	decide_last(c);
	begin_head(c, b, 204, NULL);
	add_header(b, "allow:", allow);
	if (preflight)
		cors_write_preflight(b, allow);
	add_connection(c, b);
	dnc_buf_lit(b, "\r\n");
	count(c, 204);
	return put(c, b);
}

int http_reply_open(struct http_connection *c, const char *type)
{
	struct dnc_buf *b = &c->context->head_text;

	c->last = true;
	begin_head(c, b, 200, NULL);
	add_header(b, "content-type:", type);
	add_header(b, "connection:", "close");
	/* nginx would hold events back (proxy_buffering). */
	add_header(b, "x-accel-buffering:", "no");
	dnc_buf_lit(b, "\r\n");
	if (put(c, b) < 0)
		return -1;
	count(c, 200);
	return 0;
}

int http_continue(struct http_connection *c)
{
	struct dnc_buf *b = &c->context->head_text;

	dnc_buf_clear(b);
	dnc_buf_lit(b, "HTTP/1.1 100 Continue\r\n\r\n");
	return put(c, b);
}

int http_problem_send(struct http_connection *c, unsigned status, const struct extra_header *extra)
{
	http_problem_close(&c->context->page);
	return http_reply(c, status, "application/problem+json", &c->context->page, extra);
}

int http_problem_with(struct http_connection *c, unsigned status, const char *detail,
	const struct extra_header *extra)
{
	http_problem_open(&c->context->page, status, detail);
	return http_problem_send(c, status, extra);
}

int http_problem(struct http_connection *c, unsigned status, const char *detail)
{
	return http_problem_with(c, status, detail, NULL);
}

int http_problem_error(struct http_connection *c, unsigned status, const struct dnc_error *err)
{
	char detail[sizeof err->place + sizeof err->message + 4];

	snprintf(detail, sizeof detail, "%s%s%s", err->place, err->place[0] ? ": " : "",
		err->message);
	return http_problem(c, status, detail);
}
