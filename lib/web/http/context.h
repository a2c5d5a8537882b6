/* context.h - what a server has for HTTP requests: made once, before it listens. */
#pragma once
#include <uv.h>
#include "web/http/request.h"

/* SESSIONS, the parts that it refers to, and OPTIONS must outlive it. To be closed, and freed. NULL when there is
 * no memory. */
struct http_context *http_context_new(
	uv_loop_t *loop, struct sessions *sessions, const struct dnc_web_options *options);

/* Closes the handles, before the loop runs for the last time. NULL is allowed. */
void http_context_close(struct http_context *c);

/* Frees it after the loop has ended and all connections have been dropped. NULL is allowed. */
void http_context_free(struct http_context *c);
