/* credentials.h - the files of --token-file and --cacert. */
#pragma once
#include <libwebsockets.h>
#include <stddef.h>
#include "base/err.h"
#include "options.h"

/* Exits if a file of --token-file or --cacert can't be read or holds something else, before anything is connected. */
void credentials_check(const struct options *o);

/* Adds the token in the file PATH to the request of WSI, as the header Authorization at P, before END. -1 with ERR: EINVAL if the
 * file holds no token, else the errno of the file. */
int credentials_add_token(const char *path, struct lws *wsi, unsigned char **p, unsigned char *end,
	struct dnc_error *err);
