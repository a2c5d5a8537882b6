/* revoked.h - reads the file of revoked tokens. */
#pragma once
#include "auth/revoked.h"

/* Reads the file PATH. Blanks around a jti, empty lines and lines that start with # are ignored. Returns NULL
 * with ERR, whose code is an errno (0: out of memory); EINVAL if a line is too long, or there are more than 1000000.
 * To be freed with revoked_free(). */
struct dnc_revoked *revoked_load(const char *path, struct dnc_error *err);

/* NULL is allowed. */
void revoked_free(struct dnc_revoked *r);
