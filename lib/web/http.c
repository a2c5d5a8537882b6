/* http.c - the pages: health, metrics, and who may upgrade. */
#include <inttypes.h>
#include "../base/clock.h"
#include "../metrics/metrics.h"
#include "serve.h"

static const char json_type[] = "application/json";
static const char problem_type[] = "application/problem+json"; /* RFC 9457 */

static const struct {
	const char *name, *value;
} security_headers[] = {
	{"x-content-type-options:", "nosniff"},
	{"x-frame-options:", "DENY"},
	{"referrer-policy:", "no-referrer"},
	{"content-security-policy:", "default-src 'self'"},
	{"cache-control:", "no-store"},
};

int http_add_headers(
	struct lws *wsi, const struct extra_header *extra, unsigned char **p, unsigned char *end)
{
	for (size_t i = 0; i < sizeof security_headers / sizeof security_headers[0]; i++)
		if (lws_add_http_header_by_name(wsi,
			    (const unsigned char *)security_headers[i].name,
			    (const unsigned char *)security_headers[i].value,
			    (int)strlen(security_headers[i].value), p, end))
			return -1;
	return extra && lws_add_http_header_by_name(wsi, (const unsigned char *)extra->name,
				(const unsigned char *)extra->value, (int)strlen(extra->value), p,
				end)
	               ? -1
	               : 0;
}

int http_reply(struct lws *wsi, unsigned status, const char *type, const struct dnc_buf *body,
	const struct extra_header *extra)
{
	unsigned char head[LWS_PRE + 4096], *p = head + LWS_PRE, *end = head + sizeof head;

	if (!dnc_buf_ok(body) || lws_add_http_common_headers(wsi, status, type, body->n, &p, end) ||
		http_add_headers(wsi, extra, &p, end) < 0 ||
		lws_finalize_write_http_header(wsi, head + LWS_PRE, &p, end))
		return -1;
	if (body->n && lws_write(wsi, (unsigned char *)body->p, body->n, LWS_WRITE_HTTP_FINAL) < 0)
		return -1;
	return 0;
}

int http_problem(
	struct dnc_web *w, struct lws *wsi, unsigned status, const char *title, const char *detail)
{
	static const struct extra_header allow = {"allow:", "GET"};
	struct dnc_buf *b = &w->page;

	dnc_buf_clear(b);
	dnc_buf_chr(b, '{');
	dnc_json_write_key(b, DNC_STR("title"));
	dnc_json_write_str(b, dnc_str(title));
	dnc_json_write_key(b, DNC_STR("status"));
	dnc_buf_u64(b, status);
	dnc_json_write_key(b, DNC_STR("detail"));
	dnc_json_write_str(b, dnc_str(detail));
	dnc_buf_chr(b, '}');
	return http_reply(wsi, status, problem_type, b, status == 405 ? &allow : NULL);
}

