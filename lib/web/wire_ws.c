/* wire_ws.c - WebSocket, RFC 6455. */
#include "frame/frame.h"
#include "hub/hub.h"
#include "priv/wire.h"

/* The client's answer ends the connection (section 5.5.1). */
static size_t close_frame(char frame[WIRE_CLOSE_MAX], uint16_t code, const char *text)
{
	return dnc_frame_write_close(frame, code, dnc_str(text));
}

static const char *protocol(unsigned rendering)
{
	return rendering & DNC_CLOUDEVENT ? "cloudevents.json" : "dnc.v1";
}

const struct wire wire_ws = {
	.encode = NULL,
	.close = close_frame,
	.protocol = protocol,
	.ping = {"\x89\x00", 2},
	.duplex = true,
};
