/* wire_ws.c - WebSocket, RFC 6455. */
#include <string.h>
#include "frame/frame.h"
#include "priv/deflate.h"
#include "hub/hub.h"
#include "priv/wire.h"

/* The library would hang up without a close frame when asked to close outside of its callbacks, so it is
 * framed here; the client's answer ends the connection (section 5.5.1). */
static size_t close_frame(char frame[WIRE_CLOSE_MAX], uint16_t code, const char *text)
{
	return dnc_frame_write_close(frame, code, dnc_str(text));
}

static const char *protocol(struct lws *wsi)
{
	return lws_get_protocol(wsi)->name;
}

static unsigned rendering(struct lws *wsi)
{
	unsigned rendering = strcmp(protocol(wsi), "cloudevents.json") == 0 ? DNC_CLOUDEVENT : 0;

	return deflate_used(wsi) ? rendering | DNC_DEFLATED : rendering;
}

const struct wire wire_ws = {
	.encode = NULL,
	.close = close_frame,
	.protocol = protocol,
	.rendering = rendering,
	/* With one byte of payload: the library does not report a pong without payload. */
	.ping = {"\x89\x01p", 3},
	.duplex = true,
};
