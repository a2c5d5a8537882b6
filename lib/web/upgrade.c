#include "priv/upgrade.h"
#include <stdlib.h>

struct upgrade *upgrade_of(struct lws *wsi)
{
	struct upgrade *upgrade = lws_get_opaque_user_data(wsi);

	if (!upgrade && (upgrade = calloc(1, sizeof *upgrade)))
		lws_set_opaque_user_data(wsi, upgrade);
	return upgrade;
}

void upgrade_free(struct lws *wsi)
{
	free(lws_get_opaque_user_data(wsi));
	lws_set_opaque_user_data(wsi, NULL);
}
