/* accept.h - which of two media types a client prefers (the field Accept, RFC 9110 section 12.5.1), and which encoding it
 * takes (Accept-Encoding, section 12.5.3). No sockets in here.
 * Thread safe. */
#pragma once
#include "web/http/head.h"

/* True when TYPE is to be sent instead of USUAL: the client names TYPE itself, not by a wildcard, with a weight that is not
 * 0, and USUAL with a lower weight, behind it with the same weight, or not at all. Other parameters are ignored. */
bool accept_prefers(const struct http_head *head, struct dnc_str type, struct dnc_str usual);

/* True when the client names the encoding CODING ("gzip") with a weight that is not 0. A wildcard does not count. */
bool accept_encodes(const struct http_head *head, struct dnc_str coding);
