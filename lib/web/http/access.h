/* access.h - whether a request may go on, before its route is looked at. In the server's thread. */
#pragma once
#include "web/http/request.h"

/* Checks the Host and Origin headers against pages of other sites. Returns NULL when the request may go on, else
 * the detail of a problem: constant text. */
const char *access_forbidden(const struct http_request *r);

/* Answers a client that shows no token, or a token or ticket that was rejected (VERDICT is not IDENTITY_KNOWN); the answer
 * is the same for every wrong token. Returns as http_reply(). */
int access_refuse(struct http_connection *c, enum identity_verdict verdict);
