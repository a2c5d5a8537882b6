/* access.h - whether a request may go on, before its route is looked at. In the server's thread. */
#pragma once
#include "web/priv/identity.h"

/* Checks the Host and Origin headers. Returns NULL when the request may go on, else why not: constant text. */
const char *access_forbidden(const struct dnc_web *w, struct lws *wsi);

/* Answers a client whose token or ticket was rejected (VERDICT is not WHO_KNOWN); the answer is the same for
 * every wrong token. Returns as http_reply(). */
int access_refuse(struct dnc_web *w, struct lws *wsi, enum identity_verdict verdict);
