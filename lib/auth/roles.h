/* roles.h - roles: permissions, visible events, and rate limits.
 *
 * Some roles are built in (dnc_roles_print() lists them); a file in INI form changes them or adds others:
 *
 *     [role night-shift]
 *     permissions = dnc:read dnc:stream
 *     sees = {"event_types": ["dnc.number.*"]}
 *     shows = event_data.list_name
 *     hides = provider, provider_id
 *     rate = 600/min
 *     burst = 1200
 *
 *     [filter violations]
 *     filter = {"event_types": ["dnc.compliance.violation"]}
 *     about = What must be answered within a day
 *     roles = compliance admin
 *
 * Such a filter is offered to people by its name; it restricts nobody. Keys omitted from a section of a role keep
 * their built-in values; a new role has those of the role "other", wherever in the file that stands. Loaded roles
 * are constant: any thread may read them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/buf.h"
#include "base/err.h"
#include "event/mask.h"
#include "filter/filter.h"

enum dnc_permission {
	DNC_MAY_READ = 1,            /* dnc:read: information about the hub */
	DNC_MAY_STREAM = 2,          /* dnc:stream: live events */
	DNC_MAY_REPLAY = 4,          /* dnc:replay: past events */
	DNC_MAY_SEE_NUMBERS = 8,     /* dnc:pii: numbers without masks */
	DNC_MAY_PUBLISH = 16,        /* dnc:publish */
	DNC_MAY_SEE_VIOLATIONS = 32, /* compliance:read */
	DNC_MAY_READ_TELEPHONY = 64, /* telephony:read: not used here, for other programs */
	DNC_MAY_LIST_CLIENTS = 128,  /* clients:read */
	DNC_MAY_READ_METRICS = 256,  /* metrics:read */
	DNC_PERMISSIONS = 9,         /* the number of permissions */
	DNC_MAY_ALL = (1 << DNC_PERMISSIONS) - 1,
};

/* "dnc:read" and so on, by bit number. */
extern const struct dnc_str dnc_permission_names[DNC_PERMISSIONS];

/* The bit of the permission NAME; 0 if it is unknown. */
unsigned dnc_permission_from_name(struct dnc_str name);

/* Appends a JSON array of the names of PERMISSIONS. */
void dnc_permissions_write(struct dnc_buf *b, unsigned permissions);

#define DNC_ROLE_NAME_MAX 48

/* The longest name that a file can define, in bytes: libinih cuts the name of a section to 49 bytes, of which 5 are "role ",
 * and a name of 44 bytes may have been cut. */
enum { DNC_ROLE_NAME_BYTES = 43 };

/* So many roles may there be, with those that are built in. */
enum { DNC_ROLES_MAX = 64 };

struct dnc_role {
	char name[DNC_ROLE_NAME_MAX];
	unsigned permissions;
	bool sees_nothing;
	const struct dnc_filter *sees; /* NULL: all events, or none */
	const struct dnc_mask
		*mask; /* without dnc:pii: fields shown besides, or hidden; NULL: none */
	unsigned per_minute, burst; /* events; per_minute 0: no limit */
	unsigned keys;              /* while they are loaded: those that are set, a bit each */
};

/* The event types that a client with ROLE and PERMISSIONS (those of the role and of its token) may see: a bit for
 * each enum dnc_type. */
unsigned dnc_role_types(const struct dnc_role *role, unsigned permissions);

/* True if who has PERMISSIONS publishes events and receives masked ones: it sees what becomes of the ids in its own events,
 * and can try what is behind those of others. */
bool dnc_may_guess(unsigned permissions);

/* Of a section [filter NAME]: libinih's 49 bytes less "filter " and one, as above; and bytes of its values, which fit one
 * line, except the JSON. */
enum {
	DNC_NAMED_FILTERS_MAX = 64,
	DNC_NAMED_FILTER_BYTES = 41,
	DNC_NAMED_FILTER_ABOUT = 160,
	DNC_NAMED_FILTER_TEXT = 8192,
};

struct dnc_named_filter {
	char name[DNC_NAMED_FILTER_BYTES + 1];
	char about[DNC_NAMED_FILTER_ABOUT + 1]; /* empty: nothing is said */
	const struct dnc_filter *filter;
	uint64_t roles;   /* private: to which it is offered, a bit each; 0: all */
	char *role_names; /* while they are loaded */
};

struct dnc_roles;

/* Loads the built-in roles and, unless PATH is NULL, the file PATH. Returns NULL with ERR, which names the line
 * or section; its code is an errno, EINVAL for invalid content. To be freed with dnc_roles_free(). */
struct dnc_roles *dnc_roles_load(const char *path, struct dnc_error *err);

/* NULL is allowed. */
void dnc_roles_free(struct dnc_roles *roles);

/* The role NAME, or "other", which has no permissions, if it does not exist. Borrowed from ROLES. */
const struct dnc_role *dnc_roles_find(const struct dnc_roles *roles, struct dnc_str name);

/* The role INDEX, from 0; NULL past the last. Borrowed from ROLES. */
const struct dnc_role *dnc_roles_at(const struct dnc_roles *roles, size_t index);

/* The named filter INDEX, in the order of the file; NULL past the last. Borrowed from ROLES. */
const struct dnc_named_filter *dnc_roles_filter(const struct dnc_roles *roles, size_t index);

/* True if F is offered to ROLE; both are of ROLES. */
bool dnc_roles_offer(const struct dnc_roles *roles, const struct dnc_named_filter *f,
	const struct dnc_role *role);

/* Prints all roles and named filters as a file that dnc_roles_load() reads. */
void dnc_roles_print(const struct dnc_roles *roles, FILE *to);
