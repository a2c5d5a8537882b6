/* reader.h - reads the frames of a connection from its socket, in place of libwebsockets, whose parser takes each
 * byte by itself: an event of 650 bytes would cost 55,000 instructions there. For the loop's thread only. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>
#include <uv.h>
#include "base/buf.h"
#include "frame/frame.h"

enum reader_end {
	READER_LOST, /* the peer has closed the connection, or it failed, or what came is no frame */
	READER_TOO_LONG /* a message longer than READER_MESSAGE_MAX */
};

enum { READER_MESSAGE_MAX = 64 << 10 };

struct reader_events {
	/* A whole message; DNC_JSON_PADDING readable bytes follow TEXT. False: no more is wanted. */
	bool (*message)(void *ctx, struct dnc_str text);
	/* A ping, a pong or a close frame. */
	void (*control)(void *ctx, enum dnc_opcode opcode, struct dnc_str payload);
	/* Nothing more will be read. */
	void (*ended)(void *ctx, enum reader_end how);
	void *ctx;
};

struct reader;

/* Takes the reading of WSI over from the library, which goes on writing. This must be called when the library has
 * read whole frames only: outside of its LWS_CALLBACK_CLIENT_RECEIVE, and while the peer waits for a message. If
 * part of a frame was read all the same, what follows is no frame and the reader ends: the bytes of JSON set bits
 * that are reserved, and an empty control frame's second half continues no message. NULL if there is no memory or
 * no descriptor. */
struct reader *reader_new(uv_loop_t *loop, struct lws *wsi, const struct reader_events *events);

/* While HELD nothing is read. */
void reader_hold(struct reader *r, bool held);

/* Ends the reading; must be called before WSI is gone. No callback is called any more. NULL is allowed. */
void reader_free(struct reader *r);
