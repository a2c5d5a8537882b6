/* token.h - JSON Web Tokens (RFC 7519) in compact form: checking and issuing.
 *
 * The claims sub and exp are required; role, permissions, nbf, iat, jti, aud and iss are optional (dnc-token(1)).
 * Do not send the reason of a rejection to the client: errors are for the hub's messages. */
#pragma once
#include <stdint.h>
#include "json/json.h"
#include "keys.h"
#include "revoked.h"
#include "roles.h"

/* Longer tokens are rejected unread. */
#define DNC_TOKEN_MAX (8u << 10)

#define DNC_SUBJECT_MAX 128

/* Why a token is rejected; the code of errors from dnc_token_check(). */
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

/* The name of a fault in logs and metrics: "expired". */
const char *dnc_token_fault_name(int fault);

/* The client that a token identifies, and until when. */
struct dnc_identity {
	char subject[DNC_SUBJECT_MAX];
	char role[DNC_ROLE_NAME_MAX]; /* empty: the token names none */
	char jti[DNC_JTI_MAX];        /* empty: the token has none, and can't be revoked */
	unsigned permissions;         /* of the token, in addition to the role's */
	int64_t expires_ms;           /* since 1970 */
	struct dnc_key_print key;     /* that signed the token */
};

struct dnc_token_rules {
	const struct dnc_keys *keys;
	const struct dnc_revoked *revoked, *revoked_by_log; /* NULL: none */
	const char *audience;                               /* that tokens must name; NULL: any */
	int64_t now_ms;                                     /* since 1970 */
};

/* Checks the token TEXT and sets OUT to the identity in it. Returns -1 with ERR: its code is a fault or, if nothing is known
 * about the token yet, DNC_ERROR_NO_MEMORY; its message is for the log and contains nothing of the token but, if the
 * signature is valid, its subject. PARSER belongs to the calling thread. */
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

/* Appends a token with a new jti, signed with KEY, for which dnc_key_signs() must be true. OUT fails without memory. */
void dnc_token_make(
	struct dnc_buf *out, const struct dnc_key *key, const struct dnc_claims *claims);

/* Appends the header and the claims of the token TEXT, a line of JSON each, unchecked. Returns -1 with ERR. */
int dnc_token_open(struct dnc_buf *out, struct dnc_str text, struct dnc_error *err);
