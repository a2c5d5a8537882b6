/* host.h - what the Host and Origin headers of a request allow. No sockets in here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* True when HOST ("localhost:8080", "[::1]") names the loopback of this machine, whatever the port. */
bool host_is_loopback(const char *host);

/* True when ORIGIN is the server itself, reached as HOST with or without TLS, or one of the COUNT allowed. */
bool origin_is_allowed(
	const char *origin, const char *host, bool tls, const char *const *allowed, size_t count);
