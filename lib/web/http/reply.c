#include "web/http/reply.h"
#include <string.h>
#include "web/priv/member.h"
#include "web/priv/server.h"

static const char problem_type[] = "application/problem+json"; /* RFC 9457 */

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
	if (body->n && !http_is_head(wsi) &&
		lws_write(wsi, (unsigned char *)body->p, body->n, LWS_WRITE_HTTP_FINAL) < 0)
		return -1;
	return 0;
}

/* What else an answer of a status has to say. */
static const struct {
	unsigned status;
	struct extra_header header;
} status_headers[] = {
	{401, {"www-authenticate:", "Bearer", NULL}},
	{415, {"accept-encoding:", "gzip", NULL}},
	{426, {"upgrade:", "websocket", NULL}},
	{429, {"retry-after:", "6", NULL}},
	{503, {"retry-after:", "1", NULL}},
};

void http_problem_begin(struct dnc_buf *b, unsigned status, const char *title, const char *detail)
{
	dnc_buf_clear(b);
	dnc_buf_chr(b, '{');
	member_text(b, "title", title);
	member_number(b, "status", status);
	member_text(b, "detail", detail);
}

int http_problem_end(
	struct dnc_web *w, struct lws *wsi, unsigned status, const struct extra_header *extra)
{
	struct extra_header header;

	dnc_buf_chr(&w->page, '}');
	for (size_t i = 0; i < sizeof status_headers / sizeof status_headers[0]; i++) {
		if (status_headers[i].status != status)
			continue;
		header = status_headers[i].header;
		header.more = extra;
		return http_reply(wsi, status, problem_type, &w->page, &header);
	}
	return http_reply(wsi, status, problem_type, &w->page, extra);
}

int http_problem(
	struct dnc_web *w, struct lws *wsi, unsigned status, const char *title, const char *detail)
{
	http_problem_begin(&w->page, status, title, detail);
	return http_problem_end(w, wsi, status, NULL);
}
