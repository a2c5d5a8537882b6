/* session.h - a client of the stream, by WebSocket or server-sent events: its connection, its identity, and
 * its subscriber in the hub.
 *
 * A session is created with the connection (CONN_OPENING), started when the client has authenticated (CONN_OPEN),
 * leaves the hub in the call that ends it, and is freed when the library drops the connection. It holds the
 * auth snapshot that its role comes from. All functions run in the thread of the server's loop. */
#pragma once
#include "base/bucket.h"
#include "base/list.h"
#include "conn.h"
#include "heartbeat.h"
#include "identity.h"
#include "inbox.h"
#include "lag.h"
#include "limits.h"

struct sessions;

struct session {
	struct conn conn; /* first: the hub's and the connection's callbacks convert */
	struct sessions *all;
	struct dnc_list link; /* of all */
	struct heartbeat heartbeat;
	struct dnc_subscriber *subscriber;        /* NULL unless CONN_OPEN: any send may end it */
	const struct dnc_auth_snapshot *snapshot; /* held; NULL before the start */
	const struct dnc_role *role;              /* of the snapshot; NULL before the start */
	struct dnc_identity *identity;            /* owned; NULL: authentication is disabled */
	char *address;                            /* owned */
	unsigned permissions;                     /* of enum dnc_permission */
	unsigned rendering;                       /* of enum dnc_rendering */
	struct limits_slot slot;
	struct limits_admission *admission; /* of its connection */
	struct inbox inbox;                 /* what came in pieces */
	struct dnc_buf query;         /* the subscription in the query string of the upgrade, as a
				      message, until it is made */
	struct dnc_buf pending_id;    /* `id` of the last subscribe request */
	struct dnc_buf superseded_id; /* the same of the request that it replaces, */
	bool superseded;              /* if that has yet to be told so */
	struct dnc_bucket messages;
	int64_t connected_ms, active_ms; /* since 1970 */
	uint64_t number, received;
	uint64_t hubs_changes; /* of all, when it was told of other hubs last */
	struct lag lag;
	struct session_sent {
		uint64_t events, first_seq, last_seq;
	} sent; /* as of when it left the hub */
};

/* What a session is made of; all borrowed. */
struct session_source {
	struct lws *wsi;
	const struct wire *wire;
	unsigned rendering;                 /* of enum dnc_rendering, what the client asked for */
	const char *address;                /* of the client; copied */
	struct limits_admission *admission; /* must outlive the session */
};

/* Creates the session of a new connection in SLOT. To be freed with session_free(). NULL when there
 * is no memory. */
struct session *session_new(
	struct sessions *all, struct session **slot, const struct session_source *source);

/* Ends the session in SLOT, which is cleared. NULL in it is allowed. */
void session_free(struct session **slot);

/* Counts the session against the limits. Returns CLOSE_NONE, or the limit that it exceeds. */
enum close_reason session_enter(struct session *s, const struct principal *principal);

/* Joins the hub as PRINCIPAL and sends the established message; after session_enter(). -1 when there is no
 * memory. */
int session_start(struct session *s, const struct principal *principal);

/* Both, and closes the connection if a limit is exceeded. -1 when there is no memory. */
int session_admit(struct session *s, const struct principal *principal);

/* Handles a token that came in a message with ID: it starts the session (CONN_OPEN), renews it, is refused, or ends
 * the connection. */
void session_authenticate(struct session *s, struct dnc_str token, struct dnc_str id);

/* Closes the connection if its token has expired. RENEWED: there is a new auth snapshot; closes the
 * connection if its token was revoked, else looks up its role and permissions again. */
void session_refresh(struct session *s, bool renewed);

/* The client sent something: postpones its next ping. */
void session_heard(struct session *s);

/* Nothing waits, and all events were sent. */
bool session_is_done(const struct session *s);
