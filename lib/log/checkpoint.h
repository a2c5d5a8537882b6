/* checkpoint.h - inside lib/log: a thread that copies SQLite's WAL into the database, so that commits
 * do not wait for it. */
#pragma once
#include <stdint.h>
#include "../base/err.h"

struct checkpointer;

/* For the database at PATH. NULL with ERR. */
struct checkpointer *checkpointer_new(const char *path, struct dnc_error *err);

/* Has what is in the WAL copied soon. Any thread. */
void checkpointer_wake(struct checkpointer *c);

/* Waits for the copy under way. NULL is allowed. */
void checkpointer_free(struct checkpointer *c);
