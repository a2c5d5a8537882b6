/* forwarded.h - the address of a client as a proxy in front of the hub reports it. Thread safe. */
#pragma once
#include "web/http/head.h"
#include "web/priv/identity.h"

/* Writes the last address of X-Forwarded-For, over all its lines, in its canonical form (RFC 5952), so that an address
 * is counted as one however it is written: that is the one which the proxy itself added; those before it may be
 * forged. It may have a port, brackets and quotes (RFC 7239 section 6). False when there is none, or the last element
 * is no address; ADDRESS is empty then. */
bool forwarded_address(const struct http_head *head, char address[ADDRESS_MAX]);
