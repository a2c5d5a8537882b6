/* roles.h - the roles in memory: for the file that reads them and the one that prints them. */
#pragma once
#include "auth/roles.h"
#include "base/buf.h"
#include "base/err.h"

enum { ROLES_MAX = 64 };

struct dnc_roles {
	struct dnc_role *role[ROLES_MAX];
	size_t count;
	/* While a file is read: the value that the next line may continue. */
	struct dnc_error err;
	struct dnc_role *open;
	char key[32];
	struct dnc_buf value;
};
