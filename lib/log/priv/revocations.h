/* revocations.h - the tokens that a shared log revokes, as they were read last. Any thread. */
#pragma once
#include <stdint.h>
#include "base/buf.h"

struct revocations;

/* Of none. NULL when there is no memory. */
struct revocations *revocations_new(void);

/* NULL is allowed. */
void revocations_free(struct revocations *r);

/* IDS has the ids of all, in order, each with a NUL at its end; it is taken, and empty then. */
void revocations_replace(struct revocations *r, struct dnc_buf *ids);

/* How often they have changed. */
uint64_t revocations_changes(const struct revocations *r);

/* Appends the ids to OUT. Returns the number of changes after which they were so. */
uint64_t revocations_copy(struct revocations *r, struct dnc_buf *out);
