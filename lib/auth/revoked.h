/* revoked.h - tokens that are revoked before they expire, by their jti.
 *
 * A file lists them, one jti a line. What was read from it never changes and may be used by any thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"

#define DNC_JTI_MAX 128 /* with a final NUL */

struct dnc_revoked;

/* True if JTI is revoked. R may be NULL, JTI empty: false. */
bool dnc_revoked_has(const struct dnc_revoked *r, const char *jti);

/* Appends JTI to the file PATH, which is created if it does not exist, and waits until it is on disk. Returns
 * -1 with ERR, whose code is an errno. */
int dnc_revoked_add(const char *path, const char *jti, struct dnc_error *err);
