/* checkpoint.h - a thread that copies SQLite's WAL into the database, so that commits do not wait for it. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct checkpointer;

/* For the database at PATH; SYNCED: with fsync(2). COPIES, borrowed, is incremented when all of the WAL was copied. NULL
 * with ERR. */
struct checkpointer *checkpointer_new(
	const char *path, bool synced, atomic_uint_fast64_t *copies, struct dnc_error *err);

/* Requests a copy. Any thread. */
void checkpointer_wake(struct checkpointer *c);

/* Waits until no copy is requested or running. Any thread. */
void checkpointer_wait(struct checkpointer *c);

/* True when a copy is requested, runs, or has ended since the last call. Any thread. */
bool checkpointer_active(struct checkpointer *c);

/* Waits for a running copy. NULL is allowed. */
void checkpointer_free(struct checkpointer *c);
