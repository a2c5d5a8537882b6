/* tls.h - what can be learned from a TLS handshake that fails. */
#pragma once
#include <openssl/ssl.h>
#include <sys/socket.h>
#include "failure.h"

/* From now on A is told when the handshake of a connection of CTX begins, when the server answers without TLS, and with
 * which alert it ends the handshake. A must outlive CTX. */
void tls_watch(SSL_CTX *ctx, struct attempt *a);

/* OpenSSL rejects the certificate for the reason in STORE. The reason is stored in A, unless the certificate is for HOST,
 * an IPv6 address, which the library does not read right in brackets: then STORE has no error any more. */
void tls_rejected(X509_STORE_CTX *store, const char *host, struct attempt *a);

/* True if the server at ADDRESS answers a TLS handshake, on a connection of its own. Waits up to a second. */
bool tls_is_spoken(const struct sockaddr *address, socklen_t size);
