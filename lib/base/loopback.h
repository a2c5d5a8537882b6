/* loopback.h - whether an address belongs to the loopback of this machine: 127.0.0.0/8, ::1, and the IPv4
 * ones of a socket that takes both families (::ffff:127.0.0.1, RFC 4291, section 2.5.5.2).
 *
 * All functions are thread safe. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>

/* False for every other family, AF_UNIX too. The family tells how much is read from A. */
bool dnc_is_loopback(const struct sockaddr *a);

/* The same for a numeric address without port and brackets. A name is none, not even "localhost". */
bool dnc_is_loopback_text(const char *address);
