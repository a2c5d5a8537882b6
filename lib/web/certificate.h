/* certificate.h - a TLS certificate chain and its private key, read once from two files and tested together.
 *
 * A certificate never changes and is reference counted: every web server of the process may use the same one while
 * the next one is read. Any thread may call all functions. */
#pragma once
#include "base/err.h"

struct dnc_certificate;

/* Reads the chain, the certificate of the hub first, from CERT_PATH and its private key from KEY_PATH, both in PEM, and
 * has OpenSSL test that a server can use them: the key is that of the certificate, and both are strong enough. Warns of a
 * certificate that is not valid now or has less than DNC_CERTIFICATE_WARN_DAYS left. Returns a first reference, or NULL
 * with ERR, which names the option and the file; its code is an errno, EINVAL for invalid content,
 * EACCES for a key that others than its owner and group can read, too, or DNC_ERROR_NO_MEMORY. */
struct dnc_certificate *dnc_certificate_load(
	const char *cert_path, const char *key_path, struct dnc_error *err);

enum { DNC_CERTIFICATE_WARN_DAYS = 7 };

/* Adds a reference and returns CERTIFICATE. NULL gives NULL. */
struct dnc_certificate *dnc_certificate_ref(struct dnc_certificate *certificate);

/* Drops a reference; the last one wipes the key. NULL is allowed. */
void dnc_certificate_unref(struct dnc_certificate *certificate);
