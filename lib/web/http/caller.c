#include "web/http/caller.h"
#include "hub/account.h"
#include "json/member.h"
#include "web/web.h"
#include <stdio.h>

void http_caller_copy(struct http_caller *caller, const struct http_request *r)
{
	caller->identity = r->principal.identity;
	snprintf(caller->role, sizeof caller->role, "%s", r->principal.role->name);
	snprintf(caller->address, sizeof caller->address, "%s", r->address);
}

enum identity_verdict http_caller_recheck(
	const struct http_caller *caller, const struct http_context *context, unsigned permission)
{
	return identity_recheck(context->identity, caller->address, &caller->identity, permission);
}

const char *http_subject(const struct http_request *r)
{
	return r->access->keys ? r->principal.identity.subject : NULL;
}

struct dnc_account *http_account(const struct http_request *r)
{
	const char *subject = http_subject(r);

	return dnc_hub_account(r->context->options->hub, subject ? subject : r->address);
}

bool http_may_compile(const struct http_request *r, struct dnc_account *account)
{
	return !account || !http_subject(r) || dnc_account_may_compile(account);
}

struct dnc_buf *http_caller_audit(
	const struct http_caller *caller, struct audit *audit, const char *what)
{
	struct dnc_buf *b = audit_begin(audit, what, &caller->identity, NULL, caller->address);

	dnc_json_member_text(b, "role", caller->role);
	return b;
}
