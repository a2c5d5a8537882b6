/* exchange.h - a request that outlives its handler: its body is being received, or its answer is looked up.
 *
 * In the server's thread. A connection has one exchange at most. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

struct http_exchange;
struct http_request;
struct responses;
struct route;
struct session;

struct http_exchange_type {
	/* More of the body, and its end; they return HTTP_HANG_UP or 0. NULL: no body is expected. */
	int (*body)(struct http_exchange *e, const void *in, size_t n);
	int (*body_end)(struct http_exchange *e);
	/* The client has disconnected. Frees the exchange, now or when the operation that it waits for has ended. */
	void (*abandon)(struct http_exchange *e);
};

/* Embedded in what a handler allocates. */
struct http_exchange {
	const struct http_exchange_type *type;
	struct lws *wsi; /* NULL once the client has disconnected */
	struct http_connection *connection;
	bool closes; /* the connection ends after the answer */
};

/* What the library keeps for us with each connection. All zero is nothing. */
struct http_connection {
	struct session *session;        /* of a WebSocket or a stream; NULL: none */
	struct http_exchange *exchange; /* NULL: none */
	bool closing;                   /* the connection ends once the answer was sent */
	const struct route *route;      /* of the last request; NULL: none was found */
	struct responses *responses;    /* where its answer is counted; NULL: nowhere */
};

/* Makes E the exchange of the request's connection. */
void http_exchange_begin(struct http_exchange *e, const struct http_exchange_type *type,
	const struct http_request *r);

/* Detaches E from its connection without an answer, before it is freed. */
void http_exchange_leave(struct http_exchange *e);

/* The same after the answer was written: RC is what http_reply() returned. For answers that come outside of the
 * library's callbacks. The client must still be connected. */
void http_exchange_finish(struct http_exchange *e, int rc);

/* The library's callbacks. They return -1 when the connection must be closed. */
int http_connection_body(struct http_connection *c, const void *in, size_t n);
int http_connection_body_end(struct http_connection *c);
int http_connection_writeable(struct http_connection *c, struct lws *wsi);
void http_connection_closed(struct http_connection *c);
