/* upgrade.h - GET /ws/dnc: a request becomes a WebSocket. In the server's thread. */
#pragma once
#include "web/http/request.h"

/* A route's handler. */
int upgrade_begin(struct http_request *r);
