/* revoked.h - tokens that are revoked before they expire, by their jti.
 *
 * A file lists them in ASCII, one a line. A jti of letters, digits and - . _ ~ : + / | @ ! $ & * % ^ ?, and = at its end,
 * stands there as it is; any other is written as a JSON string (RFC 8259 section 7). Blanks around it are ignored, and
 * so are empty lines, what follows a # at the start of a line or after a blank, and a UTF-8 byte order mark before the
 * first line. Lines end with a line feed, or a carriage return and a line feed. All else is an error, because a line
 * that is misread would revoke nothing.
 *
 * A list never changes and may be used by any thread. */
#pragma once
#include <stdbool.h>
#include "base/err.h"
#include "base/str.h"

#define DNC_JTI_MAX 128 /* with a final NUL */

struct dnc_revoked;

/* Reads the file PATH. Returns NULL with ERR, whose code is an errno or DNC_ERROR_NO_MEMORY; EINVAL, with line and column (in
 * bytes, from 1), for a fault in the file, which may hold 1000000 tokens. To be freed with dnc_revoked_free(). */
struct dnc_revoked *dnc_revoked_load(const char *path, struct dnc_error *err);

/* The list of IDS, each of which has a NUL at its end; one that no token can have is left out. NULL when there is no memory. To be
 * freed with dnc_revoked_free(). */
struct dnc_revoked *dnc_revoked_of(struct dnc_str ids);

/* Adds a reference to R, which is returned, and to be freed once more. NULL gives NULL. Any thread. */
const struct dnc_revoked *dnc_revoked_ref(const struct dnc_revoked *r);

/* The last time frees it. NULL is allowed. Any thread. */
void dnc_revoked_free(struct dnc_revoked *r);

/* True if JTI is revoked. R may be NULL, JTI empty: false. */
bool dnc_revoked_has(const struct dnc_revoked *r, const char *jti);

/* Appends JTI to the file PATH, which is created if it does not exist, unless it is there, and waits until it is on disk.
 * Returns -1 with ERR, whose code is an errno or DNC_ERROR_NO_MEMORY; EINVAL also if dnc_revoked_load() would refuse the
 * file. */
int dnc_revoked_add(const char *path, const char *jti, struct dnc_error *err);
