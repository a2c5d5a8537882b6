#include "web/http/caller.h"
#include "json/member.h"
#include <stdio.h>

void http_caller_copy(struct http_caller *caller, const struct http_request *r)
{
	caller->identity = r->principal.identity;
	snprintf(caller->role, sizeof caller->role, "%s", r->principal.role->name);
	snprintf(caller->address, sizeof caller->address, "%s", r->address);
}

struct dnc_buf *http_caller_audit(
	const struct http_caller *caller, struct audit *audit, const char *what)
{
	struct dnc_buf *b = audit_begin(audit, what, &caller->identity, NULL, caller->address);

	dnc_json_member_text(b, "role", caller->role);
	return b;
}
