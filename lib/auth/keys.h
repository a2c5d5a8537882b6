/* keys.h - keys that sign and verify tokens.
 *
 * A key file is a JSON Web Key, as dnc-token writes it, or a set of them, as identity providers publish it
 * (RFC 7517). The key determines the algorithm: Ed25519 is EdDSA (RFC 8037), a secret HS256, RSA RS256 or, if its
 * `alg` says so, PS256, P-256 ES256 (RFC 7518). A set does not change after its files are added; any thread may
 * then read it. Secrets are wiped before they are freed.
 *
 * A key is not used if it is weak (it lets others sign), invalid, not for signatures, or of an unsupported kind. Such a key
 * of a set is disabled with a message of the log, and the others are used (RFC 7517 section 5); a file without any
 * key that can be used is an error. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

enum dnc_algorithm { DNC_EDDSA, DNC_HS256, DNC_RS256, DNC_PS256, DNC_ES256, DNC_ALGORITHMS };

/* "EdDSA" and so on, as in `alg`. */
extern const struct dnc_str dnc_algorithm_names[DNC_ALGORITHMS];

struct dnc_key;
struct dnc_keys;

/* An empty set, to be freed with dnc_keys_free(); NULL without memory. */
struct dnc_keys *dnc_keys_new(void);

/* NULL is allowed. */
void dnc_keys_free(struct dnc_keys *keys);

/* Identifies a key by what it is: kind, algorithm and numbers, not its kid. Made from secrets, too: not to be shown. */
struct dnc_key_print {
	unsigned char bytes[32];
};

/* Adds the keys of the file PATH that can check signatures. A file that contains a secret must not be accessible to
 * others than its owner and group. Returns -1 with ERR, whose code is an errno: EINVAL for invalid content, EACCES for a secret that others
 * can read; or DNC_ERROR_NO_MEMORY. */
int dnc_keys_add_file(struct dnc_keys *keys, const char *path, struct dnc_error *err);

/* The same, but the `key_ops` of the keys must allow to sign, not to verify. */
int dnc_keys_add_signer(struct dnc_keys *keys, const char *path, struct dnc_error *err);

/* True if KEYS holds the key with this PRINT. */
bool dnc_keys_has(const struct dnc_keys *keys, const struct dnc_key_print *print);

/* The only key of KEYS that can sign: a secret, or a private Ed25519 key. NULL if there is none, or more than one.
 * Borrowed from KEYS. */
const struct dnc_key *dnc_keys_signer(const struct dnc_keys *keys);

/* Generates a key and writes it to the new file PATH with mode 0600 and, for EdDSA, its public half to PATH.pub.
 * ALGORITHM is DNC_EDDSA or DNC_HS256. Appends the id of the key, its thumbprint (RFC 7638), to KID. Returns -1 with
 * ERR, whose code is an errno. */
int dnc_keys_generate(
	const char *path, enum dnc_algorithm algorithm, struct dnc_buf *kid, struct dnc_error *err);
