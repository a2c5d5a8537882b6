/* request.h - an HTTP request as the handlers of routes see it.
 *
 * All of it is used in the server's thread alone. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include "base/buf.h"
#include "web/priv/identity.h"

struct client_list;
struct dnc_web_options;
struct http_connection;
struct publisher;
struct sessions;

/* What the handlers of one server share. */
struct http_context {
	const struct dnc_web_options *options; /* hub, log reader and writer, limits */
	struct sessions *sessions;             /* borrowed, with identity, audit and stats */
	struct identity *identity;
	struct audit *audit;
	struct stats *stats;
	struct dnc_buf page;         /* for one answer at a time */
	struct publisher *publisher; /* owned */
	struct client_list *clients; /* owned */
	int64_t started_ms;          /* of dnc_clock_mono_ms() */
	bool draining;               /* the server is shutting down */
};

enum http_method {
	HTTP_METHOD_GET,
	HTTP_METHOD_POST,
	HTTP_METHODS, /* any other */
};

struct http_request {
	struct http_context *context;
	struct lws *wsi;
	struct http_connection *connection;     /* see exchange.h */
	const struct dnc_auth_snapshot *access; /* `keys` is NULL if authentication is disabled */
	struct principal principal;             /* all zero if the route needs no permission */
	enum http_method method;
	bool head;       /* HEAD: a GET whose answer has no body */
	size_t max_body; /* of the route; bytes */
};

/* What a handler returns. */
enum {
	HTTP_HANG_UP = -1, /* the connection must be closed */
	HTTP_ANSWERED = 0,
	HTTP_LATER = 1, /* the answer or the body is still to come */
};

typedef int http_handler(struct http_request *r);
