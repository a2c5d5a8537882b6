/* upgrade.h - what is known of a connection between the check of its upgrade and its start. */
#pragma once
#include <stdbool.h>
#include "identity.h"

struct upgrade {
	bool deflates, known;
	struct principal principal;
};

/* Returns that of this connection, made when there is none; upgrade_free() frees it. NULL when there is no
 * memory. */
struct upgrade *upgrade_of(struct lws *wsi);
void upgrade_free(struct lws *wsi);
