/* caller.h - a copy of the identity, role and address of a request's client, for the audit record of a request that is
 * answered later. */
#pragma once
#include "web/http/request.h"

struct http_caller {
	struct dnc_identity identity;
	char role[DNC_ROLE_NAME_MAX], address[ADDRESS_MAX];
};

void http_caller_copy(struct http_caller *caller, const struct http_request *r);

/* Checks the caller again, by the newest keys, revoked tokens and roles, when the request has taken long: see
 * identity_recheck(). */
enum identity_verdict http_caller_recheck(
	const struct http_caller *caller, const struct http_context *context, unsigned permission);

/* The subject of the request's client; NULL if authentication is disabled. Borrowed from R. */
const char *http_subject(const struct http_request *r);

/* The account of the client's work, with a reference. NULL when there is no memory. */
struct dnc_account *http_account(const struct http_request *r);

/* True when the client, whose ACCOUNT may be NULL, may have another filter compiled. Without authentication all programs of a
 * machine are one client, which is only made to wait. */
bool http_may_compile(const struct http_request *r, struct dnc_account *account);

/* Begins the audit record of WHAT ("read") by the caller; members may be added until audit_end(). */
struct dnc_buf *http_caller_audit(
	const struct http_caller *caller, struct audit *audit, const char *what);
