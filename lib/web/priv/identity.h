/* identity.h - the identity and the permissions of a client, from its token or ticket.
 *
 * One struct identity belongs to one web server and its thread. */
#pragma once
#include <sodium.h>
#include "address.h"
#include "audit.h"
#include "auth/auth.h"
#include "hub/hub.h"
#include "stats.h"
#include "throttle.h"

struct http_head;

/* Those of whom there was a warning that they may guess (dnc_may_guess()): hashes of subject, role and permissions. One that
 * has been replaced by another is warned of again. */
struct warned {
	unsigned char key
		[crypto_shorthash_KEYBYTES]; /* of this process, so that nobody can choose subjects of one slot */
	uint64_t slots[256];
};

struct identity {
	struct dnc_auth *auth;
	const struct dnc_auth_snapshot
		*snapshot;              /* a reference; the newest as of identity_renew() */
	struct dnc_json_parser *parser; /* of tokens */
	struct throttle *throttle;
	struct audit *audit;
	struct stats_counts *counts;
	bool trust_proxy; /* X-Forwarded-For of connections to a Unix socket */
	struct warned warned;
};

struct principal {
	const struct dnc_role *role; /* of the snapshot of that time, borrowed */
	unsigned permissions;        /* the role's, and the token's */
	struct dnc_identity identity;
};

enum identity_verdict {
	IDENTITY_KNOWN,
	IDENTITY_NONE,      /* no token, no ticket */
	IDENTITY_REJECTED,  /* the token or ticket is not valid */
	IDENTITY_BLOCKED,   /* not checked: its address is blocked */
	IDENTITY_NO_MEMORY, /* not checked: that takes memory */
	IDENTITY_FORBIDDEN, /* the role has lost the permission; of identity_recheck() alone */
};

/* Acquires the newest snapshot. All pointers are borrowed. -1 when there is no memory. */
int identity_init(struct identity *i, struct dnc_auth *auth, struct throttle *throttle,
	struct audit *audit, struct stats_counts *counts, bool trust_proxy);
void identity_destroy(struct identity *i);

/* Acquires the newest snapshot in place of an older one. True when there is a new one. */
bool identity_renew(struct identity *i);

/* False: authentication is disabled, and clients have the default role. */
static inline bool identity_required(const struct identity *i)
{
	return i->snapshot->keys != NULL;
}

/* Where a request may have a ticket, which opens a stream and nothing else. */
enum ticket_place { TICKET_NONE, TICKET_SUBPROTOCOL, TICKET_QUERY };

/* Checks the bearer token of a request from ADDRESS, or the ticket in PLACE. */
enum identity_verdict identity_of_request(struct identity *i, const struct http_head *head,
	enum ticket_place place, const char *address, struct principal *out);

/* Checks a token that came in a message. */
enum identity_verdict identity_of_token(
	struct identity *i, const char *address, struct dnc_str token, struct principal *out);

/* Checks WHO, who was admitted from ADDRESS, again before what it asked for is done, because that took long: by the newest
 * snapshot, which may be newer than the one in I. IDENTITY_KNOWN if it still may do what PERMISSION is for;
 * IDENTITY_REJECTED if its token has expired or been revoked, or its key was removed; or IDENTITY_FORBIDDEN. A refusal
 * is audited, but does not count against the address: a token that ends is no guess. */
enum identity_verdict identity_recheck(struct identity *i, const char *address,
	const struct dnc_identity *who, unsigned permission);

/* Sets role and permissions of the identity in OUT from the present snapshot. */
void identity_resolve(const struct identity *i, struct principal *out);

/* Sets OUT to the default role, which all clients have when authentication is disabled. */
void identity_default(const struct identity *i, struct principal *out);

/* The view of a client with this role and these permissions, which asked for RENDERING. */
struct dnc_view identity_view(
	const struct dnc_role *role, unsigned permissions, unsigned rendering);
