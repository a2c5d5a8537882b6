/* hubs.h - GET /api/v1/hubs: the hubs that share the log, this one first. */
#pragma once
#include "web/http/request.h"

int hubs_list(struct http_request *r);
