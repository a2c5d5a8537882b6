/* token.h - tokens: JSON Web Tokens (RFC 7519) in compact form, checked, made and taken back.
 *
 * The claims are those of dnc-token(1): sub and exp must be there; role, permissions, nbf, iat, jti, aud and iss
 * may. Whoever sends a token learns no more than that it is not taken; why is for the log. */
#pragma once
#include <stdint.h>
#include "json/json.h"
#include "keys.h"
#include "revoked.h"
#include "roles.h"

/* Longer tokens are refused before anything is read of them. */
#define DNC_TOKEN_MAX (8u << 10)

#define DNC_SUBJECT_MAX 128

/* Why a token is not taken; the code of errors from dnc_token_check(). */
enum dnc_token_fault {
	DNC_TOKEN_GOOD,
	DNC_TOKEN_TOO_LONG,
	DNC_TOKEN_MALFORMED,
	DNC_TOKEN_ALGORITHM,
	DNC_TOKEN_UNKNOWN_KEY,
	DNC_TOKEN_SIGNATURE,
	DNC_TOKEN_CLAIMS, /* one is missing, or of the wrong type */
	DNC_TOKEN_EXPIRED,
	DNC_TOKEN_NOT_YET,
	DNC_TOKEN_AUDIENCE,
	DNC_TOKEN_REVOKED,
	DNC_TOKEN_FAULTS,
};

/* "expired" and so on. */
const char *dnc_token_fault_name(int fault);

/* Who somebody is, and until when. */
struct dnc_identity {
	char subject[DNC_SUBJECT_MAX];
	char role[DNC_ROLE_NAME_MAX]; /* empty: none was named */
	char jti[DNC_JTI_MAX];        /* empty: the token has none, and can't be revoked */
	unsigned permissions;         /* of the token alone, beside the role's */
	int64_t expires_ms;           /* since 1970 */
};

struct dnc_token_rules {
	const struct dnc_keys *keys;
	const struct dnc_revoked *revoked; /* NULL: none */
	const char *audience;              /* that a token must name; NULL: any */
	int64_t now_ms;                    /* since 1970 */
};

/* Checks the token TEXT and takes from it who its bearer is. -1 with ERR: a fault, and a line for the log that holds
 * nothing of the token but its subject, once the signature was good. */
int dnc_token_check(struct dnc_json_parser *parser, const struct dnc_token_rules *rules,
	struct dnc_str text, struct dnc_identity *out, struct dnc_error *err);

struct dnc_claims {
	const char *subject, *role; /* role may be NULL */
	const char *const *permissions;
	size_t permission_count;
	const char *const *audiences;
	size_t audience_count;
	const char *issuer; /* may be NULL */
	int64_t now_s, ttl_s;
};

/* Appends a token with a new jti, signed by KEY, which signs. */
void dnc_token_make(
	struct dnc_buf *out, const struct dnc_key *key, const struct dnc_claims *claims);

/* Appends header and claims of the token TEXT as JSON, two lines, unchecked. -1 with ERR. */
int dnc_token_open(struct dnc_buf *out, struct dnc_str text, struct dnc_error *err);
