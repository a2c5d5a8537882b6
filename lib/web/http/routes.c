#include "web/http/routes.h"
#include "auth/roles.h"
#include "web/http/clients.h"
#include "web/http/stats.h"
#include "web/http/filters.h"
#include "web/http/history.h"
#include "web/http/hubs.h"
#include "web/http/info.h"
#include "web/http/providers.h"
#include "web/http/publish.h"
#include "web/http/rates.h"
#include "web/http/stream.h"
#include "web/http/ticket.h"
#include "web/http/upgrade.h"
#include "web/page/page.h"

/* clang-format off */
static const struct route routes[] = {
	{.path = "/", .method = HTTP_METHOD_GET, .handle = page_show},
	{.path = PAGE_PREFIX, .method = HTTP_METHOD_GET, .below = true, .handle = page_show_file},
	{.path = "/healthz", .method = HTTP_METHOD_GET, .handle = info_healthz},
	{.path = "/readyz", .method = HTTP_METHOD_GET, .handle = info_readyz},
	{.path = "/metrics", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ_METRICS,
		.loopback = true, .handle = info_metrics},
	{.path = "/api/v1/info", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ,
		.handle = info_show},
	{.path = "/api/v1/hubs", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ,
		.handle = hubs_list},
	{.path = "/api/v1/clients", .method = HTTP_METHOD_GET, .permission = DNC_MAY_LIST_CLIENTS,
		.handle = clients_list},
	{.path = "/api/v1/stats", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ,
		.handle = stats_show},
	{.path = "/api/v1/filters", .method = HTTP_METHOD_GET, .permission = DNC_MAY_STREAM,
		.handle = filters_list},
	{.path = "/api/v1/events", .method = HTTP_METHOD_GET, .permission = DNC_MAY_REPLAY,
		.handle = history_begin},
	{.path = "/api/v1/events", .method = HTTP_METHOD_POST, .permission = DNC_MAY_PUBLISH,
		.max_body = 4 << 20, .handle = publish_begin},
	{.path = "/api/v1/providers", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ,
		.handle = providers_begin},
	{.path = "/api/v1/rates", .method = HTTP_METHOD_GET, .permission = DNC_MAY_READ,
		.handle = rates_show},
	{.path = "/api/v1/stream", .method = HTTP_METHOD_GET, .permission = DNC_MAY_STREAM,
		.ticket = TICKET_QUERY, .handle = stream_begin},
	{.path = "/api/v1/ticket", .method = HTTP_METHOD_POST, .permission = DNC_MAY_STREAM,
		.handle = ticket_post},
	{.path = "/ws/dnc", .method = HTTP_METHOD_GET, .ticket = TICKET_SUBPROTOCOL,
		.websocket = true, .handle = upgrade_begin},
};
/* clang-format on */

static bool has_path(const struct route *route, struct dnc_str path)
{
	struct dnc_str own = dnc_str(route->path);

	return route->below ? dnc_str_starts(path, own) : dnc_str_eq(path, own);
}

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
		if (!has_path(&routes[i], path))
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
