/* info.h - GET /healthz, /readyz, /metrics and /api/v1/info. */
#pragma once
#include "web/http/request.h"

int info_healthz(struct http_request *r);
int info_readyz(struct http_request *r);
int info_show(struct http_request *r);
int info_metrics(struct http_request *r);
