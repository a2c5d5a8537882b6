/* conn.h - one connection of a client: output that waits for its socket, the one place that writes to it,
 * and its end. Knows the library and a wire, but no requests and no hub; its owner embeds it.
 *
 * All functions run in the thread of the library's loop. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include "hub/hub.h"
#include "wire.h"

enum {
	CONN_OUTBOX_BYTES = 64 << 10, /* waiting bytes; past it the client is not read */
	CONN_CLOSE_WAIT_S = 2,        /* for the client's answer to a close frame */
};

/* In this order; a connection never goes back. */
enum conn_state {
	CONN_OPENING,    /* the client has not authenticated */
	CONN_OPEN,       /* events and messages are sent */
	CONN_CLOSING,    /* nothing is accepted any more; the close frame waits for the socket */
	CONN_CLOSE_SENT, /* the client's answer is waited for */
	CONN_DEAD,       /* nothing is sent; the library closes it in its next turn */
};

struct conn;

struct conn_owner {
	/* All output was written, and the socket can take more. */
	void (*ready)(struct conn *c);
	/* The connection accepts nothing any more, for whatever reason: called once, in the same call that ended
	 * it, perhaps from inside conn_put(). */
	void (*ended)(struct conn *c);
	/* For wires that encode. */
	struct wire_position (*position)(const struct conn *c);
};

/* What the connections of one server have in common. */
struct conn_shared {
	/* Write only inside the library's writeable callback, as its manual says, instead of at once. */
	bool write_in_callback;
	const struct conn *writing; /* the one whose writeable callback runs */
	struct dnc_buf encoded;
};

struct conn {
	/* The members that a delivery reads come first. */
	struct lws *wsi;
	const struct wire *wire;
	struct conn_shared *shared;
	struct dnc_buf out; /* waits for the socket */
	enum conn_state state;
	bool peer_closed;         /* the client has sent its close frame */
	bool write_requested;     /* a writeable callback will come */
	bool input_paused;        /* because output waits for the socket */
	uint16_t retry_ms;        /* of CLOSE_SHUTDOWN: when to come back */
	uint16_t answer_code;     /* of CLOSE_GONE: what the client closed with; 0: nothing */
	enum close_reason reason; /* set from CONN_CLOSING on */
	size_t out_sent;          /* bytes of out */
	const struct conn_owner *owner;
};

/* C must be all zero. The other arguments are borrowed. */
void conn_init(struct conn *c, struct lws *wsi, const struct wire *wire,
	const struct conn_owner *owner, struct conn_shared *shared);
void conn_destroy(struct conn *c);

/* True while messages may be sent. */
static inline bool conn_accepts(const struct conn *c)
{
	return c->state <= CONN_OPEN;
}

/* Sends N bytes of whole WebSocket frames: at once, or after the output that waits. */
enum dnc_sent conn_put(struct conn *c, const void *frames, size_t n);

/* Sends a ping, which the client answers, or which fails if the client has disconnected. */
void conn_ping(struct conn *c);

/* Sends the code and text of REASON when the socket can take it, then closes. Has no effect on a connection
 * that is closing. */
void conn_close(struct conn *c, enum close_reason reason);

/* The same for CLOSE_SHUTDOWN; the client is to come back after RETRY_MS. */
void conn_close_for_shutdown(struct conn *c, uint16_t retry_ms);

/* Answers the client's close frame, which had CODE, or 0 for none (RFC 6455 section 5.5.1), then closes. */
void conn_answer_close(struct conn *c, uint16_t code);

/* The connection can't be used: closes it without a close frame. Returns DNC_SENT_DEAD. */
enum dnc_sent conn_lost(struct conn *c);

/* The library has dropped the connection, or is about to. */
void conn_gone(struct conn *c);

/* The library's writeable callback: proceeds as the state requires. Returns -1 if the connection must be
 * closed. */
int conn_proceed(struct conn *c);

/* Nothing waits for the socket. */
bool conn_is_idle(const struct conn *c);

/* Closes any connection of the library as soon as it can. */
void conn_hang_up(struct lws *wsi);
