/* jwk.c - reads a key from a JSON Web Key (RFC 7517). */
#include <errno.h>
#include <stdlib.h>
#include "priv/base64url.h"
#include "priv/key.h"

enum {
	SECRET_MIN = 32, /* RFC 7518 section 3.2: as long as the hash at least */
	SECRET_MAX = 512,
	RSA_MIN_BITS = 2048, /* RFC 7518 section 3.3 */
};

static struct dnc_str member(const struct dnc_json *doc, uint32_t object, const char *name)
{
	uint32_t at = dnc_json_get(doc, object, dnc_str(name));

	return at && doc->node[at].type == DNC_JSON_STRING ? doc->node[at].text
	                                                   : (struct dnc_str){0};
}

/* Decodes a member of exactly N bytes. */
static bool read_bytes(
	const struct dnc_json *doc, uint32_t object, const char *name, unsigned char *out, size_t n)
{
	struct dnc_str text = member(doc, object, name);
	unsigned char space[96];
	struct dnc_buf b = {.p = (char *)space, .size = sizeof space};
	bool ok = text.p && text.n <= sizeof space && base64url_read(&b, text) && b.n == n;

	if (ok)
		memcpy(out, space, n);
	sodium_memzero(space, sizeof space);
	return ok;
}

static int read_ed25519(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	unsigned char seed[crypto_sign_SEEDBYTES], derived[crypto_sign_PUBLICKEYBYTES];
	bool same;

	k->algorithm = DNC_EDDSA;
	if (!read_bytes(doc, at, "x", k->public_key, sizeof k->public_key))
		return dnc_error_set(err, EINVAL, "x is not an Ed25519 public key");
	if (!dnc_json_get(doc, at, DNC_STR("d")))
		return 0;
	if (!read_bytes(doc, at, "d", seed, sizeof seed))
		return dnc_error_set(err, EINVAL, "d is not an Ed25519 private key");
	crypto_sign_seed_keypair(derived, k->secret_key, seed);
	sodium_memzero(seed, sizeof seed);
	same = sodium_memcmp(derived, k->public_key, sizeof derived) == 0;
	k->private = true;
	return same ? 0 : dnc_error_set(err, EINVAL, "d and x do not match");
}

static int read_secret(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	struct dnc_str text = member(doc, at, "k");
	struct dnc_buf b = {0};
	bool ok = text.p && text.n <= 2 * SECRET_MAX && dnc_buf_reserve(&b, text.n) &&
	          base64url_read(&b, text) && b.n >= SECRET_MIN && b.n <= SECRET_MAX;

	k->algorithm = DNC_HS256;
	k->private = true;
	k->secret = (unsigned char *)b.p;
	k->secret_bytes = b.n;
	return ok ? 0
	          : dnc_error_set(err, EINVAL, "k is not a secret of %d to %d bytes", SECRET_MIN,
			    SECRET_MAX);
}

static int read_jose(struct dnc_key *k, const struct dnc_json *doc, uint32_t at,
	enum dnc_algorithm algorithm, struct dnc_error *err)
{
	struct dnc_buf text = {0};
	cjose_err why = {.message = "out of memory"};

	k->algorithm = algorithm;
	dnc_json_write_node(&text, doc, at);
	if (dnc_buf_ok(&text))
		k->jwk = cjose_jwk_import(text.p, text.n, &why);
	dnc_buf_free(&text);
	if (!k->jwk)
		return dnc_error_set(err, EINVAL, "unable to import the key: %s", why.message);
	if (algorithm != DNC_ES256 && cjose_jwk_get_keysize(k->jwk, &why) < RSA_MIN_BITS)
		return dnc_error_set(err, EINVAL, "an RSA key must have at least 2048 bits");
	return 0;
}

int key_read(struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	struct dnc_str kty = member(doc, at, "kty"), crv = member(doc, at, "crv");
	struct dnc_str alg = member(doc, at, "alg"), use = member(doc, at, "use");
	struct dnc_str kid = member(doc, at, "kid");
	int rc;

	if (!kty.p)
		return dnc_error_set(err, EINVAL, "a key has no kty");
	if (use.p && !dnc_str_eq(use, DNC_STR("sig")))
		return 0;
	if (kid.n >= KID_MAX)
		return dnc_error_set(err, EINVAL, "a kid is longer than 255 bytes");
	k->has_kid = kid.p;
	snprintf(k->kid, sizeof k->kid, "%.*s", (int)kid.n, kid.p ? kid.p : "");
	if (dnc_str_eq(kty, DNC_STR("OKP")) && dnc_str_eq(crv, DNC_STR("Ed25519")))
		rc = read_ed25519(k, doc, at, err);
	else if (dnc_str_eq(kty, DNC_STR("oct")))
		rc = read_secret(k, doc, at, err);
	else if (dnc_str_eq(kty, DNC_STR("RSA")))
		rc = read_jose(
			k, doc, at, dnc_str_eq(alg, DNC_STR("PS256")) ? DNC_PS256 : DNC_RS256, err);
	else if (dnc_str_eq(kty, DNC_STR("EC")) && dnc_str_eq(crv, DNC_STR("P-256")))
		rc = read_jose(k, doc, at, DNC_ES256, err);
	else
		return 0;
	if (rc < 0)
		return -1;
	/* RSA keys may be for encryption, or for another hash. */
	return !alg.p || dnc_str_eq(alg, dnc_algorithm_names[k->algorithm]);
}
