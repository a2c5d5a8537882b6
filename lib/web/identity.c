#include "priv/identity.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "web/http/head.h"
#include "web/http/query.h"

int identity_init(struct identity *i, struct dnc_auth *auth, struct throttle *throttle,
	struct audit *audit, struct stats_counts *counts, bool trust_proxy)
{
	*i = (struct identity){.auth = auth,
		.snapshot = dnc_auth_acquire(auth),
		.parser = dnc_json_parser_new(),
		.throttle = throttle,
		.audit = audit,
		.counts = counts,
		.trust_proxy = trust_proxy};
	randombytes_buf(i->warned.key, sizeof i->warned.key);
	return i->parser ? 0 : -1;
}

void identity_destroy(struct identity *i)
{
	dnc_auth_snapshot_unref(i->snapshot);
	dnc_json_parser_free(i->parser);
}

bool identity_renew(struct identity *i)
{
	if (!dnc_auth_is_old(i->auth, i->snapshot))
		return false;
	dnc_auth_snapshot_unref(i->snapshot);
	i->snapshot = dnc_auth_acquire(i->auth);
	return true;
}

void identity_resolve(const struct identity *i, struct principal *out)
{
	out->role = dnc_roles_find(i->snapshot->roles, dnc_str(out->identity.role));
	out->permissions = out->role->permissions | out->identity.permissions;
}

void identity_default(const struct identity *i, struct principal *out)
{
	memset(out, 0, sizeof *out);
	out->role = i->snapshot->default_role;
	out->permissions = out->role->permissions;
}

struct dnc_view identity_view(const struct dnc_role *role, unsigned permissions, unsigned rendering)
{
	return (struct dnc_view){.sees = role->sees,
		.types = dnc_role_types(role, permissions),
		.rendering = rendering | (permissions & DNC_MAY_SEE_NUMBERS ? 0 : DNC_MASKED),
		.mask = role->mask};
}

static bool is_blocked(struct identity *i, const char *address)
{
	return throttle_blocks(i->throttle, address, dnc_clock_mono_ms());
}

static void count_failure(struct identity *i, const char *address)
{
	throttle_failed(i->throttle, address, dnc_clock_mono_ms());
}

/* True the first time for this subject with these permissions. */
static bool is_new(struct warned *warned, const struct principal *p)
{
	struct {
		char subject[DNC_SUBJECT_MAX], role[DNC_ROLE_NAME_MAX];
		unsigned permissions;
	} who;
	uint64_t hash, *slot;

	memset(&who, 0, sizeof who);
	snprintf(who.subject, sizeof who.subject, "%s", p->identity.subject);
	snprintf(who.role, sizeof who.role, "%s", p->role->name);
	who.permissions = p->permissions;
	crypto_shorthash(
		(unsigned char *)&hash, (const unsigned char *)&who, sizeof who, warned->key);
	slot = &warned->slots[hash % (sizeof warned->slots / sizeof warned->slots[0])];
	if (*slot == hash)
		return false;
	*slot = hash;
	return true;
}

static void warn_of_guesses(struct identity *i, const char *address, const struct principal *p)
{
	struct dnc_buf *b;

	if (!dnc_may_guess(p->permissions) || !is_new(&i->warned, p))
		return;
	dnc_warn(
		"%s can find hidden numbers by publishing guesses and reading them: give its role %s "
		"and its token together either dnc:pii, or not both dnc:publish and events",
		p->identity.subject, p->role->name);
	b = audit_begin(i->audit, "may_guess", &p->identity, p->role, address);
	dnc_json_write_key(b, DNC_STR("permissions"));
	dnc_permissions_write(b, p->permissions);
	audit_end(i->audit);
}

enum identity_verdict identity_of_token(
	struct identity *i, const char *address, struct dnc_str token, struct principal *out)
{
	const struct dnc_token_rules rules = {.keys = i->snapshot->keys,
		.revoked = i->snapshot->revoked,
		.revoked_by_log = i->snapshot->revoked_by_log,
		.audience = i->snapshot->audience,
		.now_ms = dnc_clock_now_ms()};
	struct dnc_error err;

	if (is_blocked(i, address))
		return IDENTITY_BLOCKED;
	if (dnc_token_check(i->parser, &rules, token, &out->identity, &err) < 0) {
		if (err.code == DNC_ERROR_NO_MEMORY) {
			dnc_warn("token from %s not checked: out of memory", address);
			return IDENTITY_NO_MEMORY;
		}
		count_failure(i, address);
		i->counts->refused_tokens[err.code]++;
		dnc_warn("token from %s rejected: %s: %s", address, dnc_token_fault_name(err.code),
			err.message);
		audit_refused(i->audit, address, &out->identity, dnc_token_fault_name(err.code));
		return IDENTITY_REJECTED;
	}
	identity_resolve(i, out);
	warn_of_guesses(i, address, out);
	return IDENTITY_KNOWN;
}

static enum dnc_token_fault fault_of(
	const struct dnc_auth_snapshot *newest, const struct dnc_identity *who)
{
	if (!newest->keys)
		return DNC_TOKEN_GOOD;
	return dnc_clock_now_ms() < who->expires_ms ? dnc_auth_recheck(newest, who)
	                                            : DNC_TOKEN_EXPIRED;
}

