/* inbox.h - what a client sends over a WebSocket: bytes to frames to whole messages, as RFC 6455 and, when it was
 * negotiated, RFC 7692 say. Knows no sockets.
 *
 * An idle connection holds no buffers. A payload is kept as its bytes arrive; what a header announces costs nothing. Used by
 * the thread that owns the connection. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "close_reason.h"
#include "inflater.h"

enum {
	INBOX_HEADER_MAX = 14,      /* of a client's frame: RFC 6455 section 5.2 */
	INBOX_EMPTY_FRAGMENTS = 64, /* that one message may have before its last */
};

enum inbox_item {
	INBOX_MORE,    /* all bytes were taken, and no item is whole */
	INBOX_MESSAGE, /* a text message, valid UTF-8, inflated */
	INBOX_PING,    /* to be answered with the same payload: section 5.5.3 */
	INBOX_PONG,
	INBOX_CLOSE, /* the client's close frame; it is the last item */
	INBOX_FAULT, /* the connection must be closed for `reason` */
};

struct inbox_buffer {
	unsigned char *p;
	uint32_t n, size;
};

/* All zero is that of a new connection. */
struct inbox {
	struct inbox_buffer message, control; /* the payloads that have arrived so far */
	uint64_t left; /* bytes of the frame's payload that are still to come */
	unsigned char header[INBOX_HEADER_MAX], key[4];
	uint8_t header_bytes;    /* of an incomplete header */
	uint8_t opcode;          /* of the frame, if in_frame */
	uint8_t key_at;          /* index of the next payload byte in the key */
	uint8_t empty_fragments; /* of the message */
	uint8_t state;           /* READING, IGNORING or ENDED, see inbox.c */
	bool in_frame, final, in_message, deflated;
	bool control_delivered, message_delivered; /* to be freed by the next call */
};

struct inbox_options {
	size_t max_message; /* bytes of a message, inflated; under 2^30 */
	/* Borrowed, shared by all connections of a thread, made for max_message; NULL: permessage-deflate was not
	 * negotiated. */
	struct inflater *inflater;
};

struct inbox_payload {
	/* Of INBOX_MESSAGE, INBOX_PING, INBOX_PONG, and the reason in INBOX_CLOSE. Valid until the next call or
	 * inbox_free(), which wipe it. DNC_JSON_PADDING readable bytes follow a message. Never NULL. */
	struct dnc_str bytes;
	/* INBOX_CLOSE: the code to answer with; 0: a close frame without payload. */
	uint16_t code;
	/* INBOX_FAULT, and INBOX_CLOSE with a payload that no client may send (then `code` is that of this
	 * reason); else CLOSE_NONE. */
	enum close_reason reason;
};

/* Takes bytes from *P on, up to END, and advances *P, until an item is whole. Call it again until it says INBOX_MORE, also
 * without new bytes: that frees the last payload.
 *
 * After INBOX_CLOSE, and after INBOX_FAULT with CLOSE_PROTOCOL, everything is taken and ignored. After any other fault
 * the inbox ignores, as inbox_ignore() says. */
enum inbox_item inbox_next(struct inbox *in, const struct inbox_options *o, const unsigned char **p,
	const unsigned char *end, struct inbox_payload *out);

/* To be called when the server has closed: from now on nothing is kept and no item is reported but INBOX_CLOSE, the
 * client's answer. */
void inbox_ignore(struct inbox *in);

/* Wipes and frees the payloads. IN is all zero afterwards. */
void inbox_free(struct inbox *in);
