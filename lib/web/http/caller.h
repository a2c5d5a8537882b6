/* caller.h - a copy of the identity, role and address of a request's client, for the audit record of a request that is
 * answered later. */
#pragma once
#include "web/http/request.h"

struct http_caller {
	struct dnc_identity identity;
	char role[DNC_ROLE_NAME_MAX], address[ADDRESS_MAX];
};

void http_caller_copy(struct http_caller *caller, const struct http_request *r);

/* Begins the audit record of WHAT ("read") by the caller; members may be added until audit_end(). */
struct dnc_buf *http_caller_audit(
	const struct http_caller *caller, struct audit *audit, const char *what);
