/* exchange.h - a request that outlives its handler: its body is being received, or its answer is looked up.
 *
 * In the server's thread. A connection has one exchange at most. */
#pragma once
#include <stddef.h>

struct http_connection;
struct http_exchange;
struct http_request;

struct http_exchange_type {
	/* N more bytes of the body, chunks and all if it is chunked; *USED is N, and set to fewer if the body ended before: the
	 * rest is the next request. They return as handlers do. NULL: the request has no body. */
	int (*body)(struct http_exchange *e, const void *in, size_t n, size_t *used);
	/* The body had its whole length. Not called for chunked ones: their reader knows. */
	int (*body_end)(struct http_exchange *e);
	/* The client has disconnected. Frees the exchange, now or when the operation that it waits for has ended. */
	void (*abandon)(struct http_exchange *e);
};

/* Embedded in what a handler allocates. */
struct http_exchange {
	const struct http_exchange_type *type;
	struct http_connection *connection; /* NULL once the client has disconnected */
};

/* Makes E the exchange of the request's connection; its body is received next if TYPE has a function for it. */
void http_exchange_begin(struct http_exchange *e, const struct http_exchange_type *type,
	const struct http_request *r);

/* The body has ended: what follows is the next request, and waits for the answer. */
void http_exchange_end_body(struct http_exchange *e);

/* Detaches E from its connection without an answer, before it is freed. */
void http_exchange_leave(struct http_exchange *e);

/* The same after the answer was written: RC is what http_reply() returned. For answers that come outside of the
 * library's callbacks. The client must still be connected. */
void http_exchange_finish(struct http_exchange *e, int rc);
