#include "priv/session.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "hub/account.h"
#include "priv/messages.h"
#include "priv/request.h"
#include "priv/session_audit.h"
#include "priv/sessions.h"

/* The only place where a session leaves the hub. */
static void on_ended(struct conn *c)
{
	struct session *s = (struct session *)c;

	if (!s->subscriber)
		return;
	s->sent = (struct session_sent){dnc_subscriber_sent(s->subscriber),
		dnc_subscriber_first_sent(s->subscriber), dnc_subscriber_last_sent(s->subscriber)};
	dnc_hub_leave(s->subscriber);
	s->subscriber = NULL;
}

static void on_ready(struct conn *c)
{
	struct session *s = (struct session *)c;

	if (s->subscriber)
		dnc_subscriber_ready(s->subscriber);
}

static struct wire_position position(const struct conn *c)
{
	const struct session *s = (const struct session *)c;
	struct wire_position position = {.epoch = dnc_hub_epoch(s->all->hub)};

	position.known = s->subscriber && dnc_subscriber_active(s->subscriber) &&
	                 !dnc_subscriber_owed_gap(s->subscriber);
	if (position.known)
		position.seq = dnc_subscriber_next(s->subscriber) - 1;
	return position;
}

static const struct conn_owner owner = {on_ready, on_ended, position};

struct session *session_new(
	struct sessions *all, struct session **slot, const struct session_source *source)
{
	struct session *s = calloc(1, sizeof *s);

	if (!s || !(s->address = strdup(source->address))) {
		free(s);
		return NULL;
	}
	conn_init(&s->conn, source->wsi, source->wire, &owner, &all->conns);
	s->all = all;
	s->rendering = source->rendering;
	s->admission = source->admission;
	s->connected_ms = s->active_ms = dnc_clock_now_ms();
	s->number = limits_number(all->limits);
	dnc_bucket_init(&s->messages, MESSAGES_PER_S * 60, MESSAGES_BURST, dnc_clock_mono_ms());
	dnc_list_append(&all->list, &s->link);
	all->count++;
	all->stats->counts.connections++;
	if (source->wire->duplex)
		heartbeat_enter(&all->opening, &s->heartbeat, dnc_clock_mono_ms());
	*slot = s;
	return s;
}

void session_free(struct session **slot)
{
	struct session *s = *slot;
	bool closed;

	if (!s)
		return;
	*slot = NULL;
	closed = !conn_accepts(&s->conn);
	conn_gone(&s->conn);
	s->all->stats->counts.closed[s->conn.reason]++;
	if (s->role || (closed && close_reason_rows[s->conn.reason].code))
		audit_disconnect(s);
	heartbeat_leave(&s->heartbeat);
	lag_leave(s);
	limits_leave(s->all->limits, &s->slot);
	dnc_list_remove(&s->link);
	s->all->count--;
	dnc_auth_snapshot_unref(s->snapshot);
	conn_destroy(&s->conn);
	inbox_free(&s->inbox);
	dnc_buf_free(&s->query);
	dnc_buf_free(&s->pending_id);
	dnc_buf_free(&s->superseded_id);
	free(s->identity);
	free(s->address);
	free(s);
}

void session_heard(struct session *s)
{
	if (s->conn.state == CONN_OPENING)
		return; /* the time limit to authenticate does not depend on what is sent */
	heartbeat_enter(s->conn.wire->duplex ? &s->all->heard : &s->all->streams, &s->heartbeat,
		dnc_clock_mono_ms());
}

enum close_reason session_enter(struct session *s, const struct principal *principal)
{
	static const enum close_reason reasons[] = {[LIMITS_OK] = CLOSE_NONE,
		[LIMITS_FULL] = CLOSE_CONNECTIONS,
		[LIMITS_ADDRESS] = CLOSE_CONNECTIONS_ADDRESS,
		[LIMITS_SUBJECT] = CLOSE_CONNECTIONS_SUBJECT};
	struct sessions *all = s->all;
	const struct dnc_identity *identity =
		identity_required(all->identity) ? &principal->identity : NULL;
	enum close_reason reason = reasons[limits_enter(
		all->limits, s->address, identity ? identity->subject : NULL, &s->slot)];

	if (reason == CLOSE_NONE)
		limits_settle(all->limits, s->admission);
	if (reason != CLOSE_NONE) {
		audit_refused(all->audit, s->address, identity, close_reason_rows[reason].text);
		all->stats->counts.refused++;
	}
	return reason;
}

/* Sets role, permissions and identity, with a reference to the snapshot that they come from. */
static void set_identity(struct session *s, const struct principal *principal)
{
	const struct dnc_auth_snapshot *old = s->snapshot;

	s->snapshot = dnc_auth_snapshot_ref(s->all->identity->snapshot);
	s->role = principal->role;
	s->permissions = principal->permissions;
	if (s->identity)
		*s->identity = principal->identity;
	dnc_auth_snapshot_unref(old);
}

static struct dnc_rate rate_of(const struct dnc_role *role)
{
	return (struct dnc_rate){role->per_minute, role->burst};
}

/* Joins the hub with the account of the subject or, without authentication, of the address. -1 when there is no memory. */
static int join(struct session *s, const struct principal *principal)
{
	struct dnc_hub *hub = s->all->hub;
	struct dnc_view view = identity_view(principal->role, principal->permissions, s->rendering);
	struct dnc_rate rate = rate_of(principal->role);
	struct dnc_account *account =
		dnc_hub_account(hub, s->identity ? s->identity->subject : s->address);

	if (account)
		s->subscriber = dnc_hub_join(hub, s, &view, &rate);
	if (s->subscriber)
		dnc_subscriber_set_account(s->subscriber, account);
	dnc_account_unref(account);
	return s->subscriber ? 0 : -1;
}

