/* answer.h - the server's answer to a request for a WebSocket that it refused: status, headers, and the detail of the
 * problem (RFC 9457). */
#pragma once
#include <libwebsockets.h>
#include "failure.h"

/* Reads the answer into A in LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP, after which the library drops it. Waits up to a
 * quarter of a second for the body. */
void answer_read(struct lws *wsi, struct attempt *a);

/* N bytes of the body, in LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ, which must return -1 then. */
void answer_body(struct attempt *a, const char *in, size_t n);

/* The close frame of the server: a code and a reason (RFC 6455 section 5.5.1), N bytes. */
void answer_close_frame(struct attempt *a, const unsigned char *in, size_t n);
