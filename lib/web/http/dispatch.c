#include "web/http/dispatch.h"
#include <stdio.h>
#include <string.h>
#include "web/http/access.h"
#include "web/http/reply.h"
#include "web/http/routes.h"
#include "web/priv/stats.h"
#include "web/priv/upgrade.h"

static int problem(struct http_request *r, unsigned status, const char *detail)
{
	return http_problem(&r->context->page, r->wsi, status, detail);
}

static bool is_loopback_peer(const struct http_request *r)
{
	char address[ADDRESS_MAX];

	identity_address(r->context->identity, r->wsi, address);
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static int refuse_permission(struct http_request *r, unsigned permission)
{
	char detail[160], address[ADDRESS_MAX];

	snprintf(detail, sizeof detail,
		"access denied: the permission %s is missing; use a token whose role has it",
		dnc_permission_names[__builtin_ctz(permission)].p);
	identity_address(r->context->identity, r->wsi, address);
	audit_refused(r->context->audit, address, &r->principal.identity, detail);
	return problem(r, 403, detail);
}

static int run_route(struct http_request *r, const struct route *route)
{
	enum identity_verdict verdict = IDENTITY_KNOWN;

	/* A HEAD leaves a ticket for the GET that follows it. */
	if (route->permission && !(route->loopback && is_loopback_peer(r)))
		verdict = identity_of_request(r->context->identity, r->wsi,
			r->head ? TICKET_NONE : route->ticket, &r->principal);
	if (verdict != IDENTITY_KNOWN)
		return access_refuse(r, verdict);
	if (r->principal.role && !(r->principal.permissions & route->permission))
		return refuse_permission(r, route->permission);
	r->max_body = route->max_body;
	return route->handle(r);
}

static int refuse_method(struct http_request *r, const char *allow)
{
	const struct extra_header header = {"allow:", allow, NULL};
	char detail[96];

	snprintf(detail, sizeof detail, "this path does not support the method: use %s", allow);
	http_problem_open(&r->context->page, 405, detail);
	return http_problem_send(&r->context->page, r->wsi, 405, &header);
}

/* Reads the first line of the request. */
static struct dnc_str start(struct http_request *r, struct http_context *context, struct lws *wsi)
{
	char *path;
	int length = 0, method = lws_http_get_uri_and_method(wsi, &path, &length);

	*r = (struct http_request){
		.context = context,
		.wsi = wsi,
		.access = context->identity->snapshot,
		.head = method == LWSHUMETH_HEAD,
		.method = method == LWSHUMETH_GET || method == LWSHUMETH_HEAD ? HTTP_METHOD_GET
	                  : method == LWSHUMETH_POST                          ? HTTP_METHOD_POST
	                                                                      : HTTP_METHODS,
	};
	dnc_buf_clear(&context->page);
	return (struct dnc_str){path, method >= 0 && length > 0 ? (size_t)length : 0};
}

static int dispatch(struct http_request *r, struct dnc_str path)
{
	const char *allow, *forbidden = access_forbidden(r);
	const struct route *route;

	if (forbidden)
		return problem(r, 403, forbidden);
	route = routes_find(r->method, path, &allow);
	r->connection->route = route;
	if (route)
		return run_route(r, route);
	return allow ? refuse_method(r, allow)
	             : problem(r, 404, "no such path: dnc-wsd(8) lists the paths");
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

int http_request(struct http_context *context, struct lws *wsi, struct http_connection *connection)
{
	struct http_request r;
	struct dnc_str path = start(&r, context, wsi);
	int rc;

	r.connection = connection;
	connection->route = NULL;
	connection->responses = &context->stats->counts.responses;
	context->stats->counts.http_requests++;
	if (r.method == HTTP_METHOD_GET && has_body(wsi)) {
		problem(&r, 400, "a GET request must not have a body: send it without one");
		return HTTP_HANG_UP;
	}
	rc = dispatch(&r, path);
	if (rc == HTTP_LATER)
		return 0;
	/* After a method with a body the rest of it may follow, which is no request. */
	if (rc < 0 || r.method != HTTP_METHOD_GET)
		return HTTP_HANG_UP;
	return lws_http_transaction_completed(wsi) ? HTTP_HANG_UP : 0;
}

/* An upgrade is counted only when it is refused, as any request that was answered so. Until then the connection has no
 * place for it. */
static void count_refused(const struct http_request *r, const struct route *route, unsigned status)
{
	struct stats_counts *counts = &r->context->stats->counts;

	counts->http_requests++;
	http_count_answer(&counts->responses, route, status);
}

/* Returns as http_check_upgrade(). */
static int refuse_upgrade(
	struct http_request *r, const struct route *route, unsigned status, const char *detail)
{
	count_refused(r, route, status);
	return problem(r, status, detail) < 0 ? -1 : 1;
}

int http_check_upgrade(
	struct http_context *context, struct lws *wsi, struct http_connection *connection)
{
	struct http_request r;
	struct dnc_str path = start(&r, context, wsi);
	const char *allow, *forbidden = access_forbidden(&r);
	const struct route *route = routes_find(r.method, path, &allow);
	enum identity_verdict verdict;
	struct upgrade *upgrade;

	if (connection)
		connection->responses = NULL; /* it is counted here */
	if (forbidden)
		return refuse_upgrade(&r, route, 403, forbidden);
	if (!route || !route->websocket || r.head)
		return refuse_upgrade(
			&r, route, 404, "there is no WebSocket at this path: it is at /ws/dnc");
	if (context->draining)
		return refuse_upgrade(&r, route, 503, http_draining);
	upgrade = upgrade_of(wsi);
	if (!upgrade)
		return -1;
	verdict = identity_of_request(context->identity, wsi, route->ticket, &upgrade->principal);
	upgrade->known = verdict == IDENTITY_KNOWN;
	if (verdict == IDENTITY_KNOWN || verdict == IDENTITY_NONE)
		return 0; /* the first message may authenticate */
	count_refused(&r, route, access_status(verdict));
	return access_refuse(&r, verdict) < 0 ? -1 : 1;
}
