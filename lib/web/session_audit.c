#include "priv/session_audit.h"
#include <string.h>
#include "base/clock.h"
#include "json/member.h"
#include "phone/phone.h"
#include "priv/sessions.h"

static struct dnc_buf *begin(const struct session *s, const char *what)
{
	struct dnc_buf *b = audit_begin(s->all->audit, what, s->identity, s->role, s->address);

	dnc_buf_printf(b, ",\"client_id\":\"c%llu\"", (unsigned long long)s->number);
	return b;
}

void audit_session(const struct session *s, const char *what)
{
	struct dnc_buf *b = begin(s, what);

	if (strcmp(what, "connected") == 0)
		dnc_json_member_text(b, "protocol", s->conn.wire->protocol(s->rendering));
	audit_end(s->all->audit);
}

void audit_subscription(const struct session *s, const char *what)
{
	enum { SHOWN = 512 }; /* bytes of a filter */
	const struct dnc_filter *filter = dnc_subscriber_filter(s->subscriber);
	struct dnc_str text = filter ? dnc_filter_text(filter) : (struct dnc_str){0};
	struct dnc_buf *b = begin(s, what);
	char masked[SHOWN + 1];
	size_t n = text.n < SHOWN ? text.n : SHOWN;

	memcpy(masked, n ? text.p : "", n);
	dnc_phone_mask_digits(masked, n);
	masked[n] = '\0';
	if (filter)
		dnc_json_member_text(b, "filters", masked);
	dnc_json_member_number(b, "from_seq", dnc_subscriber_next(s->subscriber));
	audit_end(s->all->audit);
}

void audit_disconnect(const struct session *s)
{
	const struct close_reason_row *row = &close_reason_rows[s->conn.reason];
	struct dnc_buf *b = begin(s, "disconnected");

	if (row->code)
		dnc_json_member_number(b, "code", row->code);
	dnc_json_member_text(b, "reason", row->text);
	if (s->role) {
		dnc_json_member_number(b, "events", s->sent.events);
		dnc_json_member_number(b, "first_seq", s->sent.first_seq);
		dnc_json_member_number(b, "last_seq", s->sent.last_seq);
	}
	dnc_json_member_number(
		b, "seconds", (uint64_t)(dnc_clock_now_ms() - s->connected_ms) / 1000);
	audit_end(s->all->audit);
}
