/* keygen.c - generates keys. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "keys.h"
#include "priv/base64url.h"

/* Appends the thumbprint of MEMBERS, the required ones in the order of RFC 7638 section 3.2. */
static void write_thumbprint(struct dnc_buf *kid, struct dnc_str members)
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)members.p, members.n);
	base64url_write(kid, hash, sizeof hash);
}

static void wipe(struct dnc_buf *b)
{
	if (b->p)
		sodium_memzero(b->p, b->size);
	dnc_buf_free(b);
}

/* Appends the key as JSON; SECRET is NULL for the public half. */
static void write_jwk(struct dnc_buf *out, struct dnc_str kid, enum dnc_algorithm algorithm,
	const unsigned char *public_key, const unsigned char *secret, size_t secret_bytes)
{
	dnc_buf_printf(out, "{\"kty\":\"%s\"", algorithm == DNC_EDDSA ? "OKP" : "oct");
	if (algorithm == DNC_EDDSA) {
		dnc_buf_lit(out, ",\"crv\":\"Ed25519\",\"x\":\"");
		base64url_write(out, public_key, crypto_sign_PUBLICKEYBYTES);
		dnc_buf_chr(out, '"');
	}
	if (secret) {
		dnc_buf_printf(out, ",\"%s\":\"", algorithm == DNC_EDDSA ? "d" : "k");
		base64url_write(out, secret, secret_bytes);
		dnc_buf_chr(out, '"');
	}
	dnc_buf_printf(out, ",\"kid\":\"%.*s\",\"alg\":\"%s\",\"use\":\"sig\"}\n", DNC_STR_ARG(kid),
		dnc_algorithm_names[algorithm].p);
}

int dnc_keys_generate(
	const char *path, enum dnc_algorithm algorithm, struct dnc_buf *kid, struct dnc_error *err)
{
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES],
		secret_key[crypto_sign_SECRETKEYBYTES];
	unsigned char seed[crypto_sign_SEEDBYTES];
	struct dnc_buf text = {0}, public = {0};
	char public_path[4096];
	int rc = -1;

	/* Reserved at once: growing would free memory with a part of the secret, unwiped. */
	if (!dnc_buf_reserve(&text, 1024))
		return dnc_error_nomem(err);
	randombytes_buf(seed, sizeof seed);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	if (algorithm == DNC_EDDSA) {
		dnc_buf_lit(&text, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
		base64url_write(&text, public_key, sizeof public_key);
	} else {
		dnc_buf_lit(&text, "{\"k\":\"");
		base64url_write(&text, seed, sizeof seed);
		dnc_buf_lit(&text, "\",\"kty\":\"oct");
	}
	dnc_buf_lit(&text, "\"}");
	write_thumbprint(kid, dnc_buf_view(&text));
	dnc_buf_clear(&text);
	write_jwk(&text, dnc_buf_view(kid), algorithm, public_key, seed, sizeof seed);
	snprintf(public_path, sizeof public_path, "%s.pub", path);
	if (!dnc_buf_ok(&text) || !dnc_buf_ok(kid))
		dnc_error_nomem(err);
	else
		rc = dnc_file_create(path, 0600, dnc_buf_view(&text), err);
	if (rc == 0 && algorithm == DNC_EDDSA) {
		write_jwk(&public, dnc_buf_view(kid), algorithm, public_key, NULL, 0);
		rc = dnc_file_create(public_path, 0644, dnc_buf_view(&public), err);
		if (rc < 0)
			unlink(path);
	}
	sodium_memzero(seed, sizeof seed);
	sodium_memzero(secret_key, sizeof secret_key);
	wipe(&text);
	dnc_buf_free(&public);
	return rc;
}
