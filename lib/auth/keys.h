/* keys.h - keys that tokens are signed and checked with.
 *
 * A key file is a JSON Web Key, as dnc-token writes it, or a set of them, as identity providers publish it
 * (RFC 7517). The key decides the algorithm: Ed25519 is EdDSA (RFC 8037), a secret HS256, RSA RS256 or, when its
 * `alg` says so, PS256, P-256 ES256 (RFC 7518). Keys are read once and then only looked at, by any thread;
 * secrets are wiped when they are freed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

enum dnc_algorithm { DNC_EDDSA, DNC_HS256, DNC_RS256, DNC_PS256, DNC_ES256, DNC_ALGORITHMS };

/* "EdDSA" and so on. */
extern const struct dnc_str dnc_algorithm_names[DNC_ALGORITHMS];

struct dnc_key;
struct dnc_keys;

/* NULL when there is no memory. */
struct dnc_keys *dnc_keys_new(void);

/* NULL is allowed. */
void dnc_keys_free(struct dnc_keys *keys);

/* Adds the keys in the file PATH. A file that holds a secret must not be readable by others. Keys of a set that
 * are for other things, or of kinds that are not known here, are left out; it is an error when none is left. -1
 * with ERR, whose code is an errno: EINVAL for what is wrong inside, EACCES for a secret that others can read. */
int dnc_keys_add_file(struct dnc_keys *keys, const char *path, struct dnc_error *err);

size_t dnc_keys_count(const struct dnc_keys *keys);

/* The key that a token names: KID, or, when that is missing (p NULL), the only one of ALGORITHM. NULL when there
 * is none, or more than one. */
const struct dnc_key *dnc_keys_find(
	const struct dnc_keys *keys, struct dnc_str kid, enum dnc_algorithm algorithm);

enum dnc_algorithm dnc_key_algorithm(const struct dnc_key *key);
struct dnc_str dnc_key_id(const struct dnc_key *key);

/* True when SIGNATURE is the key's for the N bytes of text at TOKEN, which go up to the second dot of the whole
 * token. Constant time for secrets. */
bool dnc_key_verify(const struct dnc_key *key, struct dnc_str signed_text, struct dnc_str signature,
	struct dnc_str token);

/* True when the key has what it takes to sign: a secret, or a private Ed25519 key. */
bool dnc_key_signs(const struct dnc_key *key);

/* Appends the signature of TEXT. Only when dnc_key_signs(). */
void dnc_key_sign(const struct dnc_key *key, struct dnc_str text, struct dnc_buf *out);

/* The only key of KEYS that signs; NULL when there is none, or more than one. */
const struct dnc_key *dnc_keys_signer(const struct dnc_keys *keys);

/* Makes a new key and writes it to the file PATH, which must not exist, with mode 0600; and, for EdDSA, the public
 * half to PATH.pub. ALGORITHM is DNC_EDDSA or DNC_HS256. The key's id, which is its thumbprint (RFC 7638), is
 * appended to KID. -1 with ERR, whose code is an errno. */
int dnc_keys_generate(
	const char *path, enum dnc_algorithm algorithm, struct dnc_buf *kid, struct dnc_error *err);
