/* handshake.h - the check of a WebSocket's upgrade. */
#pragma once
#include <libwebsockets.h>

struct dnc_web;

/* Returns 0 when the upgrade may go on, 1 when the request was answered otherwise, -1 to hang up. In the
 * server's thread. */
int http_check_upgrade(struct dnc_web *w, struct lws *wsi);