int session_start(struct session *s, const struct principal *principal)
{
	if (identity_required(s->all->identity) && !(s->identity = malloc(sizeof *s->identity)))
		return -1;
	set_identity(s, principal);
	s->conn.state = CONN_OPEN;
	session_heard(s);
	if (join(s, principal) < 0)
		return -1;
	audit_session(s, "connected");
	send_established(s);
	return 0;
}

int session_admit(struct session *s, const struct principal *principal)
{
	enum close_reason reason = session_enter(s, principal);

	if (reason == CLOSE_NONE)
		return session_start(s, principal);
	conn_close(&s->conn, reason);
	return 0;
}

static void refuse(struct session *s, struct dnc_str id, int code, const char *message)
{
	struct dnc_error err;

	dnc_error_set(&err, code, "%s", message);
	send_error(s, id, &err);
}

/* The client may not read the past any more. */
static void leave_past(struct session *s)
{
	if (dnc_subscriber_leave_past(s->subscriber))
		return;
	refuse(s, dnc_buf_view(&s->pending_id), REQUEST_EFORBIDDEN,
		"access denied: the role has lost dnc:replay, which is required to start in the "
		"past");
	if (s->subscriber)
		dnc_hub_unsubscribe(s->subscriber);
}

/* Applies a changed role, permissions or rate. -1 when there is no memory. */
static int update(struct session *s, const struct principal *principal)
{
	bool replayed = s->permissions & DNC_MAY_REPLAY;
	struct dnc_view view = identity_view(principal->role, principal->permissions, s->rendering);
	struct dnc_rate rate = rate_of(principal->role);

	set_identity(s, principal);
	/* Checked first: what waits for the client is sent as soon as the view and the rate are set. */
	if (dnc_subscriber_active(s->subscriber) && !(s->permissions & DNC_MAY_STREAM)) {
		conn_close(&s->conn, CLOSE_FORBIDDEN);
		return 0;
	}
	if (replayed && !(s->permissions & DNC_MAY_REPLAY))
		leave_past(s);
	if (!s->subscriber)
		return 0;
	return dnc_subscriber_set_view(s->subscriber, &view, &rate);
}

void session_refresh(struct session *s, bool renewed)
{
	static const enum close_reason reasons[DNC_TOKEN_FAULTS] = {
		[DNC_TOKEN_REVOKED] = CLOSE_TOKEN_REVOKED,
		[DNC_TOKEN_UNKNOWN_KEY] = CLOSE_KEY_REMOVED};
	const struct identity *identity = s->all->identity;
	enum close_reason reason = CLOSE_NONE;
	struct principal principal;

	if (s->conn.state != CONN_OPEN)
		return;
	if (s->identity && dnc_clock_now_ms() >= s->identity->expires_ms) {
		conn_close(&s->conn, CLOSE_TOKEN_EXPIRED);
		return;
	}
	if (!renewed)
		return;
	if (s->identity)
		reason = reasons[dnc_auth_recheck(identity->snapshot, s->identity)];
	if (reason != CLOSE_NONE) {
		conn_close(&s->conn, reason);
		return;
	}
	if (s->identity) {
		principal.identity = *s->identity;
		identity_resolve(identity, &principal);
	} else {
		identity_default(identity, &principal);
	}
	if (update(s, &principal) < 0)
		conn_lost(&s->conn);
}

static void renew(struct session *s, const struct principal *principal, struct dnc_str id)
{
	if (!s->identity || strcmp(s->identity->subject, principal->identity.subject) != 0) {
		refuse(s, id, REQUEST_EFORBIDDEN, "access denied: the token has another subject");
	} else if (update(s, principal) < 0) {
		conn_lost(&s->conn);
	} else {
		audit_session(s, "renewed");
		send_renewed(s, id);
	}
}

/* The token was accepted. */
static void accept_token(struct session *s, const struct principal *principal, struct dnc_str id)
{
	if (s->conn.state == CONN_OPEN)
		renew(s, principal, id);
	else if (session_admit(s, principal) < 0)
		conn_lost(&s->conn);
}

/* Ends a connection that has no other token, and answers one that has. */
static void reject(struct session *s, struct dnc_str id, enum close_reason reason, int code)
{
	if (s->conn.state == CONN_OPENING)
		conn_close(&s->conn, reason);
	else
		refuse(s, id, code, close_reason_rows[reason].text);
}

void session_authenticate(struct session *s, struct dnc_str token, struct dnc_str id)
{
	struct identity *identity = s->all->identity;
	struct principal principal = {0};

	enum identity_verdict verdict;

	if (!identity_required(identity)) {
		refuse(s, id, REQUEST_EUNAVAILABLE, "authentication is disabled");
		return;
	}
	verdict = identity_of_token(identity, s->address, token, &principal);
	if (verdict == IDENTITY_KNOWN)
		accept_token(s, &principal, id);
	else if (verdict == IDENTITY_NO_MEMORY)
		reject(s, id, CLOSE_MEMORY, REQUEST_EUNAVAILABLE);
	else
		reject(s, id, CLOSE_TOKEN_REJECTED, REQUEST_EUNAUTHENTICATED);
	sodium_memzero(&principal, sizeof principal);
}

bool session_is_done(const struct session *s)
{
	return conn_is_idle(&s->conn) &&
	       (!s->subscriber || !dnc_subscriber_active(s->subscriber) ||
		       dnc_subscriber_next(s->subscriber) > dnc_ring_last(s->all->ring));
}
