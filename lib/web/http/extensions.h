/* extensions.h - negotiates permessage-deflate, RFC 7692 section 7.1, in a WebSocket's opening handshake. No sockets in
 * here; any thread.
 *
 * Events are compressed once for all clients, with a window of 32 KiB and without context takeover (hub/render.c), and
 * messages are inflated without context takeover: that is what is answered, and an offer that wants a smaller
 * window is declined. */
#pragma once
#include "base/buf.h"
#include "web/http/head.h"

enum extensions {
	EXTENSIONS_NONE,    /* nothing is offered that can be accepted: go on without */
	EXTENSIONS_DEFLATE, /* permessage-deflate is agreed */
	/* The header does not conform to the grammar of RFC 6455 section 9.1, which has the connection fail then:
	 * answer 400. */
	EXTENSIONS_MALFORMED,
};

/* Reads the lines of Sec-WebSocket-Extensions in HEAD. With EXTENSIONS_DEFLATE the value of the answer's line is appended to
 * ANSWER. */
enum extensions extensions_negotiate(const struct http_head *head, struct dnc_buf *answer);
