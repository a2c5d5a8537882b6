/* stats.h - GET /api/v1/stats: what the hub counts, for people and scripts. */
#pragma once
#include "web/http/request.h"

int stats_show(struct http_request *r);
