/* authority.h - the host and port that a request is for. Thread safe. */
#pragma once
#include <stdbool.h>
#include "base/str.h"

/* True if S is HOST or HOST:PORT (RFC 9110 section 7.2): a name or IPv4 address, which is not empty, or an IPv6 address
 * in brackets. */
bool authority_is_valid(struct dnc_str s);
