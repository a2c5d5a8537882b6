/* request.h - an HTTP request as the handlers of routes see it.
 *
 * All of it is used in the server's thread alone. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "web/http/head.h"
#include "web/priv/identity.h"

struct client_list;
struct dnc_web_options;
struct http_connection;
struct pages;
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
	struct dnc_buf head_text;    /* and its head */
	struct http_head head;       /* of the request that is being handled */
	struct publisher *publisher; /* owned */
	struct client_list *clients; /* owned */
	struct pages *pages;         /* borrowed */
	int64_t started_ms;          /* of dnc_clock_mono_ms() */
	bool draining;               /* the server is shutting down */
};

enum http_method {
	HTTP_METHOD_GET,
	HTTP_METHOD_POST,
	HTTP_METHODS, /* how many the routes have; and any other method */
};

struct http_request {
	struct http_context *context;
	struct http_connection *connection;     /* see connection.h */
	const struct http_head *head;           /* valid until the handler returns */
	const struct dnc_auth_snapshot *access; /* `keys` is NULL if authentication is disabled */
	struct principal principal;             /* all zero if the route needs no permission */
	enum http_method method;
	bool only_head;            /* HEAD: a GET whose answer has no body */
	size_t max_body;           /* of the route; bytes */
	char address[ADDRESS_MAX]; /* of the client; see identity_address() */
};

/* What a handler returns: what http_reply() does, or HTTP_LATER. */
enum {
	HTTP_HANG_UP = -1, /* the connection must be closed */
	HTTP_ANSWERED = 0,
	HTTP_LATER = 1, /* an exchange or a session has begun: see exchange.h and session.h */
};

typedef int http_handler(struct http_request *r);