static bool may(
	const struct dnc_auth_snapshot *newest, const struct dnc_identity *who, unsigned permission)
{
	const struct dnc_role *role = newest->keys
	                                      ? dnc_roles_find(newest->roles, dnc_str(who->role))
	                                      : newest->default_role;

	return (role->permissions | who->permissions) & permission;
}

enum identity_verdict identity_recheck(struct identity *i, const char *address,
	const struct dnc_identity *who, unsigned permission)
{
	const struct dnc_auth_snapshot *newest = dnc_auth_acquire(i->auth);
	const struct dnc_identity *known = newest->keys ? who : NULL;
	enum dnc_token_fault fault = fault_of(newest, who);
	enum identity_verdict verdict = IDENTITY_KNOWN;

	if (fault != DNC_TOKEN_GOOD) {
		i->counts->refused_tokens[fault]++;
		dnc_warn("token from %s rejected: %s while its request was under way, subject %s",
			address, dnc_token_fault_name(fault), who->subject);
		audit_refused(i->audit, address, known, dnc_token_fault_name(fault));
		verdict = IDENTITY_REJECTED;
	} else if (!may(newest, who, permission)) {
		audit_refused(i->audit, address, known,
			"the role has lost the permission that the request needs");
		verdict = IDENTITY_FORBIDDEN;
	}
	dnc_auth_snapshot_unref(newest);
	return verdict;
}

/* A ticket that a request shows, or what it shows in its place. */
struct ticket_text {
	bool found;
	size_t n;
	char text[DNC_TICKET_LEN + 1]; /* one more, so that a longer one has another length */
};

/* `Bearer T`, RFC 6750 section 2.1. */
static enum identity_verdict by_header(
	struct identity *i, struct dnc_str value, const char *address, struct principal *out)
{
	static const char scheme[] = "Bearer ";
	const size_t n = sizeof scheme - 1;

	if (value.n > n && strncasecmp(value.p, scheme, n) == 0)
		return identity_of_token(
			i, address, dnc_str_trim((struct dnc_str){value.p + n, value.n - n}), out);
	count_failure(i, address);
	return IDENTITY_REJECTED;
}

/* Copies the value of the argument `ticket`. */
static int copy_ticket(void *ctx, struct dnc_str name, struct dnc_str value, struct dnc_error *err)
{
	struct ticket_text *text = ctx;

	(void)err;
	if (!dnc_str_eq(name, DNC_STR("ticket")))
		return 0;
	if (text->found) { /* of two none is valid: others may choose another one of them */
		text->n = 0;
		return 0;
	}
	text->found = true;
	/* None that is known has another length: see looks_like_ticket(). */
	text->n = value.n <= sizeof text->text ? value.n : sizeof text->text;
	memcpy(text->text, value.p, text->n);
	return 0;
}

/* Browsers can't set headers, so a WebSocket's ticket is among the subprotocols, and a stream's in its address. */
static void find_ticket(
	const struct http_head *head, enum ticket_place place, struct ticket_text *out)
{
	static const struct dnc_str mark = {"dnc.ticket.", 11};
	struct dnc_error err;
	struct http_list list;
	struct dnc_str entry;

	out->found = false;
	if (place == TICKET_QUERY && head->query.p)
		query_parse(head->query, copy_ticket, out,
			&err); /* its errors are those of the route */
	if (place != TICKET_SUBPROTOCOL)
		return;
	list = http_list_start(head, DNC_STR("sec-websocket-protocol"));
	while (http_list_next(&list, &entry))
		if (entry.n > mark.n && memcmp(entry.p, mark.p, mark.n) == 0)
			copy_ticket(out, DNC_STR("ticket"),
				(struct dnc_str){entry.p + mark.n, entry.n - mark.n}, &err);
}

/* True if TEXT has the form of a ticket. Such texts do not count as failures: a ticket has too many bits to be guessed, so
 * the client has had it from the hub. A browser that reconnects by itself shows one that is used. */
static bool looks_like_ticket(struct dnc_str text)
{
	if (text.n != DNC_TICKET_LEN)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return false;
	}
	return true;
}

static enum identity_verdict by_ticket(struct identity *i, const struct ticket_text *shown,
	const char *address, struct principal *out)
{
	struct dnc_str ticket = {shown->text, shown->n};

	if (is_blocked(i, address))
		return IDENTITY_BLOCKED;
	if (dnc_ticket_redeem(i->auth, ticket, &out->identity)) {
		identity_resolve(i, out);
		return IDENTITY_KNOWN;
	}
	if (!looks_like_ticket(ticket))
		count_failure(i, address);
	dnc_warn("ticket from %s rejected: used, expired, unknown, or its token is no longer valid",
		address);
	audit_refused(i->audit, address, NULL, "ticket");
	return IDENTITY_REJECTED;
}

enum identity_verdict identity_of_request(struct identity *i, const struct http_head *head,
	enum ticket_place place, const char *address, struct principal *out)
{
	struct dnc_str header = http_head_field(head, DNC_STR("authorization"));
	struct ticket_text shown;
	enum identity_verdict verdict = IDENTITY_NONE;

	memset(out, 0, sizeof *out);
	if (!identity_required(i)) {
		identity_default(i, out);
		return IDENTITY_KNOWN;
	}
	if (header.p)
		return by_header(i, header, address, out);
	find_ticket(head, place, &shown);
	if (shown.found)
		verdict = by_ticket(i, &shown, address, out);
	sodium_memzero(&shown, sizeof shown);
	return verdict;
}
