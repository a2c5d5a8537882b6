/* query.h - the query string of a request. */
#pragma once
#include <libwebsockets.h>
#include "base/err.h"
#include "base/str.h"

/* Calls ADD for each NAME=VALUE of the query string, decoded, until it returns -1. Returns how many there
 * were, or -1 with ERR. */
int query_read(struct lws *wsi,
	int (*add)(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err),
	void *ctx, struct dnc_error *err);
