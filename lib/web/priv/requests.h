/* requests.h - messages of clients: they are received, parsed and answered. In the thread of the server's
 * loop. */
#pragma once
#include "request.h"
#include "session.h"

/* Opens a new WebSocket for PRINCIPAL, which is NULL if the client must authenticate with its first message; a
 * subscription in QUERY, the query string of the upgrade, is made then. Returns -1 if the connection must be
 * closed. */
int requests_open(struct session *s, const struct principal *principal, struct dnc_str query);

/* Receives N bytes of frames. Returns -1 if the connection must be closed. */
int requests_receive(struct session *s, const void *in, size_t n);

/* Executes a valid request of any type, and answers it; before the client has authenticated, all types but REQUEST_AUTH
 * close the connection. Has no effect on a session that has ended. */
void requests_handle(struct session *s, const struct request *r);

/* True if a client with this role and these permissions may subscribe from START; else false with ERR, whose
 * code is an enum request_error. */
bool requests_may_start(const struct dnc_hub *hub, const struct dnc_role *role,
	unsigned permissions, const struct dnc_start *start, struct dnc_error *err);

/* Answers the subscribe request, if there is one, that another has just replaced before its start position was found.
 * Called before the new one is answered; may end the session. */
void requests_answer_superseded(struct session *s);
