/* Keys: which are used, which are not and why, and what they sign. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "auth/auth.h"
#include "auth/priv/keys.h"

static char dir[] = "/tmp/dnc-keys-XXXXXX";
static char path[64], said_path[64];

/* A good number of each kind, in base64url. */
static char modulus[512], ec_x[64], ec_y[64], ed_x[64], ed_d[64], secret[64];
static EVP_PKEY *rsa, *ec;

static void put(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static char *base64url(char *out, size_t size, const void *p, size_t n)
{
	return sodium_bin2base64(out, size, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static char *encode(const BIGNUM *number)
{
	static char text[4096];
	unsigned char bytes[2600];

	return base64url(text, sizeof text, bytes, (size_t)BN_bn2bin(number, bytes));
}

/* What is written to standard error while ADD runs. */
static const char *said;

static int add(struct dnc_keys *keys, struct dnc_error *err)
{
	static char text[8192];
	int old = dup(STDERR_FILENO),
	    fd = open(said_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int rc;
	ssize_t n;

	*err = (struct dnc_error){0};
	dup2(fd, STDERR_FILENO);
	rc = dnc_keys_add_file(keys, path, err);
	dup2(old, STDERR_FILENO);
	n = pread(fd, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	close(old);
	said = text;
	return rc;
}

/* The error of a file with this key; empty if it is used. A set that holds the key and a good one is used, and says the same. */
static const char *error_of(const char *jwk)
{
	static struct dnc_error err;
	struct dnc_keys *keys = dnc_keys_new(), *set = dnc_keys_new();
	struct dnc_error set_err;
	char text[12000];
	int rc;

	put(jwk);
	rc = add(keys, &err);
	assert_int_equal(keys->count, rc == 0);
	assert_true(rc == 0 || err.code == EINVAL);
	snprintf(text, sizeof text,
		"{\"keys\":[%s,{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"good\",\"x\":\"%s\"}]}",
		jwk, ed_x);
	put(text);
	if (add(set, &set_err) < 0)
		fail_msg("%s: %s", jwk, set_err.message);
	assert_int_equal(set->count, rc == 0 ? 2 : 1);
	if (rc < 0) {
		const char *reason = strstr(err.message, "can't be used: ");

		assert_non_null(strstr(said, "key 1"));
		assert_non_null(strstr(said, " is not used: "));
		assert_non_null(reason);
		reason += strlen("can't be used: ");
		if (!strstr(said, reason))
			fail_msg("%s: \"%s\" does not say \"%s\"", jwk, said, reason);
	} else {
		assert_string_equal(said, "");
	}
	dnc_keys_free(keys);
	dnc_keys_free(set);
	return rc == 0 ? "" : err.message;
}

static void expect(const char *jwk, const char *part)
{
	const char *got = error_of(jwk);

	if (part ? !strstr(got, part) : *got != '\0')
		fail_msg("%s: \"%s\", not \"%s\"", jwk, got, part ? part : "");
}

static void expect_rsa(const char *n, const char *e, const char *part)
{
	char jwk[6000];

	snprintf(jwk, sizeof jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n, e);
	expect(jwk, part);
}

static void exponents_with_which_others_could_sign_are_refused(void **state)
{
	static const struct {
		const char *e, *part; /* NULL: it is used */
	} cases[] = {
		{"AQAB", NULL},
		{"Aw", NULL},       /* 3 */
		{"AAAAAQAB", NULL}, /* zeros before it */
		{"_____________w", "has 80 bits, not 2 to 64"},
		{"__________8", NULL}, /* 64 bits */
		{"", "exponent is 0: anybody could sign"},
		{"AA", "exponent is 0: anybody could sign"},
		{"AAAA", "exponent is 0: anybody could sign"},
		{"AQ", "exponent is 1: anybody could sign"},
		{"AAAB", "exponent is 1: anybody could sign"},
		{"Ag", "exponent is even"},
		{"AQAA", "exponent is even"},
		{"AQABAAAAAAAAAAE", "has 81 bits"},
		{"AQAB=", "its e is not base64url without padding"},
		{"AQA=", "its e is not base64url without padding"},
		{"AR", "its e is not base64url"}, /* bits left over */
		{"A+8", "its e is not base64url"},
		{"AQ AB", "its e is not base64url"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_rsa(modulus, cases[i].e, cases[i].part);
}

/* 2^BITS - 1 - MINUS. */
static char *power(int bits, unsigned long minus)
{
	BIGNUM *n = BN_new();
	char *text;

	BN_set_bit(n, bits);
	BN_sub_word(n, 1 + minus);
	text = encode(n);
	BN_free(n);
	return text;
}

static void moduli_that_can_be_factored_are_refused(void **state)
{
	BIGNUM *prime = BN_get_rfc3526_prime_2048(NULL), *n = BN_dup(prime);
	char padded[700], longest[4201];

	(void)state;
	expect_rsa("", "AQAB", "modulus has 0 bits, not 2048 to 16384");
	expect_rsa("AQAB", "AQAB", "modulus has 17 bits, not 2048 to 16384");
	expect_rsa(power(2047, 0), "AQAB", "modulus has 2047 bits, not 2048 to 16384");
	expect_rsa(power(16385, 0), "AQAB", "modulus has 16385 bits, not 2048 to 16384");
	memset(longest, '_', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	expect_rsa(longest, "AQAB", "bits, not 2048 to 16384");
	expect_rsa(power(2048, 1), "AQAB", "modulus is even");
	expect_rsa(
		power(2048, 0), "AQAB", "not the product of two large primes"); /* 3 divides it */
	expect_rsa(encode(prime), "AQAB", "not the product of two large primes");
	/* Zeros before it make it no longer. */
	BN_rshift1(n, prime);
	snprintf(padded, sizeof padded, "AAAA%s", encode(n));
	expect_rsa(padded, "AQAB", "modulus has 2047 bits");
	snprintf(padded, sizeof padded, "AAAA%s", modulus);
	expect_rsa(padded, "AQAB", NULL);
	snprintf(padded, sizeof padded, "%s==", modulus);
	expect_rsa(padded, "AQAB", "its n is not base64url without padding");
	BN_free(prime);
	BN_free(n);
}

/* Moves P to the next prime. */
static void next_prime(BIGNUM *p)
{
	do
		BN_add_word(p, 2);
	while (BN_check_prime(p, NULL, NULL) == 0);
}

static void moduli_of_equal_or_close_primes_are_refused(void **state)
{
	/* Primes that differ in the lowest bits only; at last in so many that no quick look finds them. */
	static const struct {
		int bits, differ; /* of each prime */
		const char *part;
	} cases[] = {
		{1024, 0, "not the product of two large primes"},
		{1024, 8, "not the product of two large primes"},
		{1024, 512, "not the product of two large primes"},
		{1536, 700, "not the product of two large primes"},
		{1024, 600, NULL},
		{1024, 1000, NULL},
	};
	BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new();
	BN_CTX *ctx = BN_CTX_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(
			BN_generate_prime_ex(p, cases[i].bits, false, NULL, NULL, NULL), 1);
		BN_copy(q, p);
		if (cases[i].differ) {
			BN_zero(n);
			BN_set_bit(n, cases[i].differ);
			BN_sub(q, p, n);
			next_prime(q);
		}
		BN_mul(n, p, q, ctx);
		expect_rsa(encode(n), "AQAB", cases[i].part);
	}
	BN_CTX_free(ctx);
	BN_free(p);
	BN_free(q);
	BN_free(n);
}

static void expect_ec(const char *x, const char *y, const char *part)
{
	char jwk[512];

	snprintf(jwk, sizeof jwk, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", x,
		y);
	expect(jwk, part);
}

/* Base64url of hexadecimal. */
static const char *of_hex(const char *hex)
{
	static char texts[2][128];
	static int next;
	unsigned char bytes[64];
	size_t n;

	sodium_hex2bin(bytes, sizeof bytes, hex, strlen(hex), NULL, &n, NULL);
	next = !next;
	return base64url(texts[next], sizeof texts[next], bytes, n);
}

static void points_off_the_curve_are_refused(void **state)
{
	/* The points of P-256 with x = 0. */
	static const char
		zero[] = "0000000000000000000000000000000000000000000000000000000000000000",
		prime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
		root[] = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
		off[] = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f5";

	(void)state;
	expect_ec(ec_x, ec_y, NULL);
	expect_ec(of_hex(zero), of_hex(root), NULL);
	expect_ec(of_hex(zero), of_hex(off), "not a point of the curve P-256");
	expect_ec(of_hex(prime), of_hex(root),
		"not a point of the curve P-256"); /* 0, not canonical */
	expect_ec(of_hex(zero), of_hex(zero), "not a point of the curve P-256");
	expect_ec(ec_y, ec_x, "not a point of the curve P-256");
	expect_ec(ec_x, "", "its y has 0 bytes, not 32");
	expect_ec(of_hex(zero + 2), of_hex(root), "its x has 31 bytes, not 32");
	expect_ec("AQAB", "AQAB", "its x has 3 bytes, not 32");
}

static void expect_ed(const char *x, const char *part)
{
	char jwk[256];

	snprintf(jwk, sizeof jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", x);
	expect(jwk, part);
}

/* The points whose order divides 8, and the encodings of them that are not canonical, each also with the bit of its sign. */
static void ed25519_keys_of_small_order_are_refused(void **state)
{
	static const char *const weak[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	unsigned char bytes[32], torsion[32], mixed[32];
	char text[128];

	(void)state;
	expect_ed(ed_x, NULL);
	for (size_t i = 0; i < 2 * sizeof weak / sizeof weak[0]; i++) {
		sodium_hex2bin(bytes, sizeof bytes, weak[i / 2], 64, NULL, NULL, NULL);
		bytes[31] = (unsigned char)(bytes[31] | (i % 2 ? 0x80 : 0));
		expect_ed(base64url(text, sizeof text, bytes, 32),
			"its x has a small order: anybody could sign");
	}
	/* A good key, and a point of small order. */
	sodium_base642bin(bytes, sizeof bytes, ed_x, strlen(ed_x), NULL, NULL, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_hex2bin(torsion, sizeof torsion, weak[2], 64, NULL, NULL, NULL);
	assert_int_equal(crypto_core_ed25519_add(mixed, bytes, torsion), 0);
	expect_ed(base64url(text, sizeof text, mixed, 32), "can't be an Ed25519 public key");
	/* 2 is no coordinate of a point, and 2^255 - 16 is 3, which is. */
	expect_ed(of_hex("0200000000000000000000000000000000000000000000000000000000000000"),
		"can't be an Ed25519 public key");
	expect_ed(of_hex("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
		"can't be an Ed25519 public key");
	expect_ed("AAAA", "its x has 3 bytes, not 32");
	expect_ed("", "its x has 0 bytes, not 32");
	snprintf(text, sizeof text, "%s=", ed_x);
	expect_ed(text, "its x is not base64url without padding");
}

static void secrets_that_can_be_guessed_are_refused(void **state)
{
	static const struct {
		size_t n;
		int fill; /* -1: random */
		const char *part;
	} cases[] = {
		{32, -1, NULL},
		{512, -1, NULL},
		{31, -1, "its secret has 31 bytes, not 32 to 512"},
		{0, -1, "its secret has 0 bytes, not 32 to 512"},
		{513, -1, "its secret has 513 bytes, not 32 to 512"},
		{3000, -1, "its k is too long"},
		{32, 0, "all bytes of its secret are the same"},
		{64, 0, "all bytes of its secret are the same"},
		{32, 0xff, "all bytes of its secret are the same"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned char bytes[3000];
		char text[4096], jwk[4300];

		if (cases[i].fill < 0)
			randombytes_buf(bytes, cases[i].n);
		else
			memset(bytes, cases[i].fill, cases[i].n);
		base64url(text, sizeof text, bytes, cases[i].n);
		snprintf(jwk, sizeof jwk, "{\"kty\":\"oct\",\"k\":\"%s\"}", text);
		expect(jwk, cases[i].part);
	}
}

/* In the cases ' is a quote, and these stand for the numbers of good keys. */
static const struct {
	char mark;
	const char *number;
} marks[] = {{'\'', "\""}, {'@', ed_x}, {'~', ed_d}, {'#', modulus}, {'<', ec_x}, {'>', ec_y},
	{'!', secret}};

static void expand(char *out, const char *text)
{
	for (; *text; text++) {
		size_t i = 0;

		while (i < sizeof marks / sizeof marks[0] && marks[i].mark != *text)
			i++;
		if (i < sizeof marks / sizeof marks[0])
			out += sprintf(out, "%s", marks[i].number);
		else
			*out++ = *text;
	}
	*out = '\0';
}

static void members_must_fit_together_and_allow_to_verify(void **state)
{
	static const struct {
		const char *members, *part;
	} cases[] = {
		{"{'kty':'OKP','crv':'Ed25519','x':'@','use':'sig','key_ops':['verify'],'alg':'EdDSA'}",
			NULL},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','alg':'Ed25519'}", NULL}, /* RFC 9864 */
		{"{'kty':'OKP','crv':'Ed25519','x':'@','alg':'ed25519'}",
			"its alg ed25519 is not supported"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','use':'enc'}", "its use is enc, not sig"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','use':''}", "its use is , not sig"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','use':7}", "its use is not a string"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','use':['sig']}", "its use is not a string"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','key_ops':[]}",
			"its key_ops do not list verify"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','key_ops':['sign']}",
			"its key_ops do not list verify"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~','key_ops':['sign']}", NULL},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~','key_ops':['deriveKey']}",
			"its key_ops do not list verify"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','key_ops':'verify'}",
			"its key_ops is not an array"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','key_ops':['verify',1]}",
			"its key_ops has what is not a string"},
		{"{'kty':'oct','k':'!','key_ops':['sign']}", "its key_ops do not list verify"},
		{"{'kty':'oct','k':'!','key_ops':['sign','verify']}", NULL},
		{"{'kty':'oct','k':'!','key_ops':['encrypt']}", "its key_ops do not list verify"},
		{"{'kty':'oct','k':'!','alg':'HS256'}", NULL},
		{"{'kty':'oct','k':'!','alg':'HS512'}", "its alg HS512 is not supported"},
		{"{'kty':'oct','k':'!','alg':'none'}", "its alg none is not supported"},
		{"{'kty':'oct','k':'!','alg':null}", "its alg is not a string"},
		{"{'kty':'oct','k':'!','alg':'RS256'}", "its alg RS256 does not fit its kty oct"},
		{"{'kty':'RSA','n':'#','e':'AQAB','alg':'HS256'}",
			"its alg HS256 does not fit its kty RSA"},
		{"{'kty':'RSA','n':'#','e':'AQAB','alg':'PS256'}", NULL},
		{"{'kty':'RSA','n':'#','e':'AQAB','alg':'RSA-OAEP'}",
			"its alg RSA-OAEP is not supported"},
		{"{'kty':'EC','crv':'P-256','x':'<','y':'>','alg':'ES256'}", NULL},
		{"{'kty':'EC','crv':'P-256','x':'<','y':'>','alg':'EdDSA'}",
			"its alg EdDSA does not fit its kty EC"},
		{"{'kty':'EC','crv':'Ed25519','x':'<','y':'>'}",
			"its crv Ed25519 is not supported"},
		{"{'kty':'EC','crv':'P-384','x':'<','y':'>'}", "its crv P-384 is not supported"},
		{"{'kty':'EC','crv':7,'x':'<','y':'>'}", "its crv is not a string"},
		{"{'kty':'EC','x':'<','y':'>'}", "it has no crv"},
		{"{'kty':'OKP','crv':'X25519','x':'@'}", "its crv X25519 is not supported"},
		{"{'kty':'OKP','crv':'Ed25519','x':7}", "its x is not a string"},
		{"{'kty':'OKP','crv':'Ed25519'}", "it has no x"},
		{"{'kty':'RSA','e':'AQAB'}", "it has no n"},
		{"{'kty':'AKP','alg':'ML-DSA-44'}", "its kty AKP is not supported"},
		{"{'kty':'a\\u0007\\u202e'}", "its kty a???? is not supported"},
		{"{'kty':7}", "its kty is not a string"},
		{"{'alg':'EdDSA','x':'@'}", "it has no kty"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','kid':7}", "its kid is not a string"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','kid':'a\\u0000b'}",
			"its kid has a control character"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}",
			"its d and x do not match"},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'AAAA'}", "its d has 3 bytes, not 32"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char jwk[2048];

		expand(jwk, cases[i].members);
		expect(jwk, cases[i].part);
	}
}

static const char same_kid[] =
	"{'keys':[{'kty':'oct','kid':'a','k':'!'},{'kty':'OKP','crv':'Ed25519','kid':'a','x':'@'},"
	"{'kty':'RSA','kid':'a','n':'#','e':'AQAB'},{'kty':'RSA','kid':'a','alg':'PS256','n':'#','e':'AQAB'},"
	"{'kty':'EC','crv':'P-256','kid':'a','x':'<','y':'>'}]}";

static void one_kid_is_a_key_for_each_algorithm(void **state)
{
	struct dnc_keys *keys = dnc_keys_new();
	char text[8192];
	struct dnc_error err;

	(void)state;
	expand(text, same_kid);
	put(text);
	if (add(keys, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(said, "");
	assert_int_equal(keys->count, DNC_ALGORITHMS);
	for (unsigned a = 0; a < DNC_ALGORITHMS; a++)
		assert_int_equal(
			keys_find(keys, DNC_STR("a"), (enum dnc_algorithm)a)->algorithm, a);
	assert_null(keys_find(keys, DNC_STR("b"), DNC_EDDSA));
	for (size_t i = 0; i < keys->count; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(&keys->key[i]->print, &keys->key[k]->print,
				sizeof keys->key[i]->print);
	/* Once more they are other keys' kid and algorithm, and none remains. */
	assert_int_equal(add(keys, &err), -1);
	assert_non_null(strstr(err.message,
		"no key of the set can be used; the last one: its kid and algorithm are those of another key"));
	assert_int_equal(keys->count, DNC_ALGORITHMS);
	dnc_keys_free(keys);
}

static void sets_without_a_key_and_files_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"{'keys':[]}", "no key of the set can be used; the last one: it is empty"},
		{"{'keys':[7]}",
			"no key of the set can be used; the last one: it is not a JSON object"},
		{"{'keys':7}", "keys must be an array"},
		{"{'keys':[{'kty':'AKP'},{'kty':'RSA','use':'enc'}]}",
			"the last one: its use is enc, not sig"},
		{"[]", "it is not a JSON object"},
		{"{}", "it has no kty"},
		{"", "bad: "},
		/* Readers disagree on which one counts. */
		{"{'kty':'OKP','crv':'Ed25519','x':'@','x':'@'}", "duplicate key in an object"},
		{"{'keys':[{'kty':'OKP','crv':'Ed25519','x':'@'}],'keys':[]}",
			"duplicate key in an object"},
	};
	struct dnc_keys *keys = dnc_keys_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;
		char text[1024];

		expand(text, cases[i].text);
		put(text);
		assert_int_equal(add(keys, &err), -1);
		assert_int_equal(err.code, EINVAL);
		if (!strstr(err.message, cases[i].part))
			fail_msg("%s: %s", text, err.message);
	}
	assert_int_equal(keys->count, 0);
	dnc_keys_free(keys);
}

static void secrets_that_others_can_read_are_refused(void **state)
{
	static const char *const secrets[] = {"{'kty':'oct','k':'!'}",
		"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~'}",
		"{'kty':'RSA','n':'#','e':'AQAB','p':'AQAB'}", "{'keys':[{'kty':'AKP','d':'x'}]}"};
	struct dnc_keys *keys = dnc_keys_new();

	(void)state;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		struct dnc_error err;
		char text[1024];

		expand(text, secrets[i]);
		put(text);
		chmod(path, 0604);
		assert_int_equal(add(keys, &err), -1);
		assert_int_equal(err.code, EACCES);
		/* As the service manager passes credentials: others are in the group's bits, which are the mask of an ACL. */
		chmod(path, 0440);
		if (add(keys, &err) < 0)
			assert_int_not_equal(err.code, EACCES);
	}
	dnc_keys_free(keys);
}

/* The token, or the signature alone, signed with libcrypto. */
static void sign(struct dnc_buf *out, EVP_PKEY *key, const char *head, const char *claims, int salt)
{
	char text[1024], space[1024];
	unsigned char signature[512];
	const unsigned char *p = signature;
	size_t n = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings;

	dnc_buf_clear(out);
	dnc_buf_str(out, dnc_str(base64url(space, sizeof space, head, strlen(head))));
	dnc_buf_chr(out, '.');
	dnc_buf_str(out, dnc_str(base64url(space, sizeof space, claims, strlen(claims))));
	assert_int_equal(EVP_DigestSignInit(ctx, &settings, EVP_sha256(), NULL, key), 1);
	if (salt >= 0) {
		EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt);
	}
	assert_int_equal(EVP_DigestSign(ctx, signature, &n, (unsigned char *)out->p, out->n), 1);
	EVP_MD_CTX_free(ctx);
	if (key == ec) {
		ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)n);

		BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32);
		ECDSA_SIG_free(pair);
		n = 64;
	}
	dnc_buf_chr(out, '.');
	dnc_buf_str(out, dnc_str(base64url(text, sizeof text, signature, n)));
}

