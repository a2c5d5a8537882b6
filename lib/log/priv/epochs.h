/* epochs.h - which numbers the log had in which of its openings. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "log/journal.h"

/* An epoch that has ended, its name as the number that the name's digits are. */
struct epoch {
	uint64_t name, end; /* end: the last number that it had and that no later one gave again */
};

struct epochs {
	char current[DNC_EPOCH_LEN + 1];
	uint64_t first;      /* of the current epoch */
	struct epoch *ended; /* by name, once epochs_begin() was called */
	size_t count, room;
};

/* Adds an epoch that began with the number FIRST, in the order in which they began. A name that is none of ours
 * is left out. -1 when there is no memory. */
int epochs_add(struct epochs *e, struct dnc_str name, uint64_t first);

/* Gives the current epoch a random name; it begins with FIRST. All others have ended. */
void epochs_begin(struct epochs *e, uint64_t first);

/* See dnc_journal_epoch_end(). */
bool epochs_find(const struct epochs *e, struct dnc_str name, uint64_t *end);

void epochs_free(struct epochs *e);
