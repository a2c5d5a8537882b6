/* key.h - one key: signs, and checks signatures. */
#pragma once
#include <openssl/types.h>
#include <sodium.h>
#include "auth/keys.h"
#include "json/json.h"

enum { KID_MAX = 256 };

struct dnc_key {
	enum dnc_algorithm algorithm;
	char kid[KID_MAX];
	bool has_kid, private;
	struct dnc_key_print print;
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES]; /* when private */
	unsigned char *secret;                                /* of HS256 */
	size_t secret_bytes;
	EVP_PKEY *pkey; /* RSA and EC: the public half, which is all that is needed */
};

/* Wipes and frees K; NULL is allowed. */
void key_free(struct dnc_key *k);

/* The algorithm that `alg` names, also by its other name Ed25519 (RFC 9864); DNC_ALGORITHMS for others, and for p NULL. */
enum dnc_algorithm algorithm_from_name(struct dnc_str name);

/* What a key is read for: its `key_ops` must allow that. */
enum key_purpose { KEY_VERIFIES, KEY_SIGNS };

/* jwk.c. A value of a key file for a message: cut, and without what terminals obey. */
struct key_shown {
	char text[33];
};
struct key_shown key_show(struct dnc_str s);

/* jwk.c. Reads the JSON Web Key at node AT into K, which is all zero. Returns -1 with ERR, which says in half a sentence
 * what is wrong: ENOTSUP if the key is not for signatures or of a kind that is not supported, EINVAL if
 * it is invalid or so weak that others could sign, or no memory. */
int key_read(struct dnc_key *k, const struct dnc_json *doc, uint32_t at, enum key_purpose purpose,
	struct dnc_error *err);

/* 1 if SIGNATURE (decoded) is KEY's for TEXT, 0 if not, -1 without memory. Secrets are compared in constant time. */
int key_verify(const struct dnc_key *key, struct dnc_str text, struct dnc_str signature);

/* True if KEY can sign: a secret, or a private Ed25519 key. */
bool key_signs(const struct dnc_key *key);

/* Appends the signature of TEXT. key_signs() must be true. */
void key_sign(const struct dnc_key *key, struct dnc_str text, struct dnc_buf *out);
