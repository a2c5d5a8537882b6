/* Keys, tokens and tickets. Tokens of other implementations are in tests/e2e/auth.bats. */
#include "unit.h"
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "auth/auth.h"
#include "auth/priv/keys.h"
#include "auth/revoked.h"
#include "base/clock.h"

static char dir[] = "/tmp/dnc-auth-XXXXXX";
static char key_path[64], other_path[64], secret_path[64];
static struct dnc_json_parser *parser;

enum { NOW_S = 1800000000 };

static char *base64url(const void *p, size_t n)
{
	size_t size = sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);

	return sodium_bin2base64(
		malloc(size), size, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static struct dnc_keys *load(const char *path)
{
	struct dnc_keys *keys = dnc_keys_new();
	struct dnc_error err;

	if (dnc_keys_add_file(keys, path, &err) < 0)
		fail_msg("%s", err.message);
	return keys;
}

/* A token with this header and these claims, signed by KEY whatever the header says. */
static void make(
	char *out, size_t size, const struct dnc_key *key, const char *head, const char *claims)
{
	char *h = base64url(head, strlen(head)), *c = base64url(claims, strlen(claims)), *s;
	struct dnc_buf signature = {0};
	int n = snprintf(out, size, "%s.%s", h, c);

	key_sign(key, (struct dnc_str){out, (size_t)n}, &signature);
	s = base64url(signature.p, signature.n);
	snprintf(out + n, size - (size_t)n, ".%s", s);
	free(h);
	free(c);
	free(s);
	dnc_buf_free(&signature);
}

static int check(const struct dnc_keys *keys, const char *token, struct dnc_identity *who)
{
	const struct dnc_token_rules rules = {
		.keys = keys, .audience = "hub", .now_ms = INT64_C(1000) * NOW_S};
	struct dnc_error err;

	return dnc_token_check(parser, &rules, dnc_str(token), who, &err) == 0 ? DNC_TOKEN_GOOD
	                                                                       : err.code;
}

#define GOOD "\"sub\":\"desk\",\"role\":\"operator\",\"aud\":\"hub\",\"exp\":1800000100"

static void only_what_is_right_is_taken(void **state)
{
	static const struct {
		const char *alg, *claims; /* alg %s is the header's rest */
		int fault;
	} cases[] = {
		{"EdDSA", "{" GOOD "}", DNC_TOKEN_GOOD},
		{"EdDSA", "{" GOOD ",\"nbf\":1800000030,\"iat\":1800000000,\"jti\":\"j\"}",
			DNC_TOKEN_GOOD},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":[\"x\",\"hub\"],\"exp\":1800000000.5}",
			DNC_TOKEN_GOOD},
		{"none", "{" GOOD "}", DNC_TOKEN_ALGORITHM},
		{"NONE", "{" GOOD "}", DNC_TOKEN_ALGORITHM},
		{"HS256", "{" GOOD "}", DNC_TOKEN_UNKNOWN_KEY},
		{"RS256", "{" GOOD "}", DNC_TOKEN_UNKNOWN_KEY},
		{"eddsa", "{" GOOD "}", DNC_TOKEN_ALGORITHM},
		{"EdDSA\",\"crit\":[\"x\"],\"x\":\"", "{" GOOD "}", DNC_TOKEN_MALFORMED},
		{"EdDSA\",\"alg\":\"EdDSA", "{" GOOD "}", DNC_TOKEN_MALFORMED}, /* a key twice */
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\"}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"aud\":\"hub\",\"exp\":1800000100}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"\",\"aud\":\"hub\",\"exp\":1800000100}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\\nb\",\"aud\":\"hub\",\"exp\":1800000100}",
			DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":7,\"aud\":\"hub\",\"exp\":1800000100}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":\"1800000100\"}",
			DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":-1}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":1e300}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":1e400}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":1e11}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":99999999999.99}", DNC_TOKEN_GOOD},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":9223372036854775807}",
			DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":9223372036854775808}",
			DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":18446744073709551616}",
			DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":-0.5}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":-0.0}", DNC_TOKEN_EXPIRED},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":0}", DNC_TOKEN_EXPIRED},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":1800000000}", DNC_TOKEN_EXPIRED},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":1800000000.001}", DNC_TOKEN_GOOD},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":null}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":NaN}", DNC_TOKEN_MALFORMED},
		{"EdDSA", "{" GOOD ",\"nbf\":1800000060}", DNC_TOKEN_GOOD},
		{"EdDSA", "{" GOOD ",\"nbf\":1800000060.001}", DNC_TOKEN_NOT_YET},
		{"EdDSA", "{" GOOD ",\"nbf\":99999999999}", DNC_TOKEN_NOT_YET},
		{"EdDSA", "{" GOOD ",\"nbf\":1e400}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{" GOOD ",\"nbf\":-1}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{" GOOD ",\"nbf\":\"0\"}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{" GOOD ",\"iat\":1e300}", DNC_TOKEN_CLAIMS},
		{"Ed25519", "{" GOOD "}", DNC_TOKEN_GOOD},
		{"ed25519", "{" GOOD "}", DNC_TOKEN_ALGORITHM},
		{"ES256", "{" GOOD "}", DNC_TOKEN_UNKNOWN_KEY},
		{"EdDSA", "{" GOOD ",\"permissions\":\"dnc:pii\"}", DNC_TOKEN_CLAIMS},
		{"EdDSA", "{" GOOD ",\"role\":[1]}", DNC_TOKEN_MALFORMED}, /* role twice */
		{"EdDSA", "{\"sub\":\"a\",\"role\":[1],\"aud\":\"hub\",\"exp\":1800000100}",
			DNC_TOKEN_CLAIMS},
		{"EdDSA", "{\"sub\":\"a\",\"sub\":\"b\",\"aud\":\"hub\",\"exp\":1800000100}",
			DNC_TOKEN_MALFORMED},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"hub\",\"exp\":1799999900}", DNC_TOKEN_EXPIRED},
		{"EdDSA", "{" GOOD ",\"nbf\":1800000090}", DNC_TOKEN_NOT_YET},
		{"EdDSA", "{\"sub\":\"a\",\"exp\":1800000100}", DNC_TOKEN_AUDIENCE},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":\"other\",\"exp\":1800000100}",
			DNC_TOKEN_AUDIENCE},
		{"EdDSA", "{\"sub\":\"a\",\"aud\":{\"hub\":1},\"exp\":1800000100}",
			DNC_TOKEN_AUDIENCE},
		{"EdDSA", "[]", DNC_TOKEN_MALFORMED},
		{"EdDSA", "{" GOOD, DNC_TOKEN_MALFORMED},
		{"EdDSA",
			"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]," GOOD
			"}",
			DNC_TOKEN_MALFORMED},
	};
	struct dnc_keys *keys = load(key_path);
	struct dnc_identity who;
	char token[4096], head[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fault;

		snprintf(head, sizeof head, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", cases[i].alg);
		make(token, sizeof token, dnc_keys_signer(keys), head, cases[i].claims);
		fault = check(keys, token, &who);
		if (fault != cases[i].fault)
			fail_msg("%s %s: %s, not %s", cases[i].alg, cases[i].claims,
				dnc_token_fault_name(fault), dnc_token_fault_name(cases[i].fault));
	}
	dnc_keys_free(keys);
}

