/* session.c - who gets in, as what, and for how long. */
#include <sodium.h>
#include <stdlib.h>
#include "base/clock.h"
#include "priv/serve.h"

struct dnc_view view_of(const struct dnc_role *role, unsigned permissions, unsigned rendering)
{
	return (struct dnc_view){.sees = role->sees,
		.types = dnc_role_types(role, permissions),
		.rendering = rendering | (permissions & DNC_MAY_SEE_NUMBERS ? 0 : DNC_MASKED)};
}

enum close_reason client_enter(struct client *c, const struct who *who)
{
	static const enum close_reason reasons[] = {[LIMITS_OK] = CLOSE_NONE,
		[LIMITS_FULL] = CLOSE_CONNECTIONS,
		[LIMITS_ADDRESS] = CLOSE_CONNECTIONS_ADDRESS,
		[LIMITS_SUBJECT] = CLOSE_CONNECTIONS_SUBJECT};
	const char *subject = c->web->access->keys ? who->identity.subject : NULL;
	enum limits_verdict verdict =
		limits_enter(c->web->options->door->limits, c->address, subject, &c->slot);

	if (verdict == LIMITS_OK)
		return CLOSE_NONE;
	audit_refused(&c->web->audit, c->address, subject ? &who->identity : NULL,
		close_reason_rows[reasons[verdict]].text);
	c->web->stats.counts.refused++;
	return reasons[verdict];
}

static struct dnc_rate pace_of(const struct dnc_role *role)
{
	return (struct dnc_rate){role->per_minute, role->burst};
}

int client_start(struct client *c, const struct who *who)
{
	struct dnc_view view = view_of(who->role, who->permissions, c->rendering);
	struct dnc_rate pace = pace_of(who->role);

	if (c->web->access->keys && !(c->identity = malloc(sizeof *c->identity)))
		return -1;
	if (c->identity)
		*c->identity = who->identity;
	c->role = who->role;
	c->permissions = who->permissions;
	client_heard(c);
	c->subscriber = dnc_hub_join(c->web->hub, c, &view, &pace);
	if (!c->subscriber)
		return -1;
	member_text(audit_of(c, "connected"), "protocol",
		c->sse ? "sse" : lws_get_protocol(c->wsi)->name);
	audit_end(&c->web->audit);
	send_established(c);
	return 0;
}

int client_admit(struct client *c, const struct who *who)
{
	enum close_reason full = client_enter(c, who);

	if (full == CLOSE_NONE)
		return client_start(c, who);
	client_close(c, full);
	return 0;
}

/* The role, the permissions, the rate may be others now. */
static int look_again(struct client *c, const struct who *who)
{
	struct dnc_view view = view_of(who->role, who->permissions, c->rendering);
	struct dnc_rate pace = pace_of(who->role);

	if (dnc_subscriber_set_view(c->subscriber, &view, &pace) < 0)
		return -1;
	c->role = who->role;
	c->permissions = who->permissions;
	if (c->identity)
		*c->identity = who->identity;
	if (dnc_subscriber_active(c->subscriber) && !(c->permissions & DNC_MAY_STREAM))
		client_close(c, CLOSE_FORBIDDEN);
	dnc_web_work(c->web);
	return 0;
}

void client_check(struct client *c, bool reloaded)
{
	const struct dnc_auth_snapshot *access = c->web->access;
	struct who who = {0};

	if (!c->role)
		return;
	/* The old roles go after this, whatever becomes of the client. */
	if (reloaded)
		c->role = dnc_roles_find(access->roles, dnc_str(c->role->name));
	if (c->close_code || c->dead)
		return;
	if (c->identity && dnc_clock_now_ms() >= c->identity->expires_ms) {
		client_close(c, CLOSE_TOKEN_EXPIRED);
		return;
	}
	if (!reloaded)
		return;
	if (c->identity && dnc_revoked_has(access->revoked, c->identity->jti)) {
		client_close(c, CLOSE_TOKEN_REVOKED);
		return;
	}
	if (c->identity) {
		who.identity = *c->identity;
		identity_resolve(c->web, &who);
	} else {
		who.role = access->default_role;
		who.permissions = who.role->permissions;
	}
	if (look_again(c, &who) < 0)
		client_lost(c);
}

void client_take_token(struct client *c, const struct request *r)
{
	struct dnc_error err;
	struct who who = {0};
	enum identity_verdict verdict =
		c->web->access->keys ? identity_of_token(c->web, c->address, r->token, &who)
				     : WHO_SILENT;

	if (verdict == WHO_SILENT) {
		dnc_error_set(&err, REQUEST_EUNAVAILABLE, "authentication is disabled");
		send_error(c, r->id, &err);
	} else if (verdict != WHO_KNOWN && !c->role) {
		client_close(c, CLOSE_TOKEN_REJECTED);
	} else if (verdict != WHO_KNOWN) {
		dnc_error_set(&err, REQUEST_EUNAUTHENTICATED, "token rejected");
		send_error(c, r->id, &err);
	} else if (!c->role) {
		struct dnc_buf query = c->pending_id;

		c->pending_id = (struct dnc_buf){0};
		if (client_admit(c, &who) < 0)
			client_lost(c);
		else if (c->subscriber && query.n && dnc_buf_reserve(&query, DNC_JSON_PADDING))
			client_take_message(c, query.p, query.n);
		dnc_buf_free(&query);
	} else if (!c->identity || strcmp(c->identity->subject, who.identity.subject) != 0) {
		dnc_error_set(
			&err, REQUEST_EFORBIDDEN, "access denied: the token is of another subject");
		send_error(c, r->id, &err);
	} else if (look_again(c, &who) < 0) {
		client_lost(c);
	} else {
		audit_of(c, "renewed");
		audit_end(&c->web->audit);
		send_renewed(c, r->id);
	}
	sodium_memzero(&who, sizeof who);
}
