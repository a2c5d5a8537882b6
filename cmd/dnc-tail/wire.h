/* wire.h - the frames of a connection: which of them the library reads and which the reader, and what is written
 * next. For the loop's thread only. */
#pragma once
#include "connection.h"

/* A connection whose peer says nothing for so long, not even the answer to a ping, is closed. */
enum { HANG_UP_S = 60 };

/* The connection is new. */
void wire_start(struct connection *c);

/* Bytes of a frame that the library has read: those of the first messages. Returns -1 to have the connection closed. */
int wire_receive(struct connection *c, struct lws *wsi, const char *in, size_t n);

/* Writes one frame, if one waits. Returns -1 to have the connection closed. */
int wire_write(struct connection *c);

/* True if the peer has said nothing for that time. */
bool wire_silent(const struct connection *c);

/* While HELD nothing is read, and the connection is kept. */
void wire_hold(struct connection *c, bool held);

/* Nothing more is read, before the connection is gone. */
void wire_stop(struct connection *c);
