#include "base/clock.h"
#include "phone/phone.h"
#include "priv/serve.h"

void member_text(struct dnc_buf *b, const char *key, const char *value)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, dnc_str(value));
}

void member_number(struct dnc_buf *b, const char *key, uint64_t value)
{
	dnc_json_write_key(b, dnc_str(key));
	dnc_buf_u64(b, value);
}

void member_time(struct dnc_buf *b, const char *key, int64_t ms)
{
	char text[DNC_TIME_LEN];

	dnc_clock_format(ms, text);
	dnc_json_write_key(b, dnc_str(key));
	dnc_json_write_str(b, (struct dnc_str){text, sizeof text});
}

struct dnc_buf *audit_begin(struct dnc_web *w, const char *what,
	const struct dnc_identity *identity, const struct dnc_role *role, const char *address)
{
	struct dnc_buf *b = &w->audit_line;

	dnc_buf_clear(b);
	dnc_buf_chr(b, '{');
	member_time(b, "timestamp", dnc_clock_now_ms());
	member_text(b, "what", what);
	if (identity && identity->subject[0])
		member_text(b, "subject", identity->subject);
	if (role)
		member_text(b, "role", role->name);
	member_text(b, "address", address);
	return b;
}

struct dnc_buf *audit_of(const struct client *c, const char *what)
{
	struct dnc_buf *b = audit_begin(c->web, what, c->identity, c->role, c->address);

	dnc_buf_printf(b, ",\"client_id\":\"c%llu\"", (unsigned long long)c->number);
	return b;
}

void audit_end(struct dnc_web *w)
{
	dnc_buf_chr(&w->audit_line, '}');
	if (dnc_buf_ok(&w->audit_line))
		w->options->access_note(w->options->ctx, dnc_buf_view(&w->audit_line));
}

void audit_refused(struct dnc_web *w, const char *address, const struct dnc_identity *identity,
	const char *reason)
{
	member_text(audit_begin(w, "refused", identity, NULL, address), "reason", reason);
	audit_end(w);
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
	audit_end(c->web);
}

void audit_left(const struct client *c)
{
	struct dnc_buf *b = audit_of(c, "disconnected");

	if (c->close_code)
		member_number(b, "code", c->close_code);
	member_text(b, "reason", c->close_code ? c->close_reason : c->dead ? "lost" : "gone");
	if (c->subscriber) {
		member_number(b, "events", dnc_subscriber_sent(c->subscriber));
		member_number(b, "first_seq", dnc_subscriber_first_sent(c->subscriber));
		member_number(b, "last_seq", dnc_subscriber_last_sent(c->subscriber));
	}
	member_number(b, "seconds", (uint64_t)(dnc_clock_now_ms() - c->connected_ms) / 1000);
	audit_end(c->web);
}
