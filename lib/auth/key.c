#include "priv/key.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include "priv/pkey.h"

const struct dnc_str dnc_algorithm_names[DNC_ALGORITHMS] = {
	[DNC_EDDSA] = DNC_STR("EdDSA"),
	[DNC_HS256] = DNC_STR("HS256"),
	[DNC_RS256] = DNC_STR("RS256"),
	[DNC_PS256] = DNC_STR("PS256"),
	[DNC_ES256] = DNC_STR("ES256"),
};

enum dnc_algorithm algorithm_from_name(struct dnc_str name)
{
	unsigned a = 0;

	if (dnc_str_eq(name, DNC_STR("Ed25519")))
		return DNC_EDDSA;
	while (a < DNC_ALGORITHMS && !dnc_str_eq(name, dnc_algorithm_names[a]))
		a++;
	return (enum dnc_algorithm)a;
}

void key_free(struct dnc_key *k)
{
	if (!k)
		return;
	if (k->secret) {
		sodium_memzero(k->secret, k->secret_bytes);
		free(k->secret);
	}
	EVP_PKEY_free(k->pkey);
	sodium_memzero(k, sizeof *k);
	free(k);
}

static void hmac(const struct dnc_key *key, struct dnc_str text, unsigned char *out)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key->secret, key->secret_bytes);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.p, text.n);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
}

int key_verify(const struct dnc_key *key, struct dnc_str text, struct dnc_str signature)
{
	unsigned char own[crypto_auth_hmacsha256_BYTES];

	switch (key->algorithm) {
	case DNC_EDDSA:
		return signature.n == crypto_sign_BYTES &&
		       crypto_sign_verify_detached((const unsigned char *)signature.p,
			       (const unsigned char *)text.p, text.n, key->public_key) == 0;
	case DNC_HS256:
		if (signature.n != sizeof own)
			return 0;
		hmac(key, text, own);
		return sodium_memcmp(own, signature.p, sizeof own) == 0;
	default:
		return pkey_verify(key->pkey, key->algorithm, text, signature);
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
