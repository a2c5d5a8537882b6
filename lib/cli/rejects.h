/* rejects.h - where records go that can't become events: one JSON object per line. */
#pragma once
#include <stdint.h>
#include "../base/err.h"
#include "../base/output.h"
#include "../event/event.h"

struct dnc_rejects {
	struct dnc_output out;
	uint64_t count;
	const char *path; /* of a file, else NULL; borrowed */
};

/* WHERE is a file (appended to), "fd:N", or NULL for standard error. Exits when it can't be
 * opened. */
void dnc_rejects_open(struct dnc_rejects *r, const char *where);

/* Opens the file anew, after somebody moved it away; the old one stays in use when that fails (which
 * is told). */
void dnc_rejects_reopen(struct dnc_rejects *r);

/* Writes one reject at once; ERR's code is an enum dnc_reject. ITEM 0 is left out. -1 with WHY
 * when it could not be written. */
int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why);

void dnc_rejects_close(struct dnc_rejects *r);
