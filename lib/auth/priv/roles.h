/* roles.h - the roles in memory: for the file that reads them and the one that prints them. */
#pragma once
#include "auth/roles.h"
#include "base/buf.h"
#include "base/err.h"

enum { ROLES_MAX = 64 };

/* `keys` of a role whose keys are all set. */
enum { ROLE_ALL_KEYS = 63 };

struct dnc_roles {
	struct dnc_role *role[ROLES_MAX];
	size_t count;
	/* While a file is read: the value that the next line may continue. */
	struct dnc_error err;
	struct dnc_role *open;
	char key[32];
	struct dnc_buf value;
};

/* Sets the value of the key NAME. -1 with ERR. */
int role_set(struct dnc_role *role, const char *name, const char *value, struct dnc_error *err);

/* Gives ROLE the values of OTHER for the keys that are not set. -1 with ERR. */
int role_inherit(struct dnc_role *role, const struct dnc_role *other, struct dnc_error *err);
