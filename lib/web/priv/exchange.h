/* exchange.h - what the library keeps for us with each connection: its session, or the HTTP request that
 * is being answered. */
#pragma once
#include <stdbool.h>

struct exchange {
	struct session *session; /* of a WebSocket or a stream */
	struct history *history; /* an answer that is being looked up */
	struct publish *publish; /* events that are being received */
	bool closing;            /* the answer is being sent: the connection ends after it */
};
