/* handshake.h - the server's side of a WebSocket's opening handshake, RFC 6455 section 4.2, as a function of the request's
 * head. No sockets in here; any thread.
 *
 * The caller has checked that the request is a GET of HTTP/1.1, its path and its origin; head.h refuses two keys or
 * versions. */
#pragma once
#include <stdbool.h>
#include "base/buf.h"
#include "web/http/head.h"

enum { HANDSHAKE_ACCEPT_LEN = 28 };

struct handshake {
	/* 101: switch. 400, 426: refuse; 426 is answered with "Upgrade: websocket" and "Sec-WebSocket-Version: 13", as
	 * problem_status() has them. 503: hashing failed. */
	unsigned status;
	const char *fault; /* with any other status than 101: what is wrong, and what to do */
	char accept[HANDSHAKE_ACCEPT_LEN + 1];
	const char *protocol;      /* the subprotocol to be used: "dnc.v1" or "cloudevents.json" */
	bool protocol_named;       /* the client asked for it, and the answer must name it */
	bool deflates;             /* permessage-deflate is agreed */
	struct dnc_buf extensions; /* of the answer */
};

/* Reads HEAD; COMPRESS: permessage-deflate may be agreed. OUT is to be freed with handshake_free(), whatever the status is. */
void handshake_read(const struct http_head *head, bool compress, struct handshake *out);
void handshake_free(struct handshake *h);
