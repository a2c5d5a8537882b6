/* certificate.h - has a TLS context use a certificate. */
#pragma once
#include <openssl/ssl.h>
#include "web/certificate.h"

/* What the hub accepts of clients: TLS 1.2 at least, with forward secrecy and authenticated ciphers alone (RFC 9325
 * section 4.2). */
#define CERTIFICATE_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
enum {
	CERTIFICATE_TLS_OPTIONS = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_SSLv3 |
	                          SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION
};

/* Every handshake of CONTEXT uses the certificate that *CURRENT (borrowed, and not NULL then) points at, and no other. An
 * old one in the context itself would live on beside a new one with another type of key. Handshakes must happen in the
 * thread that changes *CURRENT. */
void certificate_serve(SSL_CTX *context, struct dnc_certificate *const *current);
