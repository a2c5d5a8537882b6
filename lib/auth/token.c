/* token.c - checks and issues tokens. */
#include "token.h"
#include <errno.h>
#include "base/clock.h"
#include "base/uuid.h"
#include "priv/base64url.h"
#include "priv/keys.h"

enum { SKEW_S = 60 }; /* how far the issuer's clock may be ahead */

static const char *const fault_names[DNC_TOKEN_FAULTS] = {
	[DNC_TOKEN_GOOD] = "good",
	[DNC_TOKEN_TOO_LONG] = "too_long",
	[DNC_TOKEN_MALFORMED] = "malformed",
	[DNC_TOKEN_ALGORITHM] = "algorithm",
	[DNC_TOKEN_UNKNOWN_KEY] = "unknown_key",
	[DNC_TOKEN_SIGNATURE] = "signature",
	[DNC_TOKEN_CLAIMS] = "claims",
	[DNC_TOKEN_EXPIRED] = "expired",
	[DNC_TOKEN_NOT_YET] = "not_yet_valid",
	[DNC_TOKEN_AUDIENCE] = "audience",
	[DNC_TOKEN_REVOKED] = "revoked",
};

const char *dnc_token_fault_name(int fault)
{
	return fault_names[fault];
}

/* The three parts of RFC 7515 section 3.1. */
struct parts {
	struct dnc_str head, claims, signature, signed_text;
};

static int split(struct dnc_str text, struct parts *out, struct dnc_error *err)
{
	const char *first, *second, *end;

	if (!text.n)
		return dnc_error_set(err, DNC_TOKEN_MALFORMED, "empty token");
	if (text.n > DNC_TOKEN_MAX)
		return dnc_error_set(err, DNC_TOKEN_TOO_LONG,
			"token of %zu bytes; at most %u are allowed", text.n, DNC_TOKEN_MAX);
	first = memchr(text.p, '.', text.n);
	end = text.p + text.n;
	second = first ? memchr(first + 1, '.', (size_t)(end - first) - 1) : NULL;
	if (!second || memchr(second + 1, '.', (size_t)(end - second) - 1))
		return dnc_error_set(
			err, DNC_TOKEN_MALFORMED, "the token does not have three parts");
	out->head = (struct dnc_str){text.p, (size_t)(first - text.p)};
	out->claims = (struct dnc_str){first + 1, (size_t)(second - first) - 1};
	out->signature = (struct dnc_str){second + 1, (size_t)(end - second) - 1};
	out->signed_text = (struct dnc_str){text.p, (size_t)(second - text.p)};
	return 0;
}

/* Decodes a part into B, whose content is replaced, and parses it. */
static int open_part(struct dnc_json_parser *parser, struct dnc_str part, struct dnc_buf *b,
	struct dnc_json *doc, struct dnc_error *err)
{
	struct dnc_error why;

	dnc_buf_clear(b);
	if (!dnc_buf_reserve(b, DNC_TOKEN_MAX + DNC_JSON_PADDING))
		return dnc_error_nomem(err);
	if (!base64url_read(b, part))
		return dnc_error_set(err, DNC_TOKEN_MALFORMED, "a part is not valid base64url");
	if (dnc_json_parse(parser, b->p, b->n, doc, &why) < 0)
		return why.code == DNC_ERROR_NO_MEMORY
		               ? dnc_error_nomem(err)
		               : dnc_error_set(err, DNC_TOKEN_MALFORMED,
					 "a part is not valid JSON: %.120s", why.message);
	if (doc->node[0].type != DNC_JSON_OBJECT)
		return dnc_error_set(err, DNC_TOKEN_MALFORMED, "a part is not a JSON object");
	return 0;
}

/* Sets OUT to the text of a member, p NULL if it is absent. Returns -1 if it is not a string. */
static int text_member(const struct dnc_json *doc, const char *name, struct dnc_str *out)
{
	uint32_t at = dnc_json_get(doc, 0, dnc_str(name));

	*out = (struct dnc_str){0};
	if (!at)
		return 0;
	*out = doc->node[at].text;
	return doc->node[at].type == DNC_JSON_STRING && !memchr(out->p, '\0', out->n) ? 0 : -1;
}

/* A key has one algorithm, and the token must name the same one; a kid may name a key for each. So there is no key for
 * "none", nor for HS256 with the bytes of a public key as its secret. */
static const struct dnc_key *find_key(
	const struct dnc_keys *keys, const struct dnc_json *head, struct dnc_error *err)
{
	struct dnc_str alg, kid;
	const struct dnc_key *key;
	enum dnc_algorithm a;

	if (text_member(head, "alg", &alg) < 0 || text_member(head, "kid", &kid) < 0 ||
		dnc_json_get(head, 0, DNC_STR("crit"))) {
		dnc_error_set(
			err, DNC_TOKEN_MALFORMED, "alg or kid is not a string, or crit is present");
		return NULL;
	}
	a = algorithm_from_name(alg);
	if (a == DNC_ALGORITHMS) {
		dnc_error_set(err, DNC_TOKEN_ALGORITHM, "unsupported algorithm");
		return NULL;
	}
	key = keys_find(keys, kid, a);
	if (key)
		return key;
	for (unsigned other = 0; kid.p && other < DNC_ALGORITHMS; other++)
		if (keys_find(keys, kid, (enum dnc_algorithm)other)) {
			dnc_error_set(err, DNC_TOKEN_ALGORITHM,
				"algorithm %s, but its key is for %s", dnc_algorithm_names[a].p,
				dnc_algorithm_names[other].p);
			return NULL;
		}
	dnc_error_set(err, DNC_TOKEN_UNKNOWN_KEY, "%s",
		kid.p ? "unknown kid"
		      : "no kid, and there is not exactly one key for its algorithm");
	return NULL;
}

