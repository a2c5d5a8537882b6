/* publish.h - POST /api/v1/events: one event, a JSON array, or one event a line. The answer is sent after the log has
 * committed the events. */
#pragma once
#include <uv.h>
#include "web/http/request.h"

/* What a server has for publishing; in its thread, if not said otherwise. */
struct publisher;

/* To be closed, and freed. NULL when there is no memory. */
struct publisher *publisher_new(uv_loop_t *loop);

/* Closes the handles, before the loop runs for the last time. */
void publisher_close(struct publisher *p);

/* Frees it when the loop has ended, with the requests whose clients have disconnected. NULL is allowed. */
void publisher_free(struct publisher *p);

/* A route's handler: the body comes next. */
int publish_begin(struct http_request *r);
