/* wire.h - the forms in which events and messages travel: WebSocket, and server-sent events.
 *
 * The hub makes whole WebSocket frames; a wire turns them into what its clients read. Wires hold no state
 * and know no connections: there is one constant struct for each. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "close_reason.h"
#include "frame/frame.h"

enum { WIRE_CLOSE_MAX = 2 + DNC_FRAME_CONTROL_MAX };

/* The position of a client in the sequence of events, for wires that send it with every message. */
struct wire_position {
	const char *epoch; /* DNC_EPOCH_LEN characters */
	uint64_t seq;      /* the client needs the events after this one */
	bool known;        /* false: there is no subscription, or a gap has yet to be sent */
};

struct wire {
	/* Appends to OUT what is sent for N bytes of whole frames of at most 64 KiB - 1 each, neither
	 * fragmented nor masked. NULL: the frames are sent as they are. */
	void (*encode)(struct dnc_buf *out, const void *frames, size_t n,
		const struct wire_position *position);
	/* Writes the close frame of CODE and TEXT, and returns its length; 0 if the protocol has none. */
	size_t (*close)(char frame[WIRE_CLOSE_MAX], uint16_t code, const char *text);
	/* The name of the protocol, as clients see it. */
	const char *(*protocol)(unsigned rendering); /* of enum dnc_rendering */
	struct dnc_str ping;
	bool duplex; /* the client can send messages, and answers pings */
};

extern const struct wire wire_ws, wire_sse;