static int check(const struct dnc_keys *keys, struct dnc_str token)
{
	const struct dnc_token_rules rules = {.keys = keys, .now_ms = INT64_C(1800000000000)};
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_identity who;
	struct dnc_error err;
	int rc =
		dnc_token_check(parser, &rules, token, &who, &err) == 0 ? DNC_TOKEN_GOOD : err.code;

	dnc_json_parser_free(parser);
	if (rc == DNC_TOKEN_GOOD)
		assert_true(dnc_keys_has(keys, &who.key));
	return rc;
}

static void signatures_of_libcrypto_are_taken_by_their_algorithm_alone(void **state)
{
	static const struct {
		const char *head;
		int kind; /* 1: EC */
		int salt, fault;
	} cases[] = {
		{"{\"alg\":\"RS256\",\"kid\":\"a\"}", 0, -1, DNC_TOKEN_GOOD},
		{"{\"alg\":\"PS256\",\"kid\":\"a\"}", 0, 32, DNC_TOKEN_GOOD},
		{"{\"alg\":\"ES256\",\"kid\":\"a\"}", 1, -1, DNC_TOKEN_GOOD},
		{"{\"alg\":\"RS256\"}", 0, -1, DNC_TOKEN_GOOD},
		{"{\"alg\":\"PS256\",\"kid\":\"a\"}", 0, -1, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"RS256\",\"kid\":\"a\"}", 0, 32, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"PS256\",\"kid\":\"a\"}", 0, 20, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"ES256\",\"kid\":\"a\"}", 0, -1, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"RS256\",\"kid\":\"a\"}", 1, -1, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"HS256\",\"kid\":\"a\"}", 0, -1, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"Ed25519\",\"kid\":\"a\"}", 1, -1, DNC_TOKEN_SIGNATURE},
		{"{\"alg\":\"RS256\",\"kid\":\"b\"}", 0, -1, DNC_TOKEN_UNKNOWN_KEY},
		{"{\"alg\":\"RS384\",\"kid\":\"a\"}", 0, -1, DNC_TOKEN_ALGORITHM},
	};
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_buf token = {0};
	char text[8192];
	struct dnc_error err;

	(void)state;
	expand(text, same_kid);
	put(text);
	assert_int_equal(add(keys, &err), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fault;

		sign(&token, cases[i].kind ? ec : rsa, cases[i].head,
			"{\"sub\":\"a\",\"exp\":1800000100}", cases[i].salt);
		fault = check(keys, dnc_buf_view(&token));
		if (fault != cases[i].fault)
			fail_msg("%zu %s: %s", i, cases[i].head, dnc_token_fault_name(fault));
		/* Another bit of the signature. */
		token.p[token.n - 6] = token.p[token.n - 6] == 'A' ? 'B' : 'A';
		assert_int_not_equal(check(keys, dnc_buf_view(&token)), DNC_TOKEN_GOOD);
	}
	dnc_buf_free(&token);
	dnc_keys_free(keys);
}

