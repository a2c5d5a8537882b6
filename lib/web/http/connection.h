/* connection.h - a connection of a client, as the library keeps it: HTTP/1.1 requests one after the other (RFC 9112), until
 * it becomes a WebSocket or a stream, or ends.
 *
 * The library gives bytes, decrypted if the listener has TLS; what they mean is decided here. One request is answered
 * before the next one is read. All functions run in the server's thread. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "web/priv/address.h"
#include "web/priv/limits.h"
#include "web/priv/pages.h"

struct http_context;
struct http_exchange;
struct route;
struct session;

enum {
	HTTP_SILENCE_S = 5, /* for the first byte, and for the TLS handshake */
	HTTP_HEAD_S = 15,   /* for a request's head, from its first byte on */
	HTTP_IDLE_S = 15,   /* between two requests */
	HTTP_BODY_STEP_S =
		15, /* for each HTTP_BODY_STEP bytes of a body: about a KiB a second at least */
	HTTP_BODY_STEP = 16 << 10,
	HTTP_SEND_S = 30,            /* for the client to receive an answer */
	HTTP_BODY_S = 300,           /* for a whole body */
	HTTP_LINGER_S = 2,           /* for the client to close, after its last answer */
	HTTP_LINGER_BYTES = 8 << 20, /* what it may send meanwhile */
};

/* In which part of a request the connection is. */
enum http_phase {
	HTTP_PHASE_HEAD,    /* the head of a request is awaited, or being received */
	HTTP_PHASE_BODY,    /* the body is passed to the exchange */
	HTTP_PHASE_ANSWER,  /* the exchange will answer; what is received waits */
	HTTP_PHASE_SEND,    /* the answer waits for the socket; what is received waits */
	HTTP_PHASE_SESSION, /* a WebSocket or a stream */
	HTTP_PHASE_LINGER, /* nothing is sent any more; what is received is dropped until the client closes, or the
			       kernel would discard the answer with it (RFC 9112 section 9.6) */
};

/* All zero is a connection that has sent nothing. */
struct http_connection {
	struct lws *wsi;
	struct http_context *context;
	struct session *session;        /* owned; NULL: none */
	struct http_exchange *exchange; /* NULL: none; see exchange.h */
	struct dnc_buf in;              /* received, and not yet used */
	size_t scanned;                 /* of `in`, by http_head_read() */
	uint64_t body_left;             /* of a body with a length */
	int64_t body_end_ms; /* when the whole body must have come, of dnc_clock_mono_ms() */
	size_t step; /* bytes of the body since its deadline was set; of LINGER: since it began */
	const struct route *route; /* of the request; NULL: none was found */
	const char *
		allow_origin; /* its Origin, if answers may be read from there; borrowed from the options */
	struct limits_admission admission;
	struct pages_slot page; /* of the answer, until it was sent: history.h */
	enum http_phase phase;
	char address[ADDRESS_MAX]; /* the peer's, as text; "local": of a Unix socket */
	bool tls, local;           /* local: to a Unix socket */
	bool chunked;              /* the body is */
	bool only_head;            /* the request is HEAD */
	bool last;                 /* no request follows this one */
	bool http_1_0;             /* the request is */
	bool answered;             /* a request was, in this turn: the next one waits for another */
	bool paused;               /* the library reads nothing */
	bool head_begun;           /* the deadline of the head was set */
};

/* The connection was accepted from ADDRESS. */
void http_connection_open(struct http_connection *c, struct lws *wsi, struct http_context *context,
	const char *address);

/* N bytes came. The two return -1 when the connection must be closed. */
int http_connection_receive(struct http_connection *c, const char *in, size_t n);

/* The socket can take more, or http_exchange_finish() has asked to go on. */
int http_connection_proceed(struct http_connection *c);

/* The answer was written, and the socket has not taken all of it: sets the deadline. */
static inline void http_connection_await_reader(struct http_connection *c)
{
	/* That of a page is its own. */
	if (!c->page.address)
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, HTTP_SEND_S);
}

/* The library has dropped the connection. */
void http_connection_closed(struct http_connection *c);
