/* publish.h - POST /api/v1/events: one event, a JSON array of them, or one a line. Events are answered
 * for when the log has them, not before. */
#pragma once
#include <stddef.h>
#include "web/priv/identity.h"

struct publish;

/* A route's handler. Returns 1: the body comes next. */
int publish_begin(struct dnc_web *w, struct lws *wsi, const struct who *who);

/* Takes more of the body. Returns -1 when the connection must be closed. */
int publish_body(struct publish *p, const void *in, size_t n);

/* The request is whole. Returns as publish_body(). */
int publish_end(struct publish *p);

/* The client has gone before it had its answer. NULL is allowed. */
void publish_abandon(struct publish *p);

/* Answers the requests whose events the log has: in the server's thread. */
void publish_answer(struct dnc_web *w);
