#include "web/http/routes.h"
#include "auth/roles.h"
#include "web/http/clients.h"
#include "web/http/history.h"
#include "web/http/info.h"
#include "web/http/publish.h"
#include "web/http/stream.h"
#include "web/http/ticket.h"
#include "web/http/upgrade.h"

/* clang-format off */
static const struct route routes[] = {
	{.path = "/healthz", .method = HTTP_METHOD_GET, .handle = info_healthz},
	{.path = "/readyz", .method = HTTP_METHOD_GET, .handle = info_readyz},
	{.path = "/metrics", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ_METRICS,
		.loopback = true, .handle = info_metrics},
	{.path = "/api/v1/info", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ,
		.handle = info_show},
	{.path = "/api/v1/clients", .method = HTTP_METHOD_GET, .permission = DNC_MAY_LIST_CLIENTS,
		.handle = clients_list},
	{.path = "/api/v1/events", .method = HTTP_METHOD_GET, .permission = DNC_MAY_REPLAY,
		.handle = history_begin},
	{.path = "/api/v1/events", .method = HTTP_METHOD_POST, .permission = DNC_MAY_PUBLISH,
		.max_body = 4 << 20, .handle = publish_begin},
	{.path = "/api/v1/stream", .method = HTTP_METHOD_GET, .permission = DNC_MAY_STREAM,
		.ticket = TICKET_QUERY, .handle = stream_begin},
	{.path = "/api/v1/ticket", .method = HTTP_METHOD_POST, .permission = DNC_MAY_STREAM,
		.handle = ticket_post},
	{.path = "/ws/dnc", .method = HTTP_METHOD_GET, .ticket = TICKET_SUBPROTOCOL,
		.websocket = true, .handle = upgrade_begin},
};
/* clang-format on */

const struct route *routes_find(enum http_method method, struct dnc_str path, const char **allow)
{
	/* Indexed by the methods of a path, a bit for each enum http_method. */
	static const char *const allows[1 << HTTP_METHODS] = {
		[1 << HTTP_METHOD_GET] = "GET, HEAD, OPTIONS",
		[1 << HTTP_METHOD_POST] = "POST, OPTIONS",
		[1 << HTTP_METHOD_GET | 1 << HTTP_METHOD_POST] = "GET, HEAD, POST, OPTIONS",
	};
	unsigned methods = 0;

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!dnc_str_eq(path, dnc_str(routes[i].path)))
			continue;
		if (routes[i].method == method)
			return &routes[i];
		methods |= 1u << routes[i].method;
	}
	*allow = allows[methods];
	return NULL;
}

bool routes_have_websocket(struct dnc_str path)
{
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if (routes[i].websocket && dnc_str_eq(path, dnc_str(routes[i].path)))
			return true;
	return false;
}
