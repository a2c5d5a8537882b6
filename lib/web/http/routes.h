/* routes.h - the table of HTTP routes: dispatch, 404, and 405 with its Allow header follow from it. */
#pragma once
#include "base/str.h"
#include "web/http/request.h"

struct route {
	const char *path;        /* of a row with `below`: what the path starts with */
	enum http_method method; /* GET is HEAD, too */
	unsigned permission;     /* of enum dnc_permission; 0: needs no authentication */
	bool loopback;           /* clients on this machine need no permission */
	enum ticket_place ticket;
	bool below;      /* all paths that start with `path` */
	bool websocket;  /* may be upgraded */
	size_t max_body; /* bytes; 0: a body is not read */
	http_handler *handle;
};

/* The route of METHOD and PATH. NULL when there is none: *ALLOW is then the value of the Allow header of a path
 * that has other methods, else NULL. */
const struct route *routes_find(enum http_method method, struct dnc_str path, const char **allow);

/* True if PATH is a WebSocket, with the method that it needs. */
bool routes_have_websocket(struct dnc_str path);
