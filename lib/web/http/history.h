/* history.h - GET /api/v1/events: a page of the log, looked up in the log reader's thread. */
#pragma once
#include "web/http/request.h"

int history_begin(struct http_request *r);
