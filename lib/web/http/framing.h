/* framing.h - what the fields of a request say about the request itself: its host, body and connection. Thread safe. */
#pragma once
#include "web/http/head.h"

/* Reads the fields of HEAD, which has its request line, into host, chunked, has_length, length, close and
 * expects_continue. False when the request is refused (http_head_refuse()). */
bool framing_read(struct http_head *head);