static void both_names_of_eddsa_are_taken_in_keys_and_tokens(void **state)
{
	static const char *const names[] = {NULL, "EdDSA", "Ed25519"};
	struct dnc_buf token = {0}, signature = {0};
	char text[1024], head[64], space[256];

	(void)state;
	for (int k = 0; k < 3; k++)
		for (int t = 1; t < 3; t++) {
			struct dnc_keys *keys = dnc_keys_new();
			struct dnc_error err;
			static const char claims[] = "{\"sub\":\"a\",\"exp\":1800000100}";

			snprintf(text, sizeof text,
				"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"d\":\"%s\"%s%s%s}",
				ed_x, ed_d, k ? ",\"alg\":\"" : "", k ? names[k] : "",
				k ? "\"" : "");
			put(text);
			if (add(keys, &err) < 0)
				fail_msg("%s", err.message);
			snprintf(head, sizeof head, "{\"alg\":\"%s\"}", names[t]);
			dnc_buf_clear(&token);
			dnc_buf_clear(&signature);
			dnc_buf_str(&token,
				dnc_str(base64url(space, sizeof space, head, strlen(head))));
			dnc_buf_chr(&token, '.');
			dnc_buf_str(&token,
				dnc_str(base64url(space, sizeof space, claims, strlen(claims))));
			key_sign(dnc_keys_signer(keys), dnc_buf_view(&token), &signature);
			dnc_buf_chr(&token, '.');
			dnc_buf_str(&token,
				dnc_str(base64url(space, sizeof space, signature.p, signature.n)));
			assert_int_equal(check(keys, dnc_buf_view(&token)), DNC_TOKEN_GOOD);
			dnc_keys_free(keys);
		}
	dnc_buf_free(&token);
	dnc_buf_free(&signature);
}