/* A key that is a public key's bytes, a foreign key, none at all; and bytes that are no token. */
static void nobody_else_can_sign(void **state)
{
	struct dnc_keys *keys = load(key_path), *other = load(other_path),
			*secret = load(secret_path);
	static const char *const garbage[] = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d",
		"e30.e30.", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30.", "\xff.\xff.\xff",
		"e30=.e30=.e30="};
	struct dnc_identity who;
	char token[4096], *dot;

	(void)state;
	make(token, sizeof token, dnc_keys_signer(other), "{\"alg\":\"EdDSA\"}", "{" GOOD "}");
	assert_int_equal(check(keys, token, &who), DNC_TOKEN_SIGNATURE);
	make(token, sizeof token, dnc_keys_signer(other), "{\"alg\":\"EdDSA\",\"kid\":\"x\"}",
		"{" GOOD "}");
	assert_int_equal(check(keys, token, &who), DNC_TOKEN_UNKNOWN_KEY);
	/* HS256 where the hub has a public key: the token names that key, or none. */
	make(token, sizeof token, dnc_keys_signer(secret), "{\"alg\":\"HS256\"}", "{" GOOD "}");
	assert_int_equal(check(keys, token, &who), DNC_TOKEN_UNKNOWN_KEY);
	assert_int_equal(check(secret, token, &who), DNC_TOKEN_GOOD);
	assert_string_equal(who.subject, "desk");
	assert_string_equal(who.role, "operator");
	/* HS256 with the bytes of the hub's public key, which everybody knows, as the secret. */
	{
		struct dnc_str kid = dnc_str(dnc_keys_signer(keys)->kid);
		char path[80], text[1024] = "", *x, *end;
		struct dnc_keys *forged;
		FILE *f;

		snprintf(path, sizeof path, "%s.pub", key_path);
		f = fopen(path, "re");
		assert_true(fread(text, 1, sizeof text - 1, f) > 0);
		fclose(f);
		x = strstr(text, "\"x\":\"") + 5;
		end = strchr(x, '"');
		snprintf(path, sizeof path, "%s/bad", dir);
		f = fopen(path, "we");
		fprintf(f, "{\"kty\":\"oct\",\"k\":\"%.*s\"}", (int)(end - x), x);
		fclose(f);
		chmod(path, 0600);
		forged = load(path);
		snprintf(text, sizeof text, "{\"alg\":\"HS256\",\"kid\":\"%.*s\"}",
			DNC_STR_ARG(kid));
		make(token, sizeof token, dnc_keys_signer(forged), text, "{" GOOD "}");
		assert_int_equal(check(keys, token, &who), DNC_TOKEN_ALGORITHM);
		dnc_keys_free(forged);
	}
	/* A few bits, anywhere. */
	make(token, sizeof token, dnc_keys_signer(keys), "{\"alg\":\"EdDSA\"}", "{" GOOD "}");
	dot = strchr(token, '.');
	dot[5] ^= 1;
	assert_int_not_equal(check(keys, token, &who), DNC_TOKEN_GOOD);
	dot[5] ^= 1;
	dot = &token[strlen(token) - 5];
	*dot = *dot == 'A' ? 'B' : 'A'; /* still base64url */
	assert_int_equal(check(keys, token, &who), DNC_TOKEN_SIGNATURE);
	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
		assert_int_not_equal(check(keys, garbage[i], &who), DNC_TOKEN_GOOD);
	dot = calloc(1, 1 << 20);
	memset(dot, 'a', (1 << 20) - 1);
	assert_int_equal(check(keys, dot, &who), DNC_TOKEN_TOO_LONG);
	free(dot);
	dnc_keys_free(keys);
	dnc_keys_free(other);
	dnc_keys_free(secret);
}

