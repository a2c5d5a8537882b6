/* clients.h - GET /api/v1/clients: the clients that are connected. */
#pragma once
#include "web/priv/identity.h"

/* A route's handler. */
int clients_list(struct dnc_web *w, struct lws *wsi, const struct who *who);

/* Refreshes the web's own list, for the answers of other webs: in its thread. */
void clients_refresh(struct dnc_web *w);
