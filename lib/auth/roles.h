/* roles.h - what somebody may see and do.
 *
 * A role names a set of permissions, which events it sees, and how fast it gets them. Some are built in
 * (dnc_roles_print() lists them); a file in INI form changes them or adds others:
 *
 *     [role night-shift]
 *     permissions = dnc:read dnc:stream
 *     sees = {"event_types": ["dnc.number.*"]}
 *     rate = 600/min
 *     burst = 1200
 *
 * What a section leaves out stays as built in, or as in the role "other". Roles are read once and then
 * only looked at, by any thread. */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include "base/buf.h"
#include "base/err.h"
#include "filter/filter.h"

enum dnc_permission {
	DNC_MAY_READ = 1,            /* dnc:read: what the hub says of itself */
	DNC_MAY_STREAM = 2,          /* dnc:stream: events as they come */
	DNC_MAY_REPLAY = 4,          /* dnc:replay: events of the past */
	DNC_MAY_SEE_NUMBERS = 8,     /* dnc:pii: whole numbers, not masked ones */
	DNC_MAY_PUBLISH = 16,        /* dnc:publish */
	DNC_MAY_SEE_VIOLATIONS = 32, /* compliance:read */
	DNC_MAY_READ_TELEPHONY = 64, /* telephony:read: carried for other programs */
	DNC_MAY_LIST_CLIENTS = 128,  /* clients:read */
	DNC_MAY_READ_METRICS = 256,  /* metrics:read */
	DNC_PERMISSIONS = 9,         /* how many there are */
	DNC_MAY_ALL = (1 << DNC_PERMISSIONS) - 1,
};

/* "dnc:read" and so on, in the order of their bits. */
extern const struct dnc_str dnc_permission_names[DNC_PERMISSIONS];

/* 0 when NAME is none. */
unsigned dnc_permission_from_name(struct dnc_str name);

/* Appends them as a JSON array. */
void dnc_permissions_write(struct dnc_buf *b, unsigned permissions);

#define DNC_ROLE_NAME_MAX 48

struct dnc_role {
	char name[DNC_ROLE_NAME_MAX];
	unsigned permissions;
	bool sees_nothing;
	const struct dnc_filter *sees; /* NULL: all, or nothing */
	unsigned per_minute, burst;    /* of events; per_minute 0: no limit */
};

/* The types that somebody with this role and these permissions (the role's and perhaps more) sees: a bit
 * for each enum dnc_type. */
unsigned dnc_role_types(const struct dnc_role *role, unsigned permissions);

struct dnc_roles;

/* The built-in roles, changed by the file PATH unless that is NULL. NULL with ERR, which names the line;
 * its code is an errno, EINVAL for what is wrong inside. */
struct dnc_roles *dnc_roles_load(const char *path, struct dnc_error *err);

/* NULL is allowed. */
void dnc_roles_free(struct dnc_roles *roles);

/* The role NAME, or "other" when there is none: that may do nothing by itself. */
const struct dnc_role *dnc_roles_find(const struct dnc_roles *roles, struct dnc_str name);

/* True when there is a role of this name. */
bool dnc_roles_has(const struct dnc_roles *roles, struct dnc_str name);

/* Prints all, in the form of a file. */
void dnc_roles_print(const struct dnc_roles *roles, FILE *to);