static void a_made_token_is_taken_until_it_is_revoked(void **state)
{
	static const char *const more[] = {"dnc:pii", "clients:read"}, *const hubs[] = {"hub"};
	const struct dnc_claims claims = {.subject = "desk \"7\"",
		.role = "operator",
		.permissions = more,
		.permission_count = 2,
		.audiences = hubs,
		.audience_count = 1,
		.now_s = NOW_S,
		.ttl_s = 60};
	struct dnc_keys *keys = load(key_path);
	struct dnc_buf token = {0}, shown = {0};
	struct dnc_token_rules rules = {
		.keys = keys, .audience = "hub", .now_ms = INT64_C(1000) * NOW_S};
	char path[64];
	struct dnc_identity who;
	struct dnc_error err;
	struct dnc_revoked *revoked;

	(void)state;
	dnc_token_make(&token, dnc_keys_signer(keys), &claims);
	assert_int_equal(dnc_token_check(parser, &rules, dnc_buf_view(&token), &who, &err), 0);
	assert_string_equal(who.subject, "desk \"7\"");
	assert_int_equal(who.permissions, DNC_MAY_SEE_NUMBERS | DNC_MAY_LIST_CLIENTS);
	assert_true(who.expires_ms == INT64_C(1000) * (NOW_S + 60));
	assert_int_equal(dnc_token_open(&shown, dnc_buf_view(&token), &err), 0);
	dnc_buf_chr(&shown, '\0');
	assert_non_null(strstr(shown.p, "\"alg\":\"EdDSA\""));
	snprintf(path, sizeof path, "%s/revoked", dir);
	assert_int_equal(dnc_revoked_add(path, "another", &err), 0);
	assert_int_equal(dnc_revoked_add(path, who.jti, &err), 0);
	assert_int_equal(dnc_revoked_add(path, "two\nlines", &err), -1);
	revoked = dnc_revoked_load(path, &err);
	rules.revoked = revoked;
	assert_int_equal(dnc_token_check(parser, &rules, dnc_buf_view(&token), &who, &err), -1);
	assert_int_equal(err.code, DNC_TOKEN_REVOKED);
	dnc_revoked_free(revoked);
	dnc_buf_free(&token);
	dnc_buf_free(&shown);
	dnc_keys_free(keys);
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static void a_key_file_is_made_once_and_for_its_owner(void **state)
{
	struct dnc_error err;
	struct dnc_buf kid = {0};
	struct dnc_keys *keys = dnc_keys_new();
	struct stat st;
	char path[64];

	(void)state;
	assert_int_equal(dnc_keys_generate(key_path, DNC_EDDSA, &kid, &err), -1); /* it is there */
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	dnc_buf_free(&kid);
	snprintf(path, sizeof path, "%s/none", dir);
	assert_int_equal(dnc_keys_add_file(keys, path, &err), -1);
	assert_int_equal(err.code, ENOENT);
	dnc_keys_free(keys);
}

static void files_at_fault_keep_auth_from_opening(void **state)
{
	const char *files[] = {key_path}, *none[] = {"/nonexistent"};
	const struct {
		struct dnc_auth_options options;
		int code;
	} cases[] = {
		{{.key_files = none, .key_file_count = 1, .default_role = "other"}, ENOENT},
		{{.key_files = files,
			 .key_file_count = 1,
			 .revoked_file = "/nonexistent",
			 .default_role = "other"},
			ENOENT},
		{{.roles_file = "/nonexistent", .default_role = "other"}, ENOENT},
		{{.default_role = "nobody"}, EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err = {0};

		assert_null(dnc_auth_new(&cases[i].options, &err));
		assert_int_equal(err.code, cases[i].code);
	}
	dnc_auth_free(NULL);
}

/* Who comes with a token that is signed with the key in PATH. */
static struct dnc_identity identify(const char *path)
{
	const struct dnc_claims claims = {
		.subject = "desk", .now_s = dnc_clock_now_ms() / 1000, .ttl_s = 600};
	struct dnc_keys *keys = load(path);
	const struct dnc_token_rules rules = {.keys = keys, .now_ms = dnc_clock_now_ms()};
	struct dnc_buf token = {0};
	struct dnc_identity who;
	struct dnc_error err;

	dnc_token_make(&token, dnc_keys_signer(keys), &claims);
	assert_int_equal(dnc_token_check(parser, &rules, dnc_buf_view(&token), &who, &err), 0);
	dnc_buf_free(&token);
	dnc_keys_free(keys);
	return who;
}

/* For the key that the token was signed with. */
static void a_ticket_is_good_once(void **state)
{
	const char *files[] = {key_path};
	struct dnc_error err;
	struct dnc_auth *auth = dnc_auth_new(
		&(struct dnc_auth_options){
			.key_files = files, .key_file_count = 1, .default_role = "admin"},
		&err);
	struct dnc_identity who = identify(key_path), other = identify(other_path), taken;
	char ticket[DNC_TICKET_LEN + 1];

	(void)state;
	assert_int_equal(dnc_ticket_make(auth, &who, "192.0.2.7", ticket), DNC_TICKET_MADE);
	assert_int_equal(strlen(ticket), DNC_TICKET_LEN);
	assert_false(dnc_ticket_redeem(auth, DNC_STR("x"), &taken));
	assert_true(dnc_ticket_redeem(auth, dnc_str(ticket), &taken));
	assert_string_equal(taken.subject, "desk");
	assert_string_equal(taken.jti, who.jti);
	assert_false(dnc_ticket_redeem(auth, dnc_str(ticket), &taken));
	assert_int_equal(dnc_ticket_make(auth, &other, "192.0.2.7", ticket), DNC_TICKET_MADE);
	assert_false(dnc_ticket_redeem(auth, dnc_str(ticket), &taken));
	dnc_auth_free(auth);
}

/* Nobody takes what there is for all: neither a subject nor an address. */
static void so_many_tickets_are_open_at_most(void **state)
{
	enum { OF_SUBJECT = 64, OF_ADDRESS = 1024, ALL = 4096 };
	struct dnc_error err;
	struct dnc_auth *auth =
		dnc_auth_new(&(struct dnc_auth_options){.default_role = "admin"}, &err);
	struct dnc_identity who = {.expires_ms = INT64_MAX}, taken;
	char ticket[DNC_TICKET_LEN + 1], first[DNC_TICKET_LEN + 1], address[24];

	(void)state;
	for (int i = 0; i < ALL; i++) {
		snprintf(who.subject, sizeof who.subject, "desk %d", i / OF_SUBJECT);
		snprintf(address, sizeof address, "192.0.2.%d", i / OF_ADDRESS);
		assert_int_equal(dnc_ticket_make(auth, &who, address, ticket), DNC_TICKET_MADE);
		if (i == 0)
			memcpy(first, ticket, sizeof first);
		if (i % OF_SUBJECT == OF_SUBJECT - 1)
			assert_int_equal(dnc_ticket_make(auth, &who, "198.51.100.1", ticket),
				DNC_TICKET_SUBJECT);
		snprintf(who.subject, sizeof who.subject, "someone else");
		if (i % OF_ADDRESS == OF_ADDRESS - 1)
			assert_int_equal(
				dnc_ticket_make(auth, &who, address, ticket), DNC_TICKET_ADDRESS);
	}
	assert_int_equal(dnc_ticket_make(auth, &who, "198.51.100.1", ticket), DNC_TICKET_TOO_MANY);
	/* One that is used makes room for its subject, its address and all. */
	assert_true(dnc_ticket_redeem(auth, dnc_str(first), &taken));
	assert_string_equal(taken.subject, "desk 0");
	assert_int_equal(dnc_ticket_make(auth, &taken, "192.0.2.0", ticket), DNC_TICKET_MADE);
	assert_int_equal(dnc_ticket_make(auth, &taken, "192.0.2.0", ticket), DNC_TICKET_SUBJECT);
	dnc_auth_free(auth);
}

/* Whoever redeems it may not have heard of the reload. */
static void a_ticket_ends_with_its_token(void **state)
{
	char path[64];
	struct dnc_error err;
	struct dnc_auth *auth;
	struct dnc_identity who = {.subject = "desk"}, taken;
	char ticket[DNC_TICKET_LEN + 1];
	static const struct {
		const char *jti, *revoked;
		int64_t left_ms;
		bool good;
	} cases[] = {
		{"j1", "", 60000, true},
		{"j1", "", 0, false},
		{"j1", "", -60000, false},
		{"j1", "j1\n", 60000, false},
		{"j1", "j2\nj11\n", 60000, true},
		{"", "j1\n", 60000, true},
	};

	(void)state;
	snprintf(path, sizeof path, "%s/revoked-late", dir);
	put(path, "", 0600);
	auth = dnc_auth_new(
		&(struct dnc_auth_options){.revoked_file = path, .default_role = "admin"}, &err);
	assert_non_null(auth);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(who.jti, sizeof who.jti, "%s", cases[i].jti);
		who.expires_ms = dnc_clock_now_ms() + cases[i].left_ms;
		assert_int_equal(dnc_ticket_make(auth, &who, "192.0.2.7", ticket), DNC_TICKET_MADE);
		put(path, cases[i].revoked, 0600);
		assert_int_equal(dnc_auth_reload(auth, &err), 0);
		assert_int_equal(dnc_ticket_redeem(auth, dnc_str(ticket), &taken), cases[i].good);
		assert_string_equal(taken.subject, cases[i].good ? "desk" : "");
		assert_false(dnc_ticket_redeem(auth, dnc_str(ticket), &taken));
	}
	dnc_auth_free(auth);
}

static struct dnc_auth *open_auth(const char *roles_file)
{
	static const char *files[] = {key_path};
	struct dnc_error err;
	struct dnc_auth *auth = dnc_auth_new(&(struct dnc_auth_options){.key_files = files,
						     .key_file_count = 1,
						     .roles_file = roles_file,
						     .audience = "hub",
						     .default_role = "admin"},
		&err);

	if (!auth)
		fail_msg("%s", err.message);
	return auth;
}

static void a_failed_reload_changes_nothing(void **state)
{
	char path[64];
	struct dnc_auth *auth;
	const struct dnc_auth_snapshot *before;
	struct dnc_error err;

	(void)state;
	snprintf(path, sizeof path, "%s/roles", dir);
	put(path, "[role night]\nrate = 5/min\n", 0600);
	auth = open_auth(path);
	before = dnc_auth_acquire(auth);
	put(path, "[role night]\nrate = fast\n", 0600);
	assert_int_equal(dnc_auth_reload(auth, &err), -1);
	assert_int_equal(err.code, EINVAL);
	assert_false(dnc_auth_is_old(auth, before));
	put(path, "[role night]\nrate = 7/min\n", 0600);
	assert_int_equal(dnc_auth_reload(auth, &err), 0);
	assert_true(dnc_auth_is_old(auth, before));
	assert_int_equal(dnc_roles_find(before->roles, DNC_STR("night"))->per_minute, 5);
	dnc_auth_snapshot_unref(before);
	before = dnc_auth_acquire(auth);
	assert_int_equal(dnc_roles_find(before->roles, DNC_STR("night"))->per_minute, 7);
	dnc_auth_snapshot_unref(before);
	dnc_auth_free(auth);
}

static void a_snapshot_outlives_reloads_and_its_auth(void **state)
{
	struct dnc_auth *auth = open_auth(NULL);
	const struct dnc_auth_snapshot *first = dnc_auth_acquire(auth), *last;
	const struct dnc_role *role = dnc_roles_find(first->roles, DNC_STR("security"));
	struct dnc_error err;

	(void)state;
	assert_int_equal(dnc_auth_reload(auth, &err), 0);
	last = dnc_auth_acquire(auth);
	assert_ptr_not_equal(first, last);
	assert_ptr_equal(dnc_auth_snapshot_ref(first), first);
	dnc_auth_snapshot_unref(first);
	dnc_auth_free(auth);
	assert_int_equal(first->keys->count, 1);
	assert_string_equal(first->audience, "hub");
	assert_int_equal(dnc_filter_count(role->sees), 2);
	assert_string_equal(last->default_role->name, "admin");
	dnc_auth_snapshot_unref(first);
	dnc_auth_snapshot_unref(last);
	assert_null(dnc_auth_snapshot_ref(NULL));
	dnc_auth_snapshot_unref(NULL);
}

static struct dnc_revoked *list(const char *ids, size_t n)
{
	struct dnc_revoked *r = dnc_revoked_of((struct dnc_str){ids, n});

	assert_non_null(r);
	return r;
}

static enum dnc_token_fault now(struct dnc_auth *auth, const char *jti)
{
	const struct dnc_auth_snapshot *s = dnc_auth_acquire(auth);
	struct dnc_identity who = {.key = s->keys->key[0]->print};
	enum dnc_token_fault fault;

	strcpy(who.jti, jti);
	fault = dnc_auth_recheck(s, &who);
	dnc_auth_snapshot_unref(s);
	return fault;
}

static void what_a_log_revokes_is_beside_the_files_and_stays_when_they_are_read_again(void **state)
{
	struct dnc_auth *auth = open_auth(NULL);
	const struct dnc_auth_snapshot *first = dnc_auth_acquire(auth), *read, *last;
	struct dnc_revoked *r = list("a\0b", 4);
	struct dnc_error err;

	(void)state;
	assert_int_equal(now(auth, "b"), DNC_TOKEN_GOOD);
	assert_int_equal(dnc_auth_revoke(auth, r, &err), 0);
	dnc_revoked_free(r);
	assert_true(dnc_auth_is_old(auth, first));
	assert_int_equal(now(auth, "a"), DNC_TOKEN_REVOKED);
	assert_int_equal(now(auth, "b"), DNC_TOKEN_REVOKED);
	assert_int_equal(now(auth, "c"), DNC_TOKEN_GOOD);
	/* What is read meanwhile knows of what came later. */
	read = dnc_auth_read(auth, &err);
	assert_non_null(read);
	r = list("b\0c", 4);
	assert_int_equal(dnc_auth_revoke(auth, r, &err), 0);
	dnc_revoked_free(r);
	dnc_auth_use(auth, read);
	assert_int_equal(now(auth, "a"), DNC_TOKEN_GOOD);
	assert_int_equal(now(auth, "c"), DNC_TOKEN_REVOKED);
	/* Files outlive what uses them. */
	r = list(NULL, 0);
	assert_int_equal(dnc_auth_revoke(auth, r, &err), 0);
	dnc_revoked_free(r);
	assert_int_equal(now(auth, "c"), DNC_TOKEN_GOOD);
	last = dnc_auth_acquire(auth);
	dnc_auth_free(auth);
	assert_string_equal(first->audience, "hub");
	dnc_auth_snapshot_unref(first);
	assert_string_equal(last->audience, "hub");
	assert_int_equal(last->keys->count, 1);
	dnc_auth_snapshot_unref(last);
}

enum { THREADS = 4, RELOADS = 200, RELOADS_MAX = 100000 };

struct user {
	pthread_t thread;
	struct dnc_auth *auth;
	const struct dnc_auth_snapshot *kept;
	atomic_bool *stop;
	atomic_bool broken;
	atomic_size_t renewals;
};

static bool all_renewed(struct user *users)
{
	for (int i = 0; i < THREADS; i++)
		if (!users[i].renewals)
			return false;
	return true;
}

/* As a worker does: look whether the snapshot is old, change to the newest one, use it. */
static void *use_snapshots(void *ctx)
{
	struct user *u = ctx;
	const struct dnc_auth_snapshot *s = dnc_auth_acquire(u->auth);

	while (!atomic_load(u->stop)) {
		const struct dnc_auth_snapshot *mine = dnc_auth_snapshot_ref(s);

		if (dnc_auth_is_old(u->auth, s)) {
			dnc_auth_snapshot_unref(s);
			s = dnc_auth_acquire(u->auth);
			u->renewals++;
		}
		if (mine->keys->count != 1 ||
			dnc_filter_count(dnc_roles_find(mine->roles, DNC_STR("security"))->sees) !=
				2)
			u->broken = true;
		dnc_auth_snapshot_unref(mine);
	}
	u->kept = s;
	return NULL;
}

static void *revoke_often(void *ctx)
{
	struct user *u = ctx;
	struct dnc_revoked *lists[] = {list("a\0", 2), list("a\0b", 4)};
	struct dnc_error err;

	for (unsigned i = 0; !atomic_load(u->stop); i++)
		u->broken |= dnc_auth_revoke(u->auth, lists[i % 2], &err) < 0 ||
		             now(u->auth, "a") != DNC_TOKEN_REVOKED;
	dnc_revoked_free(lists[0]);
	dnc_revoked_free(lists[1]);
	return NULL;
}

static void threads_use_snapshots_while_others_reload(void **state)
{
	struct dnc_auth *auth = open_auth(NULL);
	struct user users[THREADS] = {0}, log = {.auth = auth};
	struct dnc_error err;
	atomic_bool stop = false;

	(void)state;
	log.stop = &stop;
	assert_int_equal(pthread_create(&log.thread, NULL, revoke_often, &log), 0);
	for (int i = 0; i < THREADS; i++) {
		users[i].auth = auth;
		users[i].stop = &stop;
		assert_int_equal(
			pthread_create(&users[i].thread, NULL, use_snapshots, &users[i]), 0);
	}
	for (int i = 0; i < RELOADS || (i < RELOADS_MAX && !all_renewed(users)); i++)
		assert_int_equal(dnc_auth_reload(auth, &err), 0);
	atomic_store(&stop, true);
	pthread_join(log.thread, NULL);
	assert_false(log.broken);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(users[i].thread, NULL);
		assert_false(users[i].broken);
	}
	dnc_auth_free(auth);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(users[i].kept->keys->count, 1);
		dnc_auth_snapshot_unref(users[i].kept);
	}
	assert_true(all_renewed(users));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_right_is_taken),
		cmocka_unit_test(nobody_else_can_sign),
		cmocka_unit_test(a_made_token_is_taken_until_it_is_revoked),
		cmocka_unit_test(a_key_file_is_made_once_and_for_its_owner),
		cmocka_unit_test(files_at_fault_keep_auth_from_opening),
		cmocka_unit_test(a_ticket_is_good_once),
		cmocka_unit_test(so_many_tickets_are_open_at_most),
		cmocka_unit_test(a_ticket_ends_with_its_token),
		cmocka_unit_test(a_failed_reload_changes_nothing),
		cmocka_unit_test(a_snapshot_outlives_reloads_and_its_auth),
		cmocka_unit_test(
			what_a_log_revokes_is_beside_the_files_and_stays_when_they_are_read_again),
		cmocka_unit_test(threads_use_snapshots_while_others_reload),
	};
	struct dnc_buf kid = {0};
	struct dnc_error err;
	int rc;

	if (sodium_init() < 0 || !mkdtemp(dir))
		return 1;
	snprintf(key_path, sizeof key_path, "%s/key", dir);
	snprintf(other_path, sizeof other_path, "%s/other", dir);
	snprintf(secret_path, sizeof secret_path, "%s/secret", dir);
	parser = dnc_json_parser_new();
	rc = dnc_keys_generate(key_path, DNC_EDDSA, &kid, &err) |
	     dnc_keys_generate(other_path, DNC_EDDSA, &kid, &err) |
	     dnc_keys_generate(secret_path, DNC_HS256, &kid, &err);
	dnc_buf_free(&kid);
	if (rc == 0)
		rc = cmocka_run_group_tests_name("auth", tests, NULL, NULL);
	dnc_json_parser_free(parser);
	for (int i = 0; i < 8; i++) {
		static const char *const names[] = {"key", "key.pub", "other", "other.pub",
			"secret", "revoked", "bad", "roles"};
		char path[80];

		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	return rc;
}