static void a_signers_key_ops_must_allow_to_sign(void **state)
{
	static const struct {
		const char *text;
		bool signs;
	} cases[] = {
		{"{'kty':'oct','k':'!','key_ops':['sign']}", true},
		{"{'kty':'oct','k':'!','key_ops':['verify']}", false},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~','key_ops':['sign']}", true},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~','key_ops':['verify']}", false},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~'}", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_keys *keys = dnc_keys_new();
		struct dnc_error err;
		char text[512];

		expand(text, cases[i].text);
		put(text);
		assert_int_equal(dnc_keys_add_signer(keys, path, &err), cases[i].signs ? 0 : -1);
		assert_true(cases[i].signs == (dnc_keys_signer(keys) != NULL));
		assert_true(cases[i].signs || strstr(err.message, "its key_ops do not list sign"));
		dnc_keys_free(keys);
	}
}

static void a_key_that_is_removed_or_replaced_takes_its_clients_along(void **state)
{
	static const struct {
		const char *text;
		int fault;
	} cases[] = {
		{"{'keys':[{'kty':'oct','kid':'other','k':'!'},{'kty':'OKP','crv':'Ed25519','kid':'b','x':'@'}]}",
			DNC_TOKEN_GOOD},
		{"{'kty':'OKP','crv':'Ed25519','x':'@','d':'~'}", DNC_TOKEN_GOOD},
		{"{'kty':'oct','kid':'a','k':'!'}", DNC_TOKEN_UNKNOWN_KEY},
		/* Another key in the place of the old one. */
		{"{'kty':'OKP','crv':'Ed25519','kid':'a','x':'11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'}",
			DNC_TOKEN_UNKNOWN_KEY},
	};
	const char *files[] = {path};
	char text[1024];
	struct dnc_error err;
	struct dnc_identity who = {.subject = "a"};
	struct dnc_auth *auth;
	const struct dnc_auth_snapshot *s;

	(void)state;
	expand(text, "{'kty':'OKP','crv':'Ed25519','kid':'a','x':'@'}");
	put(text);
	auth = dnc_auth_new(
		&(struct dnc_auth_options){
			.key_files = files, .key_file_count = 1, .default_role = "admin"},
		&err);
	assert_non_null(auth);
	s = dnc_auth_acquire(auth);
	who.key = s->keys->key[0]->print;
	assert_int_equal(dnc_auth_recheck(s, &who), DNC_TOKEN_GOOD);
	dnc_auth_snapshot_unref(s);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		expand(text, cases[i].text);
		put(text);
		if (dnc_auth_reload(auth, &err) < 0)
			fail_msg("%s", err.message);
		s = dnc_auth_acquire(auth);
		assert_int_equal(dnc_auth_recheck(s, &who), cases[i].fault);
		dnc_auth_snapshot_unref(s);
	}
	dnc_auth_free(auth);
}

