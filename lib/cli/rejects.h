/* rejects.h - where records go that can't become events: one JSON object per line. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

struct dnc_rejects {
	int fd;
	const char *name, *path; /* for messages; of a file, else NULL; borrowed */
	struct dnc_buf line;     /* the one under way */
	size_t written;          /* of it */
	bool torn;               /* what was written before ends in a part of another line */
	uint64_t count;
	bool (*stopped)(void *ctx);
	void *ctx;
	atomic_bool reopen, failing;
};

/* WHERE is a file (appended to), "fd:N", or NULL for standard error. Exits when it can't be
 * opened. Half a line at the end of a file is ended before the first reject. */
void dnc_rejects_open(struct dnc_rejects *r, const char *where);

/* For services: a reject that can't be written is tried again, which is said once, until it works or STOPPED(CTX) is
 * true. */
void dnc_rejects_persist(struct dnc_rejects *r, bool (*stopped)(void *ctx), void *ctx);

/* Has the file opened anew, after somebody moved it away; the old one stays in use when that fails (which is told). It
 * happens with dnc_rejects_reopen() or the next reject. Safe in signal handlers and from other threads. */
void dnc_rejects_ask_reopen(struct dnc_rejects *r);
void dnc_rejects_reopen(struct dnc_rejects *r);

/* Writes one reject at once; ERR's code is an enum dnc_reject. ITEM 0 is left out. -1 with WHY
 * when it could not be written. */
int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why);

/* True while a reject waits to be written. Any thread. */
bool dnc_rejects_failing(const struct dnc_rejects *r);

void dnc_rejects_close(struct dnc_rejects *r);
