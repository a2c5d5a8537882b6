/* jwk.c - reads a key from a JSON Web Key (RFC 7517). */
#include <errno.h>
#include <stdlib.h>
#include "priv/base64url.h"
#include "priv/key.h"
#include "priv/pkey.h"

enum {
	SECRET_MIN = 32, /* RFC 7518 section 3.2: as long as the hash at least */
	SECRET_MAX = 512,
	NUMBER_MAX =
		4096, /* bytes of an RSA modulus, zeros before it included; twice the largest allowed */
};

struct key_shown key_show(struct dnc_str s)
{
	struct key_shown out = {0};

	for (size_t i = 0; i < s.n && i < sizeof out.text - 1; i++)
		out.text[i] = s.p[i] >= 0x20 && s.p[i] < 0x7f ? s.p[i] : '?';
	return out;
}

/* The text of a member, p NULL if it is absent. -1 with ERR if it is not a string. */
static int text_member(const struct dnc_json *doc, uint32_t object, const char *name,
	struct dnc_str *out, struct dnc_error *err)
{
	uint32_t at = dnc_json_get(doc, object, dnc_str(name));

	*out = at ? doc->node[at].text : (struct dnc_str){0};
	return !at || doc->node[at].type == DNC_JSON_STRING
	               ? 0
	               : dnc_error_set(err, EINVAL, "its %s is not a string", name);
}

/* Decodes a member of at most SIZE bytes to OUT, and sets N to how many it has. */
static int bytes_member(const struct dnc_json *doc, uint32_t object, const char *name,
	unsigned char *out, size_t size, size_t *n, struct dnc_error *err)
{
	struct dnc_str text;

	if (text_member(doc, object, name, &text, err) < 0)
		return -1;
	if (!text.p)
		return dnc_error_set(err, EINVAL, "it has no %s", name);
	if (text.n / 4 * 3 > size) /* 4 characters are 3 bytes */
		return dnc_error_set(err, EINVAL, "its %s is too long", name);
	if (!base64url_decode(out, size, text, n))
		return dnc_error_set(err, EINVAL,
			"its %s is not base64url without padding (RFC 4648 section 5)", name);
	return 0;
}

/* Decodes a number to OUT of NUMBER_MAX bytes. Zeros before it, which some issuers write, are left out. */
static int number_member(const struct dnc_json *doc, uint32_t object, const char *name,
	unsigned char *out, struct dnc_str *number, struct dnc_error *err)
{
	*number = (struct dnc_str){(char *)out, 0};
	if (bytes_member(doc, object, name, out, NUMBER_MAX, &number->n, err) < 0)
		return -1;
	while (number->n && !number->p[0])
		number->p++, number->n--;
	return 0;
}

/* The same key has the same print, wherever and with whatever kid it is listed. */
static void set_print(struct dnc_key *k, struct dnc_str a, struct dnc_str b)
{
	unsigned char algorithm = (unsigned char)k->algorithm;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof k->print.bytes);
	crypto_generichash_update(&state, &algorithm, 1);
	crypto_generichash_update(&state, (const unsigned char *)&a.n, sizeof a.n);
	crypto_generichash_update(&state, (const unsigned char *)a.p, a.n);
	crypto_generichash_update(&state, (const unsigned char *)b.p, b.n);
	crypto_generichash_final(&state, k->print.bytes, sizeof k->print.bytes);
	sodium_memzero(&state, sizeof state);
}

/* Decodes a member of exactly 32 bytes. */
static int read_32(const struct dnc_json *doc, uint32_t object, const char *name,
	unsigned char out[32], struct dnc_error *err)
{
	unsigned char space[48];
	size_t n = 0;
	int rc = bytes_member(doc, object, name, space, sizeof space, &n, err);

	if (rc == 0 && n != 32)
		rc = dnc_error_set(err, EINVAL, "its %s has %zu bytes, not 32", name, n);
	if (rc == 0)
		memcpy(out, space, 32);
	sodium_memzero(space, sizeof space);
	return rc;
}

/* True if eight times the point is the neutral one. Anybody can sign for such keys, of which there are 8, in 14 encodings. */
static bool has_small_order(const unsigned char point[crypto_core_ed25519_BYTES])
{
	static const unsigned char neutral[crypto_core_ed25519_BYTES] = {1};
	unsigned char p[crypto_core_ed25519_BYTES];

	memcpy(p, point, sizeof p);
	for (int i = 0; i < 3; i++)
		if (crypto_core_ed25519_add(p, p, p) != 0)
			return false; /* it is no point of the curve */
	return memcmp(p, neutral, sizeof p) == 0;
}

