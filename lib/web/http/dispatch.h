/* dispatch.h - from the head of a request to the handler of its route. In the server's thread. */
#pragma once
#include "web/http/request.h"

/* Answers the request with HEAD, at once or later. Returns what the route's handler does. */
int http_request(struct http_connection *c, const struct http_head *head);

/* Answers a request whose head was refused. Returns what http_reply() does. */
int http_request_refused(struct http_connection *c, const struct http_head *head);