static int make_numbers(void)
{
	unsigned char seed[crypto_sign_SEEDBYTES], bytes[64], full[crypto_sign_SECRETKEYBYTES];
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	BIGNUM *n = NULL, *x = NULL, *y = NULL;

	rsa = EVP_RSA_gen(2048);
	ec = EVP_EC_gen("P-256");
	if (!rsa || !ec || !EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n) ||
		!EVP_PKEY_get_bn_param(ec, OSSL_PKEY_PARAM_EC_PUB_X, &x) ||
		!EVP_PKEY_get_bn_param(ec, OSSL_PKEY_PARAM_EC_PUB_Y, &y))
		return -1;
	snprintf(modulus, sizeof modulus, "%s", encode(n));
	BN_bn2binpad(x, bytes, 32);
	base64url(ec_x, sizeof ec_x, bytes, 32);
	BN_bn2binpad(y, bytes, 32);
	base64url(ec_y, sizeof ec_y, bytes, 32);
	randombytes_buf(seed, sizeof seed);
	crypto_sign_seed_keypair(public, full, seed);
	base64url(ed_x, sizeof ed_x, public, sizeof public);
	base64url(ed_d, sizeof ed_d, seed, sizeof seed);
	randombytes_buf(bytes, 32);
	base64url(secret, sizeof secret, bytes, 32);
	BN_free(n);
	BN_free(x);
	BN_free(y);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exponents_with_which_others_could_sign_are_refused),
		cmocka_unit_test(moduli_that_can_be_factored_are_refused),
		cmocka_unit_test(moduli_of_equal_or_close_primes_are_refused),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(ed25519_keys_of_small_order_are_refused),
		cmocka_unit_test(secrets_that_can_be_guessed_are_refused),
		cmocka_unit_test(members_must_fit_together_and_allow_to_verify),
		cmocka_unit_test(one_kid_is_a_key_for_each_algorithm),
		cmocka_unit_test(sets_without_a_key_and_files_that_are_none_are_refused),
		cmocka_unit_test(secrets_that_others_can_read_are_refused),
		cmocka_unit_test(signatures_of_libcrypto_are_taken_by_their_algorithm_alone),
		cmocka_unit_test(both_names_of_eddsa_are_taken_in_keys_and_tokens),
		cmocka_unit_test(a_signers_key_ops_must_allow_to_sign),
		cmocka_unit_test(a_key_that_is_removed_or_replaced_takes_its_clients_along),
	};
	int rc = 1;

	if (sodium_init() < 0 || !mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/bad", dir);
	snprintf(said_path, sizeof said_path, "%s/said", dir);
	if (make_numbers() == 0)
		rc = cmocka_run_group_tests_name("keys", tests, NULL, NULL);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	unlink(path);
	unlink(said_path);
	rmdir(dir);
	return rc;
}
