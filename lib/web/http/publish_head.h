/* publish_head.h - how the body of a request is framed and coded, by its head. No sockets in here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "web/http/head.h"
#include "web/http/publish_fault.h"

/* Sets how BODY is framed and coded, MAX bytes at most, and *FORM when the client declares a form. Returns
 * why the request is refused, or PUBLISH_OK. */
enum publish_fault publish_head_read(
	const struct http_head *head, size_t max, struct body *body, bool *form);
