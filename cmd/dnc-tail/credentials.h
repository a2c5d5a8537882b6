/* credentials.h - the files of --token-file and --cacert. */
#pragma once
#include <libwebsockets.h>
#include <stddef.h>
#include "base/err.h"
#include "options.h"

/* The longest token that is read, in bytes. */
enum { CREDENTIALS_TOKEN_MAX = 8 << 10 };

/* Reads the token in the file PATH into TEXT, which has CREDENTIALS_TOKEN_MAX + 1 bytes, without a zero byte. Returns its
 * length, or -1 after an error: EINVAL if the file holds no token, else the errno of the file. */
long credentials_read_token(const char *path, char *text, struct dnc_error *err);

/* Exits if a file of --token-file or --cacert can't be read or holds something else, before anything is connected. */
void credentials_check(const struct options *o);

/* Adds the token in the file PATH to the request of WSI, as the header Authorization at P, before END. -1 with ERR, as
 * credentials_read_token(). */
int credentials_add_token(const char *path, struct lws *wsi, unsigned char **p, unsigned char *end,
	struct dnc_error *err);
