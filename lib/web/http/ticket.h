/* ticket.h - POST /api/v1/ticket: a ticket replaces the token in a WebSocket's upgrade or a stream's
 * address, once. */
#pragma once
#include "auth/auth.h"
#include "web/http/request.h"

/* Writes a new ticket for IDENTITY, which asks from ADDRESS, or a problem, into PAGE, which is empty; returns the status
 * of the answer. ENABLED: clients must authenticate. Any thread. */
unsigned ticket_issue(struct dnc_auth *auth, bool enabled, const struct dnc_identity *identity,
	const char *address, struct dnc_buf *page);

/* A route's handler. */
int ticket_post(struct http_request *r);
