/* publish.h - POST /api/v1/events: one event, a JSON array, or one event a line. The answer is sent after the log has
 * committed the events. */
#pragma once
#include "web/http/request.h"

/* A route's handler: the body comes next. */
int publish_begin(struct http_request *r);
