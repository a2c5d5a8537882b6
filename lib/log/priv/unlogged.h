/* unlogged.h - counts what a writer was given that is not in the log when it ends. */
#pragma once
#include <stdint.h>
#include "log/batch.h"

struct unlogged {
	uint64_t events, records; /* records: of the audit */
};

/* Adds what is in B. */
void unlogged_add(struct unlogged *u, const struct dnc_batch *b);

/* Tells it on standard error, if there is something. */
void unlogged_tell(const struct unlogged *u);
