/* providers.h - GET /api/v1/providers. */
#pragma once
#include "web/http/request.h"

int providers_begin(struct http_request *r);
