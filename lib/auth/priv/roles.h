/* roles.h - the roles in memory: for the file that reads them and the one that prints them. */
#pragma once
#include "auth/roles.h"
#include "base/buf.h"
#include "base/err.h"

/* `keys` of a role whose keys are all set. */
enum { ROLE_ALL_KEYS = 63 };

_Static_assert(DNC_ROLES_MAX <= 64, "dnc_named_filter.roles has a bit for each role");

/* A section of the file: one of the two. */
struct roles_section {
	struct dnc_role *role;
	struct dnc_named_filter *filter;
};

struct dnc_roles {
	struct dnc_role *role[DNC_ROLES_MAX];
	size_t count;
	struct dnc_named_filter *filter[DNC_NAMED_FILTERS_MAX];
	size_t filter_count;
	/* While a file is read: the value that the next line may continue. */
	struct dnc_error err;
	struct roles_section open;
	char key[32], section[64];
	unsigned line; /* where the value starts, or what is wrong stands */
	struct dnc_buf value;
};

/* Sets the value of the key NAME. -1 with ERR. */
int role_set(struct dnc_role *role, const char *name, const char *value, struct dnc_error *err);

/* The filter NAME, made if there is none. NULL with ERR. */
struct dnc_named_filter *named_filter_add(
	struct dnc_roles *roles, const char *name, struct dnc_error *err);

/* Sets the value of KEY. -1 with ERR. */
int named_filter_set(
	struct dnc_named_filter *f, const char *key, const char *value, struct dnc_error *err);

/* After the whole file is read: -1 with ERR if a key is missing or names a role that does not exist. */
int named_filter_complete(
	const struct dnc_roles *roles, struct dnc_named_filter *f, struct dnc_error *err);

void named_filter_free(struct dnc_named_filter *f);

/* Gives ROLE the values of OTHER for the keys that are not set. -1 with ERR. */
int role_inherit(struct dnc_role *role, const struct dnc_role *other, struct dnc_error *err);
