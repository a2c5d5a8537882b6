/* stream.h - GET /api/v1/stream: begins a stream of server-sent events, for networks that block WebSockets and for
 * browsers' EventSource. */
#pragma once
#include "web/http/request.h"

int stream_begin(struct http_request *r);
