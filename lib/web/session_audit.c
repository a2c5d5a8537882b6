/* session_audit.c - records of what clients did. */
#include "base/clock.h"
#include "phone/phone.h"
#include "priv/serve.h"

struct dnc_buf *audit_of(const struct client *c, const char *what)
{
	struct dnc_buf *b = audit_begin(&c->web->audit, what, c->identity, c->role, c->address);

	dnc_buf_printf(b, ",\"client_id\":\"c%llu\"", (unsigned long long)c->number);
	return b;
}

void audit_subscribed(const struct client *c, const char *what)
{
	enum { SHOWN = 512 }; /* of a filter */
	const struct dnc_filter *filter = dnc_subscriber_filter(c->subscriber);
	struct dnc_str text = filter ? dnc_filter_text(filter) : (struct dnc_str){0};
	struct dnc_buf *b = audit_of(c, what);
	char masked[SHOWN + 1];
	size_t n = text.n < SHOWN ? text.n : SHOWN;

	memcpy(masked, n ? text.p : "", n);
	dnc_phone_mask_digits(masked, n);
	masked[n] = '\0';
	if (filter)
		member_text(b, "filters", masked);
	member_number(b, "from_seq", dnc_subscriber_next(c->subscriber));
	audit_end(&c->web->audit);
}

void audit_left(const struct client *c)
{
	struct dnc_buf *b = audit_of(c, "disconnected");

	if (c->close_code)
		member_number(b, "code", c->close_code);
	member_text(b, "reason", close_reason_rows[c->reason].text);
	if (c->subscriber) {
		member_number(b, "events", dnc_subscriber_sent(c->subscriber));
		member_number(b, "first_seq", dnc_subscriber_first_sent(c->subscriber));
		member_number(b, "last_seq", dnc_subscriber_last_sent(c->subscriber));
	}
	member_number(b, "seconds", (uint64_t)(dnc_clock_now_ms() - c->connected_ms) / 1000);
	audit_end(&c->web->audit);
}
