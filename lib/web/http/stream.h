/* stream.h - GET /api/v1/stream: events as server-sent events, without end. */
#pragma once
#include "web/priv/identity.h"

/* A route's handler. Returns 1 when the stream has begun. */
int stream_begin(struct dnc_web *w, struct lws *wsi, const struct who *who);
