/* audit.h - records of what clients did, as JSON objects for the audit log. What clients wrote is not in them but
 * for known words and masked numbers, and text of others is escaped (base/escape.h): people read them on terminals.
 * One struct audit belongs to one web server and its thread. */
#pragma once
#include "auth/auth.h"
#include "base/buf.h"
#include "metrics/recent.h"

struct audit {
	/* Gets each record; an empty one in the place of one for which there was no memory. */
	void (*write)(void *ctx, struct dnc_str json);
	void *ctx;
	struct dnc_buf record;       /* the current one */
	struct dnc_recent *refusals; /* who was refused, for people; borrowed; NULL: not noted */
};

/* Begins the record of WHAT ("connected") and returns it: members may be added until audit_end() writes it. IDENTITY
 * and ROLE may be NULL. A record for which there is no memory is lost, with a warning. */
struct dnc_buf *audit_begin(struct audit *a, const char *what, const struct dnc_identity *identity,
	const struct dnc_role *role, const char *address);
void audit_end(struct audit *a);

/* The record of a client or request that was refused. IDENTITY is NULL if it is not known. */
void audit_refused(struct audit *a, const char *address, const struct dnc_identity *identity,
	const char *reason);
