#include "priv/keys.h"
#include <cjose/cjose.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "json/json.h"
#include "priv/base64url.h"

const struct dnc_str dnc_algorithm_names[DNC_ALGORITHMS] = {
	[DNC_EDDSA] = DNC_STR("EdDSA"),
	[DNC_HS256] = DNC_STR("HS256"),
	[DNC_RS256] = DNC_STR("RS256"),
	[DNC_PS256] = DNC_STR("PS256"),
	[DNC_ES256] = DNC_STR("ES256"),
};

enum {
	KEYS_MAX = 64,
	FILE_MAX_BYTES = 256 << 10,
	SECRET_MIN = 32, /* RFC 7518 section 3.2: as long as the hash at least */
	SECRET_MAX = 512,
	KID_MAX = 256,
	RSA_MIN_BITS = 2048, /* RFC 7518 section 3.3 */
};

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

struct dnc_keys {
	struct dnc_key *key[KEYS_MAX];
	size_t count;
};

struct dnc_keys *dnc_keys_new(void)
{
	return calloc(1, sizeof(struct dnc_keys));
}

static void free_key(struct dnc_key *k)
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

void dnc_keys_free(struct dnc_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++)
		free_key(keys->key[i]);
	free(keys);
}

size_t dnc_keys_count(const struct dnc_keys *keys)
{
	return keys->count;
}

enum dnc_algorithm dnc_key_algorithm(const struct dnc_key *key)
{
	return key->algorithm;
}

struct dnc_str dnc_key_id(const struct dnc_key *key)
{
	return key->has_kid ? dnc_str(key->kid) : (struct dnc_str){0};
}

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
		return dnc_error_set(err, EINVAL, "x is no Ed25519 public key");
	if (!dnc_json_get(doc, at, DNC_STR("d")))
		return 0;
	if (!read_bytes(doc, at, "d", seed, sizeof seed))
		return dnc_error_set(err, EINVAL, "d is no Ed25519 private key");
	crypto_sign_seed_keypair(derived, k->secret_key, seed);
	sodium_memzero(seed, sizeof seed);
	same = sodium_memcmp(derived, k->public_key, sizeof derived) == 0;
	k->private = true;
	return same ? 0 : dnc_error_set(err, EINVAL, "d and x do not belong together");
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
	          : dnc_error_set(err, EINVAL, "k is no secret of %d to %d bytes", SECRET_MIN,
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
		return dnc_error_set(err, EINVAL, "the key can't be read: %s", why.message);
	if (algorithm != DNC_ES256 && cjose_jwk_get_keysize(k->jwk, &why) < RSA_MIN_BITS)
		return dnc_error_set(err, EINVAL, "an RSA key has 2048 bits at least");
	return 0;
}

/* 1 when it is read, 0 when it is not for us, -1 when it is wrong. */
static int read_key(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
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
	/* An RSA key for encryption, or for another hash. */
	return !alg.p || dnc_str_eq(alg, dnc_algorithm_names[k->algorithm]);
}

/* Has the document something that others must not read? */
static bool is_secret(const struct dnc_json *doc)
{
	for (uint32_t i = 1; i < doc->count; i++)
		if (dnc_str_eq(doc->node[i].key, DNC_STR("d")) ||
			dnc_str_eq(doc->node[i].key, DNC_STR("k")))
			return true;
	return false;
}

static int add(
	struct dnc_keys *keys, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	struct dnc_key *k;
	int rc;

	if (doc->node[at].type != DNC_JSON_OBJECT)
		return dnc_error_set(err, EINVAL, "a key is a JSON object");
	if (keys->count == KEYS_MAX)
		return dnc_error_set(err, EINVAL, "more than %d keys", KEYS_MAX);
	k = calloc(1, sizeof *k);
	if (!k)
		return dnc_error_nomem(err);
	rc = read_key(k, doc, at, err);
	if (rc > 0 && k->has_kid && dnc_keys_find(keys, dnc_str(k->kid), k->algorithm))
		rc = dnc_error_set(err, EINVAL, "two keys have the kid %s", k->kid);
	if (rc > 0)
		keys->key[keys->count++] = k;
	else
		free_key(k);
	return rc;
}

