/* info.h - GET /healthz, /readyz, /metrics and /api/v1/info, and a plain GET of the WebSocket's path. */
#pragma once
#include "web/http/request.h"

int info_healthz(struct http_request *r);
int info_readyz(struct http_request *r);
int info_show(struct http_request *r);
int info_metrics(struct http_request *r);
int info_websocket(struct http_request *r);