/* Seconds since 1970, perhaps with a fraction. Returns 1, 0 if the claim is absent, -1 if it is not a time. */
static int time_claim(const struct dnc_json *doc, const char *name, int64_t *ms)
{
	uint32_t at = dnc_json_get(doc, 0, dnc_str(name));
	double s;

	if (!at)
		return 0;
	if (!dnc_json_double(&doc->node[at], &s) || !(s >= 0 && s < 1e11))
		return -1;
	*ms = (int64_t)(s * 1000);
	return 1;
}

static int check_times(const struct dnc_json *claims, const struct dnc_token_rules *rules,
	struct dnc_identity *out, struct dnc_error *err)
{
	enum { SKEW_MS = SKEW_S * 1000 };
	int64_t not_before = 0, issued;
	int nbf = time_claim(claims, "nbf", &not_before);

	if (time_claim(claims, "exp", &out->expires_ms) != 1)
		return dnc_error_set(err, DNC_TOKEN_CLAIMS, "exp is missing or not a time");
	if (nbf < 0 || time_claim(claims, "iat", &issued) < 0)
		return dnc_error_set(err, DNC_TOKEN_CLAIMS, "nbf or iat is not a time");
	/* By the hub's clock alone: sessions and tickets end then, and what is admitted later would end at once. */
	if (rules->now_ms >= out->expires_ms)
		return dnc_error_set(err, DNC_TOKEN_EXPIRED, "expired %lld s ago, subject %s",
			(long long)(rules->now_ms - out->expires_ms) / 1000, out->subject);
	if (nbf && rules->now_ms < not_before - SKEW_MS)
		return dnc_error_set(err, DNC_TOKEN_NOT_YET,
			"not valid for another %lld s, subject %s",
			(long long)(not_before - rules->now_ms) / 1000, out->subject);
	return 0;
}

static bool is_for(const struct dnc_json *claims, const char *audience)
{
	uint32_t at = dnc_json_get(claims, 0, DNC_STR("aud"));
	const struct dnc_json_node *node = claims->node;

	if (!at)
		return false;
	if (node[at].type == DNC_JSON_STRING)
		return dnc_str_eq(node[at].text, dnc_str(audience));
	if (node[at].type != DNC_JSON_ARRAY)
		return false;
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next)
		if (node[i].type == DNC_JSON_STRING && dnc_str_eq(node[i].text, dnc_str(audience)))
			return true;
	return false;
}

/* Copies a string of less than SIZE bytes. Control characters are invalid, because it is written to logs. */
static bool copy_claim(const struct dnc_json *claims, const char *name, char *out, size_t size)
{
	struct dnc_str text;

	if (text_member(claims, name, &text) < 0 || text.n >= size)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	memcpy(out, text.n ? text.p : "", text.n);
	out[text.n] = '\0';
	return true;
}

/* Unknown permissions are ignored: they are for other services. */
static bool read_permissions(const struct dnc_json *claims, unsigned *out)
{
	uint32_t at = dnc_json_get(claims, 0, DNC_STR("permissions"));
	const struct dnc_json_node *node = claims->node;

	*out = 0;
	if (!at)
		return true;
	if (node[at].type != DNC_JSON_ARRAY)
		return false;
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next) {
		if (node[i].type != DNC_JSON_STRING)
			return false;
		*out |= dnc_permission_from_name(node[i].text);
	}
	return true;
}

static int read_claims(const struct dnc_json *claims, const struct dnc_token_rules *rules,
	struct dnc_identity *out, struct dnc_error *err)
{
	if (!copy_claim(claims, "sub", out->subject, sizeof out->subject) || !out->subject[0])
		return dnc_error_set(
			err, DNC_TOKEN_CLAIMS, "sub is missing or not a string of 1 to 127 bytes");
	if (!copy_claim(claims, "role", out->role, sizeof out->role) ||
		!copy_claim(claims, "jti", out->jti, sizeof out->jti) ||
		!read_permissions(claims, &out->permissions))
		return dnc_error_set(err, DNC_TOKEN_CLAIMS,
			"role, jti or permissions are invalid, subject %s", out->subject);
	if (check_times(claims, rules, out, err) < 0)
		return -1;
	if (rules->audience && !is_for(claims, rules->audience))
		return dnc_error_set(
			err, DNC_TOKEN_AUDIENCE, "wrong audience, subject %s", out->subject);
	if (dnc_revoked_has(rules->revoked, out->jti) ||
		dnc_revoked_has(rules->revoked_by_log, out->jti))
		return dnc_error_set(err, DNC_TOKEN_REVOKED, "subject %s", out->subject);
	return 0;
}

