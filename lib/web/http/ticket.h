/* ticket.h - POST /api/v1/ticket: a ticket stands for the token in a WebSocket's upgrade or a stream's
 * address, once. */
#pragma once
#include "web/http/request.h"

int ticket_post(struct http_request *r);
