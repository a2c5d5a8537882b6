#include "priv/session_audit.h"
#include <sodium.h>
#include <string.h>
#include "base/clock.h"
#include "json/member.h"
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

/* Equal filters have equal texts, and so equal marks; nobody without the key can try what a mark is of. */
static void write_filter(
	struct dnc_buf *b, const struct dnc_filter *filter, const unsigned char *key)
{
	static const unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "filter";
	struct dnc_str text = dnc_filter_text(filter);
	unsigned char mark[crypto_generichash_blake2b_BYTES_MIN];
	char hex[2 * sizeof mark + 1];

	crypto_generichash_blake2b_salt_personal(mark, sizeof mark, (const unsigned char *)text.p,
		text.n, key, DNC_MASK_KEY_BYTES, NULL, personal);
	dnc_json_member_json(b, "filters", dnc_filter_outline(filter));
	dnc_json_member_text(b, "filters_mark", sodium_bin2hex(hex, sizeof hex, mark, sizeof mark));
}

void audit_subscription(const struct session *s, const char *what)
{
	const struct dnc_filter *filter = dnc_subscriber_filter(s->subscriber);
	struct dnc_buf *b = begin(s, what);

	if (filter)
		write_filter(b, filter, dnc_hub_mask_key(s->all->hub));
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