static int check(struct dnc_json_parser *parser, const struct dnc_token_rules *rules,
	struct dnc_str text, struct dnc_buf *space, struct dnc_buf *signature,
	struct dnc_identity *out, struct dnc_error *err)
{
	const struct dnc_key *key;
	struct parts parts;
	struct dnc_json doc;
	int valid;

	if (split(text, &parts, err) < 0 || open_part(parser, parts.head, space, &doc, err) < 0)
		return -1;
	key = find_key(rules->keys, &doc, err);
	if (!key)
		return -1;
	if (!dnc_buf_reserve(signature, parts.signature.n))
		return dnc_error_nomem(err);
	if (!base64url_read(signature, parts.signature))
		return dnc_error_set(
			err, DNC_TOKEN_MALFORMED, "the signature is not valid base64url");
	valid = key_verify(key, parts.signed_text, dnc_buf_view(signature));
	if (valid < 0)
		return dnc_error_nomem(err);
	if (!valid)
		return dnc_error_set(err, DNC_TOKEN_SIGNATURE, "invalid signature");
	out->key = key->print;
	/* The claims are not read before the signature is known to be valid. */
	if (open_part(parser, parts.claims, space, &doc, err) < 0)
		return -1;
	return read_claims(&doc, rules, out, err);
}

int dnc_token_check(struct dnc_json_parser *parser, const struct dnc_token_rules *rules,
	struct dnc_str text, struct dnc_identity *out, struct dnc_error *err)
{
	struct dnc_buf space = {0}, signature = {0};
	int rc;

	*out = (struct dnc_identity){0};
	rc = check(parser, rules, text, &space, &signature, out, err);
	dnc_buf_free(&space);
	dnc_buf_free(&signature);
	return rc;
}

static void add_list(struct dnc_buf *b, const char *key, const char *const *v, size_t n)
{
	if (!n)
		return;
	dnc_json_write_key(b, dnc_str(key));
	for (size_t i = 0; i < n; i++) {
		dnc_buf_chr(b, i ? ',' : '[');
		dnc_json_write_str(b, dnc_str(v[i]));
	}
	dnc_buf_chr(b, ']');
}

static void add_text(struct dnc_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, dnc_str(value));
}

static void write_claims(struct dnc_buf *b, const struct dnc_claims *c)
{
	char jti[DNC_UUID_LEN];

	dnc_uuid_v7(c->now_s * 1000, jti);
	dnc_buf_chr(b, '{');
	add_text(b, "iss", c->issuer);
	add_text(b, "sub", c->subject);
	add_text(b, "role", c->role);
	add_list(b, "permissions", c->permissions, c->permission_count);
	add_list(b, "aud", c->audiences, c->audience_count);
	dnc_buf_lit(b, ",\"iat\":");
	dnc_buf_i64(b, c->now_s);
	dnc_buf_lit(b, ",\"exp\":");
	dnc_buf_i64(b, c->now_s + c->ttl_s);
	dnc_buf_lit(b, ",\"jti\":");
	dnc_json_write_str(b, (struct dnc_str){jti, sizeof jti});
	dnc_buf_chr(b, '}');
}

void dnc_token_make(struct dnc_buf *out, const struct dnc_key *key, const struct dnc_claims *claims)
{
	struct dnc_buf part = {0};
	size_t from = out->n;

	dnc_buf_printf(
		&part, "{\"alg\":\"%s\",\"typ\":\"JWT\"", dnc_algorithm_names[key->algorithm].p);
	if (key->has_kid) {
		dnc_buf_lit(&part, ",\"kid\":");
		dnc_json_write_str(&part, dnc_str(key->kid));
	}
	dnc_buf_chr(&part, '}');
	base64url_write(out, part.p, part.n);
	dnc_buf_chr(out, '.');
	dnc_buf_clear(&part);
	write_claims(&part, claims);
	base64url_write(out, part.p, part.n);
	dnc_buf_clear(&part);
	key_sign(key, (struct dnc_str){out->p + from, out->n - from}, &part);
	dnc_buf_chr(out, '.');
	base64url_write(out, part.p, part.n);
	out->failed |= part.failed;
	dnc_buf_free(&part);
}

int dnc_token_open(struct dnc_buf *out, struct dnc_str text, struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	struct dnc_buf space = {0};
	struct dnc_json doc;
	struct parts parts;
	int rc = parser ? split(text, &parts, err) : dnc_error_nomem(err);

	for (int i = 0; rc == 0 && i < 2; i++) {
		rc = open_part(parser, i ? parts.claims : parts.head, &space, &doc, err);
		if (rc == 0) {
			dnc_json_write_node(out, &doc, 0);
			dnc_buf_chr(out, '\n');
		}
	}
	dnc_buf_free(&space);
	dnc_json_parser_free(parser);
	return rc;
}
