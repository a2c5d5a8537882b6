#include "web/http/routes.h"
#include <string.h>
#include "web/http/access.h"
#include "web/http/clients.h"
#include "web/http/history.h"
#include "web/http/info.h"
#include "web/http/publish.h"
#include "web/http/reply.h"
#include "web/http/stream.h"
#include "web/http/ticket.h"
#include "web/priv/audit.h"
#include "web/priv/identity.h"
#include "web/priv/server.h"
#include "web/priv/stats.h"

static int get_socket(struct dnc_web *w, struct lws *wsi, const struct who *who)
{
	(void)who;
	return http_problem(
		w, wsi, 426, "Upgrade Required", "this is a WebSocket, subprotocol dnc.v1");
}

static bool is_loopback_peer(struct dnc_web *w, struct lws *wsi)
{
	char address[ADDRESS_MAX];

	identity_address(w->identity, wsi, address);
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static const struct route {
	const char *path;
	int method;          /* of the library's LWSHUMETH_ */
	unsigned permission; /* 0: for everybody */
	bool loopback;       /* whoever is on this machine needs none */
	int (*run)(struct dnc_web *w, struct lws *wsi, const struct who *who);
} routes[] = {
	{"/healthz", LWSHUMETH_GET, 0, false, info_healthz},
	{"/readyz", LWSHUMETH_GET, 0, false, info_readyz},
	{"/metrics", LWSHUMETH_GET, DNC_MAY_READ_METRICS, true, info_metrics},
	{"/api/v1/info", LWSHUMETH_GET, DNC_MAY_READ, false, info_show},
	{"/api/v1/clients", LWSHUMETH_GET, DNC_MAY_LIST_CLIENTS, false, clients_list},
	{"/api/v1/events", LWSHUMETH_GET, DNC_MAY_REPLAY, false, history_begin},
	{"/api/v1/events", LWSHUMETH_POST, DNC_MAY_PUBLISH, false, publish_begin},
	{"/api/v1/stream", LWSHUMETH_GET, DNC_MAY_STREAM, false, stream_begin},
	{"/api/v1/ticket", LWSHUMETH_POST, DNC_MAY_STREAM, false, ticket_post},
	{"/ws/dnc", LWSHUMETH_GET, 0, false, get_socket},
};

static int run_route(struct dnc_web *w, struct lws *wsi, const struct route *route)
{
	struct who who = {0};
	enum identity_verdict verdict = WHO_KNOWN;
	char detail[96], address[ADDRESS_MAX];

	if (route->permission && !(route->loopback && is_loopback_peer(w, wsi)))
		verdict = identity_of_request(w->identity, wsi,
			route->run == stream_begin && !http_is_head(wsi) ? TICKET_QUERY
									 : TICKET_NONE,
			&who);
	if (verdict != WHO_KNOWN)
		return access_refuse(w, wsi, verdict);
	if (who.role && !(who.permissions & route->permission)) {
		snprintf(detail, sizeof detail, "the permission %s is missing",
			dnc_permission_names[__builtin_ctz(route->permission)].p);
		identity_address(w->identity, wsi, address);
		audit_refused(w->audit, address, &who.identity, detail);
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
	const char *why = access_forbidden(w, wsi);
	char *uri;
	int length = 0, method = lws_http_get_uri_and_method(wsi, &uri, &length), rc;

	w->stats->counts.http_requests++;
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
