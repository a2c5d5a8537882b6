/* http.c - the pages: health, metrics, and who may upgrade. */
#include <inttypes.h>
#include <stdlib.h>
#include "base/clock.h"
#include "metrics/metrics.h"
#include "priv/serve.h"

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

static int get_healthz(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	dnc_buf_lit(&w->page, "{\"status\":\"ok\"}");
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static int get_readyz(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	const char *failing = w->draining ? "draining" : w->options->not_ready(w->options->ctx);

	if (failing) {
		dnc_buf_printf(
			&w->page, "{\"status\":\"not ready\",\"failing\":[\"%s\"]}", failing);
		return http_reply(wsi, 503, json_type, &w->page, NULL);
	}
	dnc_buf_lit(&w->page, "{\"status\":\"ready\"}");
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static int get_info(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	dnc_buf_printf(&w->page,
		"{\"version\":\"%s\",\"uptime_s\":%" PRId64
		",\"epoch\":\"%s\",\"oldest_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64
		",\"active_connections\":%zu,\"limits\":{"
		"\"max_connections\":%u,\"max_message_bytes\":%u,\"messages_per_s\":%d,"
		"\"messages_burst\":%d,\"max_event_bytes\":%u,\"max_filter_values\":%d}}",
		DNC_VERSION, (dnc_clock_mono_ms() - w->started_ms) / 1000, dnc_hub_epoch(w->hub),
		dnc_hub_oldest(w->hub), dnc_hub_last(w->hub), dnc_shared_count(w->options->door),
		limits_limit(w->options->door), DNC_WEB_MAX_MESSAGE, MESSAGES_PER_S, MESSAGES_BURST,
		DNC_EVENT_MAX_BYTES, DNC_FILTER_MAX_VALUES);
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static int get_metrics(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	stats_text(w, &w->page);
	w->options->metrics(w->options->ctx, &w->page);
	return http_reply(wsi, 200, "text/plain; version=0.0.4; charset=utf-8", &w->page, NULL);
}

static int get_socket(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	return http_problem(
		w, wsi, 426, "Upgrade Required", "this is a WebSocket, subprotocol dnc.v1");
}

/* A ticket stands for the token in a WebSocket's upgrade or a stream's address, once. */
static int post_ticket(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	char ticket[DNC_TICKET_LEN + 1];

	if (!w->access->keys)
		return http_problem(w, wsi, 404, "Not Found", "this hub asks nobody who he is");
	if (!dnc_ticket_make(w->options->auth, &who->identity, ticket))
		return http_problem(
			w, wsi, 503, "Service Unavailable", "too many tickets are open");
	dnc_buf_printf(&w->page, "{\"ticket\":\"%s\",\"expires_in_s\":%d}", ticket, DNC_TICKET_S);
	return http_reply(wsi, 200, json_type, &w->page, NULL);
}

static bool is_loopback_peer(struct dnc_web *w, struct lws *wsi)
{
	char address[ADDRESS_MAX];

	identity_address(w, wsi, address);
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static const struct route {
	const char *path;
	int method;          /* of the library's LWSHUMETH_ */
	unsigned permission; /* 0: for everybody */
	bool loopback;       /* whoever is on this machine needs none */
	int (*run)(struct dnc_web *w, struct lws *wsi, const struct who *who);
} routes[] = {
	{"/healthz", LWSHUMETH_GET, 0, false, get_healthz},
	{"/readyz", LWSHUMETH_GET, 0, false, get_readyz},
	{"/metrics", LWSHUMETH_GET, DNC_MAY_READ_METRICS, true, get_metrics},
	{"/api/v1/info", LWSHUMETH_GET, DNC_MAY_READ, false, get_info},
	{"/api/v1/clients", LWSHUMETH_GET, DNC_MAY_LIST_CLIENTS, false, clients_list},
	{"/api/v1/events", LWSHUMETH_GET, DNC_MAY_REPLAY, false, history_begin},
	{"/api/v1/events", LWSHUMETH_POST, DNC_MAY_PUBLISH, false, publish_begin},
	{"/api/v1/stream", LWSHUMETH_GET, DNC_MAY_STREAM, false, sse_begin},
	{"/api/v1/ticket", LWSHUMETH_POST, DNC_MAY_STREAM, false, post_ticket},
	{"/ws/dnc", LWSHUMETH_GET, 0, false, get_socket},
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

static bool is_allowed_origin(
	const struct dnc_web *w, struct lws *wsi, const char *origin, const char *host)
{
	const char *scheme = lws_is_ssl(wsi) ? "https://" : "http://";
	size_t n = strlen(scheme);

	if (strncmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0)
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

	if (lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST) <= 0)
		return "a Host header is missing, or too long";
	/* Whoever has to show a token is safe from pages of other sites, under whatever name. */
	if (!w->access->keys && !identity_is_local_socket(wsi) && !is_own_host(host))
		return "the Host header does not name this machine's loopback";
	if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0)
		return NULL;
	if (lws_hdr_copy(wsi, origin, sizeof origin, WSI_TOKEN_ORIGIN) <= 0 ||
		!is_allowed_origin(w, wsi, origin, host))
		return "the Origin is not allowed; see --allow-origin";
	return NULL;
}

/* Answers whoever does not get in; the same words for every wrong token. */
static int refuse(struct dnc_web *w, struct lws *wsi, enum identity_verdict verdict)
{
	if (verdict == WHO_BARRED)
		return http_problem(w, wsi, 429, "Too Many Requests",
			"too many wrong tokens came from this address");
	return http_problem(w, wsi, 401, "Unauthorized",
		verdict == WHO_WRONG ? "the token is not taken" : "a bearer token is needed");
}

static int run_route(struct dnc_web *w, struct lws *wsi, const struct route *route)
{
	struct who who = {0};
	enum identity_verdict verdict = WHO_KNOWN;
	char detail[96], address[ADDRESS_MAX];

	if (route->permission && !(route->loopback && is_loopback_peer(w, wsi)))
		verdict = identity_of_request(w, wsi,
			route->run == sse_begin && !http_is_head(wsi) ? TICKET_QUERY : TICKET_NONE,
			&who);
	if (verdict != WHO_KNOWN)
		return refuse(w, wsi, verdict);
	if (who.role && !(who.permissions & route->permission)) {
		snprintf(detail, sizeof detail, "the permission %s is missing",
			dnc_permission_names[__builtin_ctz(route->permission)].p);
		identity_address(w, wsi, address);
		audit_refused(w, address, &who.identity, detail);
		return http_problem(w, wsi, 403, "Forbidden", detail);
	}
	return route->run(w, wsi, &who);
}

static int not_allowed(struct dnc_web *w, struct lws *wsi, bool get, bool post)
{
	const struct extra_header allow = {"allow:",
		get && post ? "GET, HEAD, POST"
		: get       ? "GET, HEAD"
			    : "POST",
		NULL};
	char detail[64];

	snprintf(detail, sizeof detail, "allowed are %s", allow.value);
	http_problem_begin(&w->page, 405, "Method Not Allowed", detail);
	return http_problem_end(w, wsi, 405, &allow);
}

/* HEAD runs the route of GET; http_reply() leaves the body out. */
static int dispatch(struct dnc_web *w, struct lws *wsi, struct dnc_str path, int method)
{
	bool get = false, post = false;

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!dnc_str_eq(path, dnc_str(routes[i].path)))
			continue;
		if (routes[i].method == (method == LWSHUMETH_HEAD ? LWSHUMETH_GET : method))
			return run_route(w, wsi, &routes[i]);
		get |= routes[i].method == LWSHUMETH_GET;
		post |= routes[i].method == LWSHUMETH_POST;
	}
	return get || post ? not_allowed(w, wsi, get, post)
	                   : http_problem(w, wsi, 404, "Not Found", "no such page");
}

/* The library would read such a body as the next request, or wait for it. */
static bool has_body(struct lws *wsi)
{
	char length[8];

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return true;
	return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 &&
	       (lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0 ||
		       strcmp(length, "0") != 0);
}

int http_request(struct dnc_web *w, struct lws *wsi)
{
	const char *why = forbidden(w, wsi);
	char *uri;
	int length = 0, method = lws_http_get_uri_and_method(wsi, &uri, &length), rc;

	w->counts.http_requests++;
	dnc_buf_clear(&w->page);
	if ((method == LWSHUMETH_GET || method == LWSHUMETH_HEAD) && has_body(wsi)) {
		http_problem(w, wsi, 400, "Bad Request", "a GET has no body");
		return -1;
	}
	rc = why ? http_problem(w, wsi, 403, "Forbidden", why)
	         : dispatch(w, wsi,
			   (struct dnc_str){uri, method >= 0 && length > 0 ? (size_t)length : 0},
			   method);
	if (rc == 1)
		return 0; /* the answer comes later */
	/* After a method with a body nothing good can follow on the connection. */
	if (rc < 0 || (method != LWSHUMETH_GET && method != LWSHUMETH_HEAD))
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

int http_check_upgrade(struct dnc_web *w, struct lws *wsi)
{
	const char *why = forbidden(w, wsi);
	struct upgrade *upgrade;
	enum identity_verdict verdict;
	char *uri;
	int rc, length = 0;

	if (why)
		return http_problem(w, wsi, 403, "Forbidden", why) < 0 ? -1 : 1;
	if (lws_http_get_uri_and_method(wsi, &uri, &length) != LWSHUMETH_GET || length <= 0 ||
		!dnc_str_eq((struct dnc_str){uri, (size_t)length}, DNC_STR("/ws/dnc")))
		return http_problem(w, wsi, 404, "Not Found", "the WebSocket is at /ws/dnc") < 0
		               ? -1
		               : 1;
	upgrade = upgrade_of(wsi);
	if (!upgrade)
		return -1;
	verdict = identity_of_request(w, wsi, TICKET_SUBPROTOCOL, &upgrade->who);
	upgrade->known = verdict == WHO_KNOWN;
	if (verdict == WHO_KNOWN || verdict == WHO_SILENT)
		return 0; /* the first message may tell */
	rc = refuse(w, wsi, verdict);
	return rc < 0 ? -1 : 1;
}

struct upgrade *upgrade_of(struct lws *wsi)
{
	struct upgrade *upgrade = lws_get_opaque_user_data(wsi);

	if (!upgrade && (upgrade = calloc(1, sizeof *upgrade)))
		lws_set_opaque_user_data(wsi, upgrade);
	return upgrade;
}

void upgrade_free(struct lws *wsi)
{
	free(lws_get_opaque_user_data(wsi));
	lws_set_opaque_user_data(wsi, NULL);
}
