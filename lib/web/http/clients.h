/* clients.h - GET /api/v1/clients: the clients of all servers of this process. */
#pragma once
#include "web/http/request.h"

int clients_list(struct http_request *r);

/* Refreshes this server's list, for the answers of other servers: in its thread. */
void clients_refresh(struct client_list *list, const struct sessions *all);
