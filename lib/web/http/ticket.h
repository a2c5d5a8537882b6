/* ticket.h - POST /api/v1/ticket: a ticket stands for the token in a WebSocket's upgrade or a stream's
 * address, once. */
#pragma once
#include "web/priv/identity.h"

/* A route's handler; in the server's thread. */
int ticket_post(struct dnc_web *w, struct lws *wsi, const struct who *who);