static int add_all(struct dnc_keys *keys, const struct dnc_json *doc, struct dnc_error *err)
{
	uint32_t set =
		doc->node[0].type == DNC_JSON_OBJECT ? dnc_json_get(doc, 0, DNC_STR("keys")) : 0;
	size_t before = keys->count;

	if (set && doc->node[set].type != DNC_JSON_ARRAY)
		return dnc_error_set(err, EINVAL, "keys is no array");
	if (!set && add(keys, doc, 0, err) < 0)
		return -1;
	for (uint32_t i = set + 1; set && i < doc->node[set].next; i = doc->node[i].next)
		if (add(keys, doc, i, err) < 0)
			return -1;
	if (keys->count > before)
		return 0;
	return dnc_error_set(err, EINVAL,
		"no key in it is for signatures by EdDSA, HS256, RS256, PS256 or ES256");
}

/* The file's text, to be wiped and freed, with DNC_JSON_PADDING bytes behind. */
static char *read_file(int fd, const char *path, size_t *n, struct dnc_error *err)
{
	enum { SIZE = FILE_MAX_BYTES + DNC_JSON_PADDING };
	char *text = calloc(1, SIZE);
	ssize_t got = 0;

	if (!text) {
		dnc_error_nomem(err);
		return NULL;
	}
	for (*n = 0; *n <= FILE_MAX_BYTES; *n += (size_t)got) {
		got = read(fd, text + *n, FILE_MAX_BYTES + 1 - *n);
		if (got <= 0)
			break;
	}
	if (got == 0)
		return text;
	if (got < 0)
		dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	else
		dnc_error_set(err, EINVAL, "%s: a key file has 256 KiB at most", path);
	sodium_memzero(text, SIZE);
	free(text);
	return NULL;
}

static int parse_file(struct dnc_keys *keys, const char *path, char *text, size_t n, mode_t mode,
	struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_error why;
	struct dnc_json doc;
	int rc = -1;

	if (!parser)
		return dnc_error_nomem(err);
	if (dnc_json_parse(parser, text, n, &doc, &why) < 0)
		dnc_error_set(err, EINVAL, "%s: %.160s", path, why.message);
	else if (is_secret(&doc) && mode & (S_IRWXG | S_IRWXO))
		dnc_error_set(
			err, EACCES, "%s holds a secret that others may read: chmod 600 it", path);
	else if (add_all(keys, &doc, &why) < 0)
		dnc_error_set(err, EINVAL, "%s: %.160s", path, why.message);
	else
		rc = 0;
	dnc_json_parser_free(parser);
	return rc;
}

int dnc_keys_add_file(struct dnc_keys *keys, const char *path, struct dnc_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct stat st;
	char *text;
	size_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	text = read_file(fd, path, &n, err);
	close(fd);
	if (!text)
		return -1;
	rc = parse_file(keys, path, text, n, st.st_mode, err);
	sodium_memzero(text, FILE_MAX_BYTES);
	free(text);
	return rc;
}

const struct dnc_key *dnc_keys_find(
	const struct dnc_keys *keys, struct dnc_str kid, enum dnc_algorithm algorithm)
{
	const struct dnc_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		const struct dnc_key *k = keys->key[i];

		if (kid.p ? !k->has_kid || !dnc_str_eq(dnc_str(k->kid), kid)
			  : k->algorithm != algorithm)
			continue;
		if (found)
			return NULL;
		found = k;
	}
	return found;
}

/* By libcjose, which takes the whole token apart again; the algorithm in it is the key's, that was checked. */
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

bool dnc_key_verify(const struct dnc_key *key, struct dnc_str signed_text, struct dnc_str signature,
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

bool dnc_key_signs(const struct dnc_key *key)
{
	return key->private && (key->algorithm == DNC_EDDSA || key->algorithm == DNC_HS256);
}

void dnc_key_sign(const struct dnc_key *key, struct dnc_str text, struct dnc_buf *out)
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

const struct dnc_key *dnc_keys_signer(const struct dnc_keys *keys)
{
	const struct dnc_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		if (!dnc_key_signs(keys->key[i]))
			continue;
		if (found)
			return NULL;
		found = keys->key[i];
	}
	return found;
}
