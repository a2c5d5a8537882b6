/* history.h - GET /api/v1/events: a page of the log, looked up in the log reader's thread. */
#pragma once
#include "web/priv/identity.h"

struct history;

/* A route's handler. Returns 1 when the answer comes later. */
int history_begin(struct dnc_web *w, struct lws *wsi, const struct who *who);

/* The client has gone before it had its answer. NULL is allowed. */
void history_abandon(struct history *h);
