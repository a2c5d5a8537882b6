#include "priv/pkey.h"
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

enum {
	MODULUS_MIN_BITS = 2048,
	MODULUS_MAX_BITS = OPENSSL_RSA_MAX_MODULUS_BITS, /* 16384 */
	EXPONENT_MAX_BITS =
		OPENSSL_RSA_MAX_PUBEXP_BITS, /* 64; larger ones libcrypto takes with small moduli only */
	SMALL_FACTORS = 752,                 /* as libcrypto looks for */
	PRIME_MAX_BITS =
		4096, /* a larger modulus would keep the hub too long: 4096 bits take some 10 ms */
	FERMAT_STEPS = 256,
	POINT_BYTES = 1 + 2 * P256_BYTES,
};

/* Takes all of the thread's errors from libcrypto's queue. True if memory was one. */
static bool lacked_memory(void)
{
	unsigned long code;
	bool lacked = false;

	while ((code = ERR_get_error()))
		lacked |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return lacked;
}

/* NULL if libcrypto refuses the values, or without memory. */
static EVP_PKEY *import(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) > 0 &&
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static size_t bits(struct dnc_str number)
{
	return number.n ? 8 * number.n - (size_t)__builtin_clz((unsigned char)number.p[0]) + 24 : 0;
}

static bool is_even(struct dnc_str number)
{
	return !number.n || !(number.p[number.n - 1] & 1);
}

static int check_rsa(struct dnc_str n, struct dnc_str e, struct dnc_error *err)
{
	if (bits(n) < MODULUS_MIN_BITS || bits(n) > MODULUS_MAX_BITS)
		return dnc_error_set(err, EINVAL, "its RSA modulus has %zu bits, not %d to %d",
			bits(n), MODULUS_MIN_BITS, MODULUS_MAX_BITS);
	if (is_even(n))
		return dnc_error_set(err, EINVAL, "its RSA modulus is even");
	if (bits(e) < 2)
		return dnc_error_set(
			err, EINVAL, "its RSA exponent is %zu: anybody could sign", bits(e));
	if (is_even(e))
		return dnc_error_set(err, EINVAL, "its RSA exponent is even");
	if (bits(e) > EXPONENT_MAX_BITS)
		return dnc_error_set(err, EINVAL, "its RSA exponent has %zu bits, not 2 to %d",
			bits(e), EXPONENT_MAX_BITS);
	return 0;
}

/* Sets ROOT to the largest integer whose square is not above N, which is not 0. By Newton's method: from above, each step is
 * nearer until one is not, and the first is so near that a number of 16384 bits takes less than 20. False without memory. */
static bool square_root(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *next;
	bool ok;

	BN_CTX_start(ctx);
	next = BN_CTX_get(ctx);
	ok = next && BN_set_word(next, 1) && BN_lshift(next, next, (BN_num_bits(n) + 1) / 2);
	do {
		ok = ok && BN_copy(root, next) && BN_div(next, NULL, n, root, ctx) &&
		     BN_add(next, next, root) && BN_rshift1(next, next);
	} while (ok && BN_cmp(next, root) < 0);
	BN_CTX_end(ctx);
	return ok;
}

/* False if no square leaves REST when it is divided by MODULUS. */
static bool is_square_rest(BN_ULONG rest, BN_ULONG modulus)
{
	for (BN_ULONG i = 0; i <= modulus / 2; i++)
		if (i * i % modulus == rest)
			return true;
	return false;
}

/* 1 if N is a square, 0 if not, -1 without memory. A hundredth of the others need the root. */
static int is_square(const BIGNUM *n, BN_CTX *ctx)
{
	static const BN_ULONG moduli[] = {64, 63, 65, 11};
	BIGNUM *root;
	int rc = -1;

	if (BN_is_zero(n))
		return 1;
	for (size_t i = 0; i < sizeof moduli / sizeof moduli[0]; i++)
		if (!is_square_rest(BN_mod_word(n, moduli[i]), moduli[i]))
			return 0;
	BN_CTX_start(ctx);
	root = BN_CTX_get(ctx);
	if (root && square_root(root, n, ctx) && BN_sqr(root, root, ctx))
		rc = BN_cmp(root, n) == 0;
	BN_CTX_end(ctx);
	return rc;
}

/* Fermat's method: an odd N = PQ is the square of (P + Q) / 2 less that of (P - Q) / 2, and if P and Q are close, the former is
 * among the first squares above N. 1 if it is, also if P = Q, 0 if not, -1 without memory. */