static int read_ed25519(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	unsigned char seed[crypto_sign_SEEDBYTES], derived[crypto_sign_PUBLICKEYBYTES];
	bool same;

	if (read_32(doc, at, "x", k->public_key, err) < 0)
		return -1;
	if (has_small_order(k->public_key))
		return dnc_error_set(err, EINVAL, "its x has a small order: anybody could sign");
	if (!crypto_core_ed25519_is_valid_point(k->public_key))
		return dnc_error_set(err, EINVAL,
			"its x can't be an Ed25519 public key: no point, or not of its group");
	set_print(k, (struct dnc_str){(char *)k->public_key, sizeof k->public_key}, DNC_STR(""));
	if (!dnc_json_get(doc, at, DNC_STR("d")))
		return 0;
	if (read_32(doc, at, "d", seed, err) < 0)
		return -1;
	crypto_sign_seed_keypair(derived, k->secret_key, seed);
	sodium_memzero(seed, sizeof seed);
	same = sodium_memcmp(derived, k->public_key, sizeof derived) == 0;
	k->private = true;
	return same ? 0 : dnc_error_set(err, EINVAL, "its d and x do not match");
}

/* True if all bytes are the same: zeros, or another filler. */
static bool is_filler(const unsigned char *p, size_t n)
{
	unsigned char differences = 0;

	for (size_t i = 1; i < n; i++)
		differences |= p[i] ^ p[0];
	return !differences;
}

static int read_secret(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	unsigned char secret[SECRET_MAX + 4];
	size_t n = 0;
	int rc = bytes_member(doc, at, "k", secret, sizeof secret, &n, err);

	if (rc == 0 && (n < SECRET_MIN || n > SECRET_MAX))
		rc = dnc_error_set(err, EINVAL, "its secret has %zu bytes, not %d to %d", n,
			SECRET_MIN, SECRET_MAX);
	else if (rc == 0 && is_filler(secret, n))
		rc = dnc_error_set(err, EINVAL, "all bytes of its secret are the same");
	else if (rc == 0 && !(k->secret = malloc(n)))
		rc = dnc_error_nomem(err);
	if (rc == 0) {
		memcpy(k->secret, secret, n);
		k->secret_bytes = n;
		k->private = true;
		set_print(k, (struct dnc_str){(char *)secret, n}, DNC_STR(""));
	}
	sodium_memzero(secret, sizeof secret);
	return rc;
}

static int read_rsa(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	unsigned char n[NUMBER_MAX], e[NUMBER_MAX];
	struct dnc_str modulus, exponent;

	if (number_member(doc, at, "n", n, &modulus, err) < 0 ||
		number_member(doc, at, "e", e, &exponent, err) < 0)
		return -1;
	set_print(k, modulus, exponent);
	k->pkey = pkey_from_rsa(modulus, exponent, err);
	return k->pkey ? 0 : -1;
}

static int read_p256(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	unsigned char x[P256_BYTES], y[P256_BYTES];

	if (read_32(doc, at, "x", x, err) < 0 || read_32(doc, at, "y", y, err) < 0)
		return -1;
	set_print(k, (struct dnc_str){(char *)x, sizeof x}, (struct dnc_str){(char *)y, sizeof y});
	k->pkey = pkey_from_p256(x, y, err);
	return k->pkey ? 0 : -1;
}

/* The first row of a kind is what its keys are for if they have no alg. */
static const struct kind {
	struct dnc_str kty, crv; /* crv.p NULL: the kind has no curves */
	enum dnc_algorithm algorithm;
	int (*read)(
		struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err);
} kinds[] = {
	{DNC_STR("OKP"), DNC_STR("Ed25519"), DNC_EDDSA, read_ed25519},
	{DNC_STR("oct"), {0}, DNC_HS256, read_secret},
	{DNC_STR("RSA"), {0}, DNC_RS256, read_rsa},
	{DNC_STR("RSA"), {0}, DNC_PS256, read_rsa},
	{DNC_STR("EC"), DNC_STR("P-256"), DNC_ES256, read_p256},
};

/* The kind of key that the members say, which must not contradict each other. NULL with ERR. */
static const struct kind *find_kind(
	struct dnc_str kty, struct dnc_str crv, struct dnc_str alg, struct dnc_error *err)
{
	enum dnc_algorithm wanted = algorithm_from_name(alg);
	const char *unknown = "kty";
	struct dnc_str value = kty;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const struct kind *kind = &kinds[i];