static int get_healthz(struct dnc_web *w, struct lws *wsi)
{
	dnc_buf_lit(&w->page, "{\"status\":\"ok\"}");
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static int get_readyz(struct dnc_web *w, struct lws *wsi)
{
	const char *failing = w->draining ? "draining" : w->options->not_ready(w->options->ctx);

	if (failing) {
		dnc_buf_printf(
			&w->page, "{\"status\":\"not ready\",\"failing\":[\"%s\"]}", failing);
		return http_reply(wsi, 503, json_type, &w->page, NULL);
	}
	dnc_buf_lit(&w->page, "{\"status\":\"ready\"}");
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static int get_info(struct dnc_web *w, struct lws *wsi)
{
	dnc_buf_printf(&w->page,
		"{\"version\":\"%s\",\"uptime_s\":%" PRId64
		",\"epoch\":\"%s\",\"oldest_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64
		",\"active_connections\":%zu,\"limits\":{"
		"\"max_connections\":%u,\"max_message_bytes\":%u,\"messages_per_s\":%d,"
		"\"messages_burst\":%d,\"max_event_bytes\":%u,\"max_filter_values\":%d}}",
		DNC_VERSION, (dnc_clock_mono_ms() - w->started_ms) / 1000, dnc_hub_epoch(w->hub),
		dnc_hub_oldest(w->hub), dnc_hub_last(w->hub), dnc_door_count(w->options->door),
		door_limit(w->options->door), DNC_WEB_MAX_MESSAGE, MESSAGES_PER_S, MESSAGES_BURST,
		DNC_EVENT_MAX_BYTES, DNC_FILTER_MAX_VALUES);
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static int get_metrics(struct dnc_web *w, struct lws *wsi)
{
	figures_text(w, &w->page);
	w->options->metrics(w->options->ctx, &w->page);
	return http_reply(wsi, 200, "text/plain; version=0.0.4; charset=utf-8", &w->page, NULL);
}

static int get_socket(struct dnc_web *w, struct lws *wsi)
{
	return http_problem(
		w, wsi, 426, "Upgrade Required", "this is a WebSocket, subprotocol dnc.v1");
}

static const struct {
	const char *path;
	int (*get)(struct dnc_web *w, struct lws *wsi);
} routes[] = {
	{"/healthz", get_healthz},
	{"/readyz", get_readyz},
	{"/metrics", get_metrics},
	{"/api/v1/info", get_info},
	{"/api/v1/events", history_begin},
	{"/api/v1/stream", sse_begin},
	{"/ws/dnc", get_socket},
};

/* A page of another site can make a browser call us under a name of its own that leads to
 * 127.0.0.1 (DNS rebinding): only names that mean this machine are answered. */
static bool is_own_host(const char *host)
{
	const char *colon = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');
	size_t n = colon ? (size_t)(colon - host) : strlen(host);
	unsigned char four[4];
	char name[64];

	if (host[0] == '[')
		return n == 4 && strncmp(host, "[::1", 4) == 0;
	if (n >= sizeof name)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	       (inet_pton(AF_INET, name, four) == 1 && four[0] == 127);
}

static bool is_allowed_origin(const struct dnc_web *w, const char *origin, const char *host)
{
	if (strncmp(origin, "http://", 7) == 0 && strcasecmp(origin + 7, host) == 0)
		return true;
	for (size_t i = 0; i < w->options->allow_origin_count; i++)
		if (strcasecmp(w->options->allow_origin[i], origin) == 0)
			return true;
	return false;
}

/* NULL when the request may go on, else why not. */
static const char *forbidden(const struct dnc_web *w, struct lws *wsi)
{
	char host[256], origin[256];

	if (lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST) <= 0 || !is_own_host(host))
		return "the Host header does not name this machine's loopback";
	if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0)
		return NULL;
	if (lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) <= 0 ||
		!is_allowed_origin(w, origin, host))
		return "the Origin is not allowed; see --allow-origin";
	return NULL;
}

static size_t read_path(struct lws *wsi, char *out, size_t size)
{
	int n = lws_hdr_copy(wsi, out, (int)size, WSI_TOKEN_GET_URI);

	return n > 0 ? (size_t)n : 0;
}

int http_request(struct dnc_web *w, struct lws *wsi)
{
	const char *why = forbidden(w, wsi);
	char path[256] = "", *uri;
	int length, method = lws_http_get_uri_and_method(wsi, &uri, &length), rc = -2;

	w->counts.http_requests++;
	dnc_buf_clear(&w->page);
	if (why)
		rc = http_problem(w, wsi, 403, "Forbidden", why);
	else if (method == LWSHUMETH_GET && !read_path(wsi, path, sizeof path))
		rc = http_problem(w, wsi, 404, "Not Found", "no such page");
	else if (method != LWSHUMETH_GET)
		rc = http_problem(w, wsi, 405, "Method Not Allowed", "pages here can only be read");
	for (size_t i = 0; rc == -2 && i < sizeof routes / sizeof routes[0]; i++)
		if (strcmp(path, routes[i].path) == 0)
			rc = routes[i].get(w, wsi);
	if (rc == -2)
		rc = http_problem(w, wsi, 404, "Not Found", "no such page");
	if (rc == 1)
		return 0; /* the answer comes later */
	/* After a method with a body nothing good can follow on the connection. */
	if (rc < 0 || method != LWSHUMETH_GET)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

int http_check_upgrade(struct dnc_web *w, struct lws *wsi)
{
	const char *why = forbidden(w, wsi);
	char path[64];

	if (why)
		return http_problem(w, wsi, 403, "Forbidden", why) < 0 ? -1 : 1;
	if (!read_path(wsi, path, sizeof path) || strcmp(path, "/ws/dnc") != 0)
		return http_problem(w, wsi, 404, "Not Found", "the WebSocket is at /ws/dnc") < 0
		               ? -1
		               : 1;
	return 0;
}
