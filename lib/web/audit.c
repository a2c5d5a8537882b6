#include "priv/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "json/member.h"

struct dnc_buf *audit_begin(struct audit *a, const char *what, const struct dnc_identity *identity,
	const struct dnc_role *role, const char *address)
{
	struct dnc_buf *b = &a->record;

	dnc_buf_clear(b);
	dnc_buf_chr(b, '{');
	dnc_json_member_time(b, "timestamp", dnc_clock_now_ms());
	dnc_json_member_text(b, "what", what);
	if (identity && identity->subject[0])
		dnc_json_member_text(b, "subject", identity->subject);
	if (role)
		dnc_json_member_text(b, "role", role->name);
	dnc_json_member_text(b, "address", address);
	return b;
}

void audit_end(struct audit *a)
{
	dnc_buf_chr(&a->record, '}');
	if (dnc_buf_ok(&a->record))
		a->write(a->ctx, dnc_buf_view(&a->record));
	else
		dnc_warn("an audit record was lost: out of memory");
}

void audit_refused(struct audit *a, const char *address, const struct dnc_identity *identity,
	const char *reason)
{
	dnc_json_member_text(audit_begin(a, "refused", identity, NULL, address), "reason", reason);
	audit_end(a);
}
