#include "priv/key.h"
#include <stdlib.h>

const struct dnc_str dnc_algorithm_names[DNC_ALGORITHMS] = {
	[DNC_EDDSA] = DNC_STR("EdDSA"),
	[DNC_HS256] = DNC_STR("HS256"),
	[DNC_RS256] = DNC_STR("RS256"),
	[DNC_PS256] = DNC_STR("PS256"),
	[DNC_ES256] = DNC_STR("ES256"),
};

void key_free(struct dnc_key *k)
{
	if (!k)
		return;
	if (k->secret) {
		sodium_memzero(k->secret, k->secret_bytes);
		free(k->secret);
	}
	if (k->jwk)
		cjose_jwk_release(k->jwk);
	sodium_memzero(k, sizeof *k);
	free(k);
}

/* libcjose parses the whole token again. The caller has checked that it names the key's algorithm. */
static bool verify_jose(const struct dnc_key *key, struct dnc_str token)
{
	cjose_err err;
	cjose_jws_t *jws = cjose_jws_import(token.p, token.n, &err);
	bool ok = jws && cjose_jws_verify(jws, key->jwk, &err);

	if (jws)
		cjose_jws_release(jws);
	return ok;
}

static void hmac(const struct dnc_key *key, struct dnc_str text, unsigned char *out)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key->secret, key->secret_bytes);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.p, text.n);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

bool key_verify(const struct dnc_key *key, struct dnc_str signed_text, struct dnc_str signature,
	struct dnc_str token)
{
	unsigned char own[crypto_auth_hmacsha256_BYTES];

	switch (key->algorithm) {
	case DNC_EDDSA:
		return signature.n == crypto_sign_BYTES &&
		       crypto_sign_verify_detached((const unsigned char *)signature.p,
			       (const unsigned char *)signed_text.p, signed_text.n,
			       key->public_key) == 0;
	case DNC_HS256:
		if (signature.n != sizeof own)
			return false;
		hmac(key, signed_text, own);
		return sodium_memcmp(own, signature.p, sizeof own) == 0;
	default:
		return verify_jose(key, token);
	}
}

bool key_signs(const struct dnc_key *key)
{
	return key->private && (key->algorithm == DNC_EDDSA || key->algorithm == DNC_HS256);
}

void key_sign(const struct dnc_key *key, struct dnc_str text, struct dnc_buf *out)
{
	unsigned char signature[crypto_sign_BYTES];
	size_t n = crypto_auth_hmacsha256_BYTES;

	if (key->algorithm == DNC_EDDSA) {
		n = sizeof signature;
		crypto_sign_detached(
			signature, NULL, (const unsigned char *)text.p, text.n, key->secret_key);
	} else {
		hmac(key, text, signature);
	}
	dnc_buf_add(out, signature, n);
}
