/* host.h - what the Host and Origin headers of a request allow. No sockets in here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

/* True when HOST ("localhost:8080", "[::1]") names the loopback of this machine, whatever the port. */
bool host_is_loopback(const char *host);

/* The one of the COUNT origins in ALLOWED that ORIGIN is, in any case; NULL: none of them. */
const char *origin_in_list(struct dnc_str origin, const char *const *allowed, size_t count);

/* True when ORIGIN is the server itself, reached as HOST with or without TLS, or one of the COUNT allowed. */
bool origin_is_allowed(
	const char *origin, const char *host, bool tls, const char *const *allowed, size_t count);
