/* credentials.h - the token in the request of dnc-tail. */
#pragma once
#include <libwebsockets.h>
#include "base/err.h"

/* Adds the token in the file PATH to the request of WSI, as the header Authorization at P, before END. -1 with ERR: EINVAL if the
 * file holds no token, else the errno of the file. */
int credentials_add_token(const char *path, struct lws *wsi, unsigned char **p, unsigned char *end,
	struct dnc_error *err);
