#include "priv/audit.h"
#include "base/clock.h"
#include "base/escape.h"
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
	struct dnc_buf visible = {0};
	const struct dnc_buf *record = &a->record;

	dnc_buf_chr(&a->record, '}');
	if (dnc_buf_ok(record) && !dnc_escape_none(dnc_buf_view(record), DNC_ESCAPE_JSON)) {
		dnc_escape(&visible, dnc_buf_view(record), DNC_ESCAPE_JSON);
		record = &visible;
	}
	a->write(a->ctx, dnc_buf_ok(record) ? dnc_buf_view(record) : (struct dnc_str){0});
	dnc_buf_free(&visible);
}

void audit_refused(struct audit *a, const char *address, const struct dnc_identity *identity,
	const char *reason)
{
	dnc_json_member_text(audit_begin(a, "refused", identity, NULL, address), "reason", reason);
	audit_end(a);
	dnc_recent_add(a->refusals, address, 0, reason);
}
