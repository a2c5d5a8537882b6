/* connection.h - a WebSocket connection to one of the hubs that is made again when it is lost. Messages go in and out; what
 * they mean is not its business. For the loop's thread only. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"
#include "failure.h"
#include "hubs.h"
#include "options.h"
#include "reader.h"

struct connection {
	const struct options *options;
	struct hubs hubs;
	/* A whole message came; DNC_JSON_PADDING readable bytes follow TEXT. */
	void (*received)(void *ctx, struct dnc_str text);
	void *ctx;
	struct lws_context *context;
	struct lws *wsi;     /* NULL while there is no connection */
	struct lws *pending; /* of the attempt, from its start to the loss of the connection */
	struct attempt attempt;
	struct sockaddr_storage peer; /* that the upgrade was requested from */
	socklen_t peer_size;          /* 0: not known */
	uintptr_t attempts;           /* the number of the attempt, which each wsi carries */
	lws_sorted_usec_list_t connect, limit; /* the start of an attempt; the end of its time */
	lws_sorted_usec_list_t beat;           /* the next sign of life while nothing is read */
	uint64_t heard_ms;                     /* when the peer gave one, as uv_now() */
	uint16_t tries;
	int64_t confirmed_ms; /* when the subscription was confirmed; 0: it is not */
	unsigned brief;       /* subscriptions in a row that ended soon */
	unsigned failures;    /* in a row, of all hubs, since the last subscription */
	enum hubs_next next;  /* after the last failure, */
	int64_t pause_ms;     /* and how long the hub asked to wait */
	uint64_t connections; /* that the hub has confirmed */
	struct dnc_buf in, out;
	uv_loop_t *loop;
	struct reader *reader; /* NULL: the library reads */
	bool heard;            /* a message came on this connection */
	struct dnc_buf pong;   /* the answer to a ping that the reader has read; empty: none */
	bool closing;          /* a close frame was read, and is to be answered */
	bool subscribed;       /* once: a lost connection is made again */
	bool held, lost_while_held;
	bool live; /* an attempt or a connection, whose loss was not handled yet */
	bool lost_told, retry_told, ended, closed;
	enum dnc_exit rc;
};

/* Connects once the loop runs. OPTIONS are borrowed; all of C is zero before. Returns -1 if there is no memory. */
int connection_open(struct connection *c, uv_loop_t *loop, const struct options *options,
	void (*received)(void *ctx, struct dnc_str text), void *ctx);

/* Returns a buffer to append one message to, which connection_send() sends. A message that waits is dropped. */
struct dnc_buf *connection_begin(struct connection *c);
void connection_send(struct connection *c);

/* Returns the hub that is, was or will be connected to. */
const struct address *connection_hub(const struct connection *c);

/* The hub has accepted the subscription: from now on a lost connection is made again. */
void connection_confirmed(struct connection *c);

/* While HELD nothing is read, and a lost connection is not made again. */
void connection_hold(struct connection *c, bool held);

/* The stream is at its end; RC is the exit code, unless it has ended before. */
static inline void connection_end(struct connection *c, enum dnc_exit rc)
{
	if (!c->ended)
		c->rc = rc;
	c->ended = true;
}

/* Closes the connection; the loop must run until its handles are closed. */
void connection_close(struct connection *c);

/* Frees what C owns after the loop has run; not C itself. */
void connection_finish(struct connection *c);
