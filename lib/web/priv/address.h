/* address.h - addresses of clients as text. Thread safe. */
#pragma once
#include <sys/socket.h>

enum { ADDRESS_MAX = 48 };

/* Writes the numeric address of PEER, without its port; an IPv4 address that is mapped into IPv6 as IPv4. "local" for a
 * Unix socket. */
void address_text(const struct sockaddr_storage *peer, char out[ADDRESS_MAX]);

/* Writes what limits count ADDRESS as: an IPv6 host has all of a /64 (RFC 6177, RFC 7934), so that is counted as one.
 * Others are counted as they are. */
void address_group(const char *address, char out[ADDRESS_MAX]);
