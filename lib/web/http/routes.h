/* routes.h - the table of HTTP routes. */
#pragma once
#include <libwebsockets.h>

struct dnc_web;

/* Answers a request, at once or later. Returns -1 when the connection must be closed. In the server's
 * thread. */
int http_request(struct dnc_web *w, struct lws *wsi);
