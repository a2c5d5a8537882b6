/* dispatch.h - what the library's callbacks call for HTTP requests and upgrades. In the server's thread. */
#pragma once
#include "web/http/exchange.h"
#include "web/http/request.h"

/* Answers a request, at once or later. Returns -1 when the connection must be closed. */
int http_request(struct http_context *context, struct lws *wsi, struct http_connection *connection);

/* Checks the upgrade to a WebSocket. Returns 0 when it may go on, 1 when the request was answered otherwise, -1 when
 * the connection must be closed. CONNECTION is NULL when no request came before it. */
int http_check_upgrade(
	struct http_context *context, struct lws *wsi, struct http_connection *connection);
