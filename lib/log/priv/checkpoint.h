/* checkpoint.h - a thread that copies SQLite's WAL into the database, so that commits
 * do not wait for it. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct checkpointer;

/* For the database at PATH; SYNCED: the disk is waited for. COPIES counts the times that all that was in
 * the WAL was copied. NULL with ERR. */
struct checkpointer *checkpointer_new(
	const char *path, bool synced, atomic_uint_fast64_t *copies, struct dnc_error *err);

/* Has what is in the WAL copied soon. Any thread. */
void checkpointer_wake(struct checkpointer *c);

/* Waits until no copy is wanted or under way. Any thread. */
void checkpointer_wait(struct checkpointer *c);

/* Waits for the copy under way. NULL is allowed. */
void checkpointer_free(struct checkpointer *c);
