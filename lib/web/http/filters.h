/* filters.h - GET /api/v1/filters: the named filters that the client's role is offered. */
#pragma once
#include "web/http/request.h"

int filters_list(struct http_request *r);
