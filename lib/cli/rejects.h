/* rejects.h - records that can't become events are written to a file or a descriptor, one JSON object per line.
 *
 * For one thread, if not noted otherwise. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

/* Of each code so many messages that differ are kept for the report, and counted. */
enum { DNC_REJECT_FAULTS = 3 };

struct dnc_reject_fault {
	uint64_t count;
	char message[sizeof((struct dnc_error){0}).message];
};

struct dnc_rejects {
	int fd;
	const char *name, *path; /* borrowed; path is NULL for a descriptor */
	/* While rejects are held: FD is a temporary file, or -1 before the first one; these are the true ones. */
	bool held, held_torn;
	int held_fd;
	const char *held_name, *held_path;
	struct dnc_buf line; /* the reject that is being written */
	size_t written;      /* bytes of it */
	bool torn;           /* what was written before it ends in an incomplete line */
	uint64_t count;
	uint64_t codes[DNC_REJECTS]; /* how many have each code */
	struct dnc_reject_fault faults[DNC_REJECTS][DNC_REJECT_FAULTS]; /* by their first */
	bool (*stopped)(void *ctx);
	void *ctx;
	atomic_bool reopen, failing;
};

/* WHERE (borrowed) is a file, which is appended to, "fd:N", or NULL for standard error. If a file ends in an incomplete
 * line, a newline is written before the first reject. Returns -1 with ERR, whose code is EINVAL or EBADF if the address
 * is wrong, EIO if the file can't be opened. The first reader of a pipe with a name is waited for, ten seconds at most. */
int dnc_rejects_open(struct dnc_rejects *r, const char *where, struct dnc_error *err);

/* For services: a reject that can't be written is tried again, which is logged once, until it succeeds or STOPPED(CTX)
 * is true. */
void dnc_rejects_persist(struct dnc_rejects *r, bool (*stopped)(void *ctx), void *ctx);

/* Requests that the file is opened again, after it was moved away. This happens in dnc_rejects_reopen() or with the next
 * reject; if it fails, which is logged, the old file stays in use. Safe in signal handlers and from any thread. */
void dnc_rejects_ask_reopen(struct dnc_rejects *r);
void dnc_rejects_reopen(struct dnc_rejects *r);

/* Writes one reject at once; ERR's code is an enum dnc_reject. ITEM 0 is omitted. Returns -1 with WHY if it could not be
 * written. */
int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why);

/* Prints one on standard error, after dnc_rejects_add() could not write it. It is not counted. */
void dnc_rejects_print(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err);

/* From here on rejects are kept in a temporary file, which appears with the first of them: whether they are to be written is
 * not known yet. */
void dnc_rejects_hold(struct dnc_rejects *r);

/* Writes what is held, in whole lines: of a reject that dnc_rejects_add() could not keep nothing is written. -1 with
 * WHY if that failed: not all of it is written. Without dnc_rejects_hold() it does nothing. */
int dnc_rejects_release(struct dnc_rejects *r, struct dnc_error *why);

/* Forgets what is held, and counts from 0: the records are read again. */
void dnc_rejects_forget(struct dnc_rejects *r);

/* Prints the most frequent codes, at most five, each with its count and the message of its first reject, and the others of its
 * `faults`. */
void dnc_rejects_report(const struct dnc_rejects *r);

/* True while a reject is tried again. Any thread. */
bool dnc_rejects_failing(const struct dnc_rejects *r);

void dnc_rejects_close(struct dnc_rejects *r);
