#include "web/http/dispatch.h"
#include <stdio.h>
#include <string.h>
#include "base/loopback.h"
#include "web/http/access.h"
#include "web/http/connection.h"
#include "web/http/cors.h"
#include "web/http/forwarded.h"
#include "web/http/host.h"
#include "web/http/reply.h"
#include "web/http/routes.h"
#include "web/priv/stats.h"
#include "web/web.h"

static int problem(struct http_request *r, unsigned status, const char *detail)
{
	return http_problem(r->connection, status, detail);
}

static int refuse_permission(struct http_request *r, unsigned permission)
{
	char detail[160];

	snprintf(detail, sizeof detail,
		"access denied: the permission %s is missing; use a token whose role has it",
		dnc_permission_names[__builtin_ctz(permission)].p);
	audit_refused(r->context->audit, r->address, &r->principal.identity, detail);
	return problem(r, 403, detail);
}

static int run_route(struct http_request *r, const struct route *route)
{
	enum identity_verdict verdict = IDENTITY_KNOWN;

	/* A HEAD leaves a ticket for the GET that follows it. */
	if (route->permission && !(route->loopback && dnc_is_loopback_text(r->address)))
		verdict = identity_of_request(r->context->identity, r->head,
			r->only_head ? TICKET_NONE : route->ticket, r->address, &r->principal);
	if (verdict != IDENTITY_KNOWN)
		return access_refuse(r->connection, verdict);
	if (r->principal.role && !(r->principal.permissions & route->permission))
		return refuse_permission(r, route->permission);
	r->max_body = route->max_body;
	return route->handle(r);
}

/* The methods of RFC 9110 and RFC 5789: others are not implemented (501), these are not allowed here (405). */
static bool is_known_method(struct dnc_str method)
{
	static const char *const names[] = {
		"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (dnc_str_eq(method, dnc_str(names[i])))
			return true;
	return false;
}

static int refuse_method(struct http_request *r, const char *allow)
{
	const struct extra_header header = {"allow:", allow, NULL};
	char detail[96];

	if (!is_known_method(r->head->method))
		return problem(r, 501, "unknown method: dnc-wsd(8) lists the methods of each path");
	snprintf(detail, sizeof detail, "this path does not support the method: use %s", allow);
	return http_problem_with(r->connection, 405, detail, &header);
}

static enum http_method method_of(struct dnc_str name)
{
	if (dnc_str_eq(name, DNC_STR("GET")) || dnc_str_eq(name, DNC_STR("HEAD")))
		return HTTP_METHOD_GET;
	return dnc_str_eq(name, DNC_STR("POST")) ? HTTP_METHOD_POST : HTTP_METHODS;
}

/* The client's address: of a trusted proxy it is the one that it reports. */
static void find_address(struct http_request *r)
{
	if (r->connection->local && r->context->identity->trust_proxy &&
		forwarded_address(r->head, r->address))
		return;
	snprintf(r->address, sizeof r->address, "%s", r->connection->address);
}

static void start(struct http_request *r, struct http_connection *c, const struct http_head *head)
{
	*r = (struct http_request){
		.context = c->context,
		.connection = c,
		.head = head,
		.access = c->context->identity->snapshot,
		.method = method_of(head->method),
		.only_head = dnc_str_eq(head->method, DNC_STR("HEAD")),
	};
	find_address(r);
	dnc_buf_clear(&c->context->page);
	c->route = NULL;
	c->only_head = r->only_head;
	c->allow_origin = origin_in_list(http_head_field(head, DNC_STR("origin")),
		c->context->options->allow_origin, c->context->options->allow_origin_count);
	c->context->stats->counts.http_requests++;
}

/* OPTIONS: what a path allows, and the question of a browser before it sends a request from another origin. */
static int answer_options(struct http_request *r, const char *allow)
{
	const struct dnc_web_options *options = r->context->options;
	struct cors cors = cors_read(r->head, options->allow_origin, options->allow_origin_count);

	return http_reply_options(r->connection, allow, cors.preflight);
}

static bool is_upgrade(const struct http_request *r)
{
	return http_head_has_token(r->head, DNC_STR("upgrade"), DNC_STR("websocket"));
}

static int dispatch(struct http_request *r)
{
	const char *allow = NULL, *forbidden = access_forbidden(r);
	const struct route *route;

	if (forbidden)
		return problem(r, 403, forbidden);
	route = routes_find(r->method, r->head->path, &allow);
	r->connection->route = route;
	if (is_upgrade(r) && !routes_have_websocket(r->head->path))
		return problem(r, 404, "there is no WebSocket at this path: it is at /ws/dnc");
	if (route)
		return run_route(r, route);
	if (dnc_str_eq(r->head->method, DNC_STR("OPTIONS"))) {
		if (dnc_str_eq(r->head->path, DNC_STR("*")))
			allow = "GET, HEAD, POST, OPTIONS";
		if (allow)
			return answer_options(r, allow);
	}
	return allow ? refuse_method(r, allow)
	             : problem(r, 404, "no such path: dnc-wsd(8) lists the paths");
}

int http_request(struct http_connection *c, const struct http_head *head)
{
	struct http_request r;

	start(&r, c, head);
	if (r.method == HTTP_METHOD_GET && (c->chunked || c->body_left))
		return problem(&r, 400, "a GET request must not have a body: send it without one");
	return dispatch(&r);
}

int http_request_refused(struct http_connection *c, const struct http_head *head)
{
	c->route = NULL;
	c->only_head = false;
	c->allow_origin = NULL;
	c->context->stats->counts.http_requests++;
	return http_problem(c, head->status, head->fault);
}
