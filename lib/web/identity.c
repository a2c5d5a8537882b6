#include "priv/identity.h"
#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/clock.h"
#include "base/log.h"

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

bool identity_is_local_socket(struct lws *wsi)
{
	struct sockaddr_storage own;
	socklen_t n = sizeof own;

	return getsockname(lws_get_socket_fd(wsi), (struct sockaddr *)&own, &n) == 0 &&
	       own.ss_family == AF_UNIX;
}

/* The last address is the one that the proxy itself added; those before it may be forged. */
static bool forwarded_for(struct lws *wsi, char address[ADDRESS_MAX])
{
	unsigned char binary[sizeof(struct in6_addr)];
	char list[512], *last;
	int n = lws_hdr_copy(wsi, list, sizeof list, WSI_TOKEN_X_FORWARDED_FOR);

	if (n <= 0)
		return false;
	last = strrchr(list, ',');
	last = last ? last + 1 : list;
	last += strspn(last, " ");
	if (inet_pton(AF_INET, last, binary) != 1 && inet_pton(AF_INET6, last, binary) != 1)
		return false;
	snprintf(address, ADDRESS_MAX, "%s", last);
	return true;
}

void identity_address(const struct identity *i, struct lws *wsi, char address[ADDRESS_MAX])
{
	address[0] = '\0';
	if (!identity_is_local_socket(wsi)) {
		lws_get_peer_simple(wsi, address, ADDRESS_MAX);
		return;
	}
	if (!i->trust_proxy || !forwarded_for(wsi, address))
		snprintf(address, ADDRESS_MAX, "local");
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
		.rendering = rendering | (permissions & DNC_MAY_SEE_NUMBERS ? 0 : DNC_MASKED)};
}

static bool is_blocked(struct identity *i, const char *address)
{
	return throttle_blocks(i->throttle, address, dnc_clock_mono_ms());
}

static void count_failure(struct identity *i, const char *address)
{
	throttle_failed(i->throttle, address, dnc_clock_mono_ms());
}

enum identity_verdict identity_of_token(
	struct identity *i, const char *address, struct dnc_str token, struct principal *out)
{
	const struct dnc_token_rules rules = {.keys = i->snapshot->keys,
		.revoked = i->snapshot->revoked,
		.audience = i->snapshot->audience,
		.now_ms = dnc_clock_now_ms()};
	struct dnc_error err;

	if (is_blocked(i, address))
		return IDENTITY_BLOCKED;
	if (dnc_token_check(i->parser, &rules, token, &out->identity, &err) < 0) {
		count_failure(i, address);
		i->counts->refused_tokens[err.code]++;
		dnc_warn("token from %s rejected: %s: %s", address, dnc_token_fault_name(err.code),
			err.message);
		audit_refused(i->audit, address, &out->identity, dnc_token_fault_name(err.code));
		return IDENTITY_REJECTED;
	}
	identity_resolve(i, out);
	return IDENTITY_KNOWN;
}

/* `Bearer T`, RFC 6750 section 2.1. */
static enum identity_verdict by_header(
	struct identity *i, struct lws *wsi, const char *address, struct principal *out)
{
	static const char scheme[] = "Bearer ";
	char text[DNC_TOKEN_MAX + sizeof scheme + 1];
	enum identity_verdict verdict = IDENTITY_REJECTED;
	int n = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_AUTHORIZATION);

	if (n > (int)sizeof scheme - 1 && strncasecmp(text, scheme, sizeof scheme - 1) == 0)
		verdict = identity_of_token(i, address,
			(struct dnc_str){text + sizeof scheme - 1, (size_t)n - (sizeof scheme - 1)},
			out);
	else
		count_failure(i, address);
	sodium_memzero(text, sizeof text);
	return verdict;
}

/* Browsers can't set headers, so a WebSocket's ticket is among the subprotocols, and a stream's in its address. The
 * ticket points into SPACE; p is NULL when there is none. */
static struct dnc_str find_ticket(
	struct lws *wsi, enum ticket_place place, char *space, size_t size)
{
	static const char mark[] = "dnc.ticket.", name[] = "ticket=";
	struct dnc_str ticket = {0};
	const char *at;

	if (place == TICKET_QUERY) {
		at = lws_get_urlarg_by_name(wsi, name, space, (int)size);
		/* The library has given the value with and without the equals sign. */
		if (at)
			ticket.p = at + (*at == '=');
	} else if (place == TICKET_SUBPROTOCOL &&
		   lws_hdr_copy(wsi, space, (int)size, WSI_TOKEN_PROTOCOL) > 0) {
		at = strstr(space, mark);
		if (at)
			ticket.p = at + sizeof mark - 1;
	}
	if (ticket.p)
		ticket.n = strcspn(ticket.p, ", \t");
	return ticket;
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

/* The token that it was issued for may have expired or been revoked since. */
static bool redeem(struct identity *i, struct dnc_str ticket, struct principal *out)
{
	return dnc_ticket_redeem(i->auth, ticket, &out->identity) &&
	       dnc_clock_now_ms() < out->identity.expires_ms &&
	       !dnc_revoked_has(i->snapshot->revoked, out->identity.jti);
}

static enum identity_verdict by_ticket(struct identity *i, struct lws *wsi, enum ticket_place place,
	const char *address, struct principal *out)
{
	char space[256];
	struct dnc_str ticket = find_ticket(wsi, place, space, sizeof space);

	if (!ticket.p)
		return IDENTITY_NONE;
	if (is_blocked(i, address))
		return IDENTITY_BLOCKED;
	if (redeem(i, ticket, out)) {
		identity_resolve(i, out);
		return IDENTITY_KNOWN;
	}
	memset(&out->identity, 0, sizeof out->identity);
	if (!looks_like_ticket(ticket))
		count_failure(i, address);
	dnc_warn("ticket from %s rejected: used, expired or unknown", address);
	audit_refused(i->audit, address, NULL, "ticket");
	return IDENTITY_REJECTED;
}

enum identity_verdict identity_of_request(
	struct identity *i, struct lws *wsi, enum ticket_place place, struct principal *out)
{
	char address[ADDRESS_MAX];

	memset(out, 0, sizeof *out);
	if (!identity_required(i)) {
		identity_default(i, out);
		return IDENTITY_KNOWN;
	}
	identity_address(i, wsi, address);
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION) > 0)
		return by_header(i, wsi, address, out);
	return by_ticket(i, wsi, place, address, out);
}
