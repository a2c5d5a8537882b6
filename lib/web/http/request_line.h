/* request_line.h - the first line of a request, and what refuses one. Thread safe. */
#pragma once
#include "web/http/head.h"

/* Longest request line, without its end. */
enum { REQUEST_LINE_BYTES = HTTP_METHOD_BYTES + HTTP_TARGET_BYTES + sizeof "  HTTP/1.1" - 1 };

/* Reads LINE, without its end, into method, path, query, host and http_1_0 of HEAD. False when it is refused. That a
 * method has more than HTTP_METHOD_BYTES is not looked at: it is known before the line is whole. */
bool request_line_read(struct http_head *head, struct dnc_str line);

/* Sets why HEAD is refused; FAULT is constant text. Returns false. */
static inline bool http_head_refuse(struct http_head *head, unsigned status, const char *fault)
{
	head->status = status;
	head->fault = fault;
	return false;
}
