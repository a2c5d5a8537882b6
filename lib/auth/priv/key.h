/* key.h - one key: signs, and checks signatures. */
#pragma once
#include <cjose/cjose.h>
#include <sodium.h>
#include "auth/keys.h"
#include "json/json.h"

enum { KID_MAX = 256 };

struct dnc_key {
	enum dnc_algorithm algorithm;
	char kid[KID_MAX];
	bool has_kid, private;
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES]; /* when private */
	unsigned char *secret;                                /* of HS256 */
	size_t secret_bytes;
	cjose_jwk_t *jwk; /* RSA and EC */
};

/* Wipes and frees K; NULL is allowed. */
void key_free(struct dnc_key *k);

/* jwk.c. Reads the JSON Web Key at node AT into K, which is all zero. Returns 1, 0 if the key is not for
 * signatures or of a kind that is not supported, -1 with ERR if it is invalid. */
int key_read(struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err);

/* True if SIGNATURE (decoded) is KEY's for SIGNED_TEXT, the part of TOKEN before its second dot. Secrets are compared
 * in constant time. */
bool key_verify(const struct dnc_key *key, struct dnc_str signed_text, struct dnc_str signature,
	struct dnc_str token);

/* True if KEY can sign: a secret, or a private Ed25519 key. */
bool key_signs(const struct dnc_key *key);

/* Appends the signature of TEXT. key_signs() must be true. */
void key_sign(const struct dnc_key *key, struct dnc_str text, struct dnc_buf *out);
