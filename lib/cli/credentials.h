/* credentials.h - the files of --token-file and --cacert. */
#pragma once
#include <stddef.h>
#include "base/err.h"

/* The longest token that is read, in bytes. */
enum { DNC_CLI_TOKEN_MAX_BYTES = 8 << 10 };

/* Reads the token in the file PATH, without the blanks around it, into TEXT, which has DNC_CLI_TOKEN_MAX_BYTES + 1 bytes
 * and gets a final NUL. Returns the length, or -1 with ERR: EINVAL if the file holds no token, else the errno of the file.
 * The caller wipes TEXT. */
long dnc_cli_read_token(const char *path, char *text, struct dnc_error *err);

/* -1 with ERR if the file PATH has no certificate in PEM format (EINVAL), or can't be read: the errno, or
 * DNC_ERROR_NO_MEMORY. */
int dnc_cli_try_authorities(const char *path, struct dnc_error *err);

/* Exit if the file, unless it is NULL, can't be read or holds something else, before anything is connected. */
void dnc_cli_check_token(const char *path);
void dnc_cli_check_authorities(const char *path);
