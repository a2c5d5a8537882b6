/* deflate.h - permessage-deflate (RFC 7692), by the library, such that no connection keeps a compressor or
 * a window: both sides start each message anew. Events are not compressed by it: they come compressed. */
#pragma once
#include <libwebsockets.h>
#include <stdbool.h>

/* For the library's context. */
extern const struct lws_extension deflate_extensions[];

/* Adds the options to the answer to the upgrade: in LWS_CALLBACK_ADD_HEADERS. Returns -1 when that can't be
 * done. */
int deflate_add_headers(struct lws *wsi, struct lws_process_html_args *args);

/* True when the connection uses it; between the upgrade and upgrade_free(). */
bool deflate_used(struct lws *wsi);