static int has_close_factors(const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *sum, *difference, *step;
	int rc = -1;

	BN_CTX_start(ctx);
	sum = BN_CTX_get(ctx);
	difference = BN_CTX_get(ctx);
	step = BN_CTX_get(ctx);
	/* The square of SUM, the first that is not below N, less N; the next one is larger by STEP. */
	if (step && BN_sub(step, n, BN_value_one()) && square_root(sum, step, ctx) &&
		BN_add_word(sum, 1) && BN_sqr(difference, sum, ctx) &&
		BN_sub(difference, difference, n) && BN_lshift1(step, sum) && BN_add_word(step, 1))
		rc = is_square(difference, ctx);
	for (int i = 1; rc == 0 && i < FERMAT_STEPS; i++)
		rc = BN_add(difference, difference, step) && BN_add_word(step, 2)
		             ? is_square(difference, ctx)
		             : -1;
	BN_CTX_end(ctx);
	return rc;
}

/* 1 if N is a product of primes that are hard to find, as far as a quick look can tell, 0 if not, -1 without memory. */
static int is_hard(const BIGNUM *n)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *two = BN_new(), *less = BN_dup(n), *power = BN_new();
	int rc = ctx && two && less && power ? 1 : -1;

	for (BN_ULONG factor = 3; rc == 1 && factor < SMALL_FACTORS; factor += 2) {
		BN_ULONG rest = BN_mod_word(n, factor);

		rc = rest == (BN_ULONG)-1 ? -1 : rest != 0;
	}
	/* Of Fermat's little theorem: if N is prime, 2 to the power of N - 1 leaves 1. */
	if (rc == 1 && BN_num_bits(n) <= PRIME_MAX_BITS) {
		rc = BN_set_word(two, 2) && BN_sub_word(less, 1) &&
		                     BN_mod_exp(power, two, less, n, ctx)
		             ? !BN_is_one(power)
		             : -1;
	}
	if (rc == 1) {
		int close = has_close_factors(n, ctx);

		rc = close < 0 ? -1 : !close;
	}
	BN_CTX_free(ctx);
	BN_free(two);
	BN_free(less);
	BN_free(power);
	return rc;
}

static EVP_PKEY *import_rsa(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key;

	if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	key = import("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return key;
}

EVP_PKEY *pkey_from_rsa(struct dnc_str n, struct dnc_str e, struct dnc_error *err)
{
	BIGNUM *modulus, *exponent;
	EVP_PKEY *key = NULL;
	int hard;

	if (check_rsa(n, e, err) < 0)
		return NULL;
	modulus = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
	exponent = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
	hard = modulus && exponent ? is_hard(modulus) : -1;
	if (hard > 0)
		key = import_rsa(modulus, exponent);
	BN_free(modulus);
	BN_free(exponent);
	ERR_clear_error();
	if (hard == 0)
		dnc_error_set(err, EINVAL,
			"its RSA modulus is not the product of two large primes: anybody could sign");
	else if (!key) /* libcrypto refuses no numbers that check_rsa() takes */
		dnc_error_nomem(err);
	return key;
}

EVP_PKEY *pkey_from_p256(
	const unsigned char x[P256_BYTES], const unsigned char y[P256_BYTES], struct dnc_error *err)
{
	char curve[] = "P-256";
	unsigned char point[POINT_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
		OSSL_PARAM_construct_end()};
	EVP_PKEY *key;

	memcpy(point + 1, x, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y, P256_BYTES);
	ERR_clear_error();
	key = import(
		"EC", params); /* which checks that both are below the prime, and the equation */
	if (key)
		return key;
	if (lacked_memory())
		dnc_error_nomem(err);
	else
		dnc_error_set(err, EINVAL, "x and y are not a point of the curve P-256");
	return NULL;
}

/* A JWS has r and s as two numbers of 32 bytes (RFC 7518 section 3.4), libcrypto wants them in DER. Returns its
 * length, 0 without memory. */
static size_t write_der(struct dnc_str signature, unsigned char **der)
{
	const unsigned char *p = (const unsigned char *)signature.p;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(p, P256_BYTES, NULL),
	       *s = BN_bin2bn(p + P256_BYTES, P256_BYTES, NULL);
	int n = 0;

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL; /* they are PAIR's */
		n = i2d_ECDSA_SIG(pair, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return n > 0 ? (size_t)n : 0;
}

/* The salt is as long as the hash: RFC 7518 section 3.5. */
static bool set_pss(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

int pkey_verify(
	EVP_PKEY *key, enum dnc_algorithm algorithm, struct dnc_str text, struct dnc_str signature)
{
	const unsigned char *p = (const unsigned char *)signature.p;
	size_t n = signature.n;
	unsigned char *der = NULL;
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *settings;
	int rc = -1; /* what fails before the signature is looked at fails for lack of memory */

	if (algorithm == DNC_ES256) {
		if (n != (size_t)(2 * P256_BYTES))
			return 0;
		n = write_der(signature, &der);
		if (!n)
			return -1;
		p = der;
	}
	ERR_clear_error();
	ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestVerifyInit(ctx, &settings, EVP_sha256(), NULL, key) > 0 &&
		(algorithm != DNC_PS256 || set_pss(settings))) {
		rc = EVP_DigestVerify(ctx, p, n, (const unsigned char *)text.p, text.n) == 1;
		if (!rc && lacked_memory())
			rc = -1;
	}
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	return rc;
}