		if (!dnc_str_eq(kind->kty, kty))
			continue;
		unknown = "crv";
		value = crv;
		if (kind->crv.p && !(crv.p && dnc_str_eq(kind->crv, crv)))
			continue;
		unknown = "alg";
		value = alg;
		if (!alg.p || kind->algorithm == wanted)
			return kind;
	}
	if (!value.p)
		dnc_error_set(err, EINVAL, "it has no %s", unknown);
	else if (value.p == alg.p && wanted != DNC_ALGORITHMS)
		dnc_error_set(err, EINVAL, "its alg %s does not fit its kty %s", key_show(alg).text,
			key_show(kty).text);
	else
		dnc_error_set(
			err, ENOTSUP, "its %s %s is not supported", unknown, key_show(value).text);
	return NULL;
}

/* Sets HAS to what key_ops lists, both true if it is absent. */
static int read_key_ops(const struct dnc_json *doc, uint32_t object, bool *verify, bool *sign,
	struct dnc_error *err)
{
	uint32_t at = dnc_json_get(doc, object, DNC_STR("key_ops"));
	const struct dnc_json_node *node = doc->node;

	*verify = *sign = !at;
	if (at && node[at].type != DNC_JSON_ARRAY)
		return dnc_error_set(err, EINVAL, "its key_ops is not an array");
	for (uint32_t i = at + 1; at && i < node[at].next; i = node[i].next) {
		if (node[i].type != DNC_JSON_STRING)
			return dnc_error_set(err, EINVAL, "its key_ops has what is not a string");
		*verify |= dnc_str_eq(node[i].text, DNC_STR("verify"));
		*sign |= dnc_str_eq(node[i].text, DNC_STR("sign"));
	}
	return 0;
}

/* A private key's key_ops say what its private half may do (RFC 7517 section 4.3): its public half, which is all that the
 * hub uses of it, checks what the private half may sign. */
static int check_purpose(
	const struct dnc_json *doc, uint32_t at, enum key_purpose purpose, struct dnc_error *err)
{
	struct dnc_str use;
	bool verify, sign;

	if (text_member(doc, at, "use", &use, err) < 0 ||
		read_key_ops(doc, at, &verify, &sign, err) < 0)
		return -1;
	if (use.p && !dnc_str_eq(use, DNC_STR("sig")))
		return dnc_error_set(err, ENOTSUP, "its use is %s, not sig", key_show(use).text);
	if (purpose == KEY_SIGNS && !sign)
		return dnc_error_set(err, ENOTSUP, "its key_ops do not list sign");
	if (purpose == KEY_VERIFIES && !verify && !(sign && dnc_json_get(doc, at, DNC_STR("d"))))
		return dnc_error_set(err, ENOTSUP, "its key_ops do not list verify");
	return 0;
}

static int read_kid(
	struct dnc_key *k, const struct dnc_json *doc, uint32_t at, struct dnc_error *err)
{
	struct dnc_str kid;

	if (text_member(doc, at, "kid", &kid, err) < 0)
		return -1;
	if (kid.n >= KID_MAX)
		return dnc_error_set(err, EINVAL, "its kid is longer than %d bytes", KID_MAX - 1);
	for (size_t i = 0; i < kid.n; i++)
		if ((unsigned char)kid.p[i] < 0x20 || kid.p[i] == 0x7f)
			return dnc_error_set(err, EINVAL, "its kid has a control character");
	k->has_kid = kid.p;
	memcpy(k->kid, kid.n ? kid.p : "", kid.n);
	return 0;
}

int key_read(struct dnc_key *k, const struct dnc_json *doc, uint32_t at, enum key_purpose purpose,
	struct dnc_error *err)
{
	struct dnc_str kty, crv, alg;
	const struct kind *kind;

	if (doc->node[at].type != DNC_JSON_OBJECT)
		return dnc_error_set(err, EINVAL, "it is not a JSON object");
	if (text_member(doc, at, "kty", &kty, err) < 0 ||
		text_member(doc, at, "crv", &crv, err) < 0 ||
		text_member(doc, at, "alg", &alg, err) < 0 || read_kid(k, doc, at, err) < 0 ||
		check_purpose(doc, at, purpose, err) < 0)
		return -1;
	kind = find_kind(kty, crv, alg, err);
	if (!kind)
		return -1;
	k->algorithm = kind->algorithm;
	return kind->read(k, doc, at, err);
}
