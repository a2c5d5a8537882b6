/* rates.h - GET /api/v1/rates. */
#pragma once
#include "web/http/request.h"

int rates_show(struct http_request *r);
