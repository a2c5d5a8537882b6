/* epochs.h - the epochs of a log, one for each time it was opened, and the sequence numbers they had.
 *
 * Complete once epochs_begin() was called, and then only read: by any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "log/journal.h"

/* An epoch that has ended; its name is hexadecimal, kept as a number. */
struct epoch {
	uint64_t name, end; /* end: the last number that no later epoch gave again */
};

struct epochs {
	char current[DNC_EPOCH_LEN + 1];
	uint64_t first;      /* of the current epoch */
	struct epoch *ended; /* sorted by name once epochs_begin() was called */
	size_t count, room;
};

/* Adds an epoch that began with the number FIRST; to be called in the order in which they began. A malformed name is
 * ignored. -1 when there is no memory. */
int epochs_add(struct epochs *e, struct dnc_str name, uint64_t first);

/* Begins the current epoch, with a random name and the number FIRST, and ends all others. */
void epochs_begin(struct epochs *e, uint64_t first);

/* See dnc_journal_epoch_end(). */
bool epochs_find(const struct epochs *e, struct dnc_str name, uint64_t *end);

void epochs_free(struct epochs *e);
