/* epochs.h - the epochs of a log and the sequence numbers they had. A log of one process begins one each time it is
 * opened; in a log that several share, whoever first finds that its server changed appends one, perhaps while others have
 * it open.
 *
 * struct epochs has a lock of its own: its functions may be called by any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "log/journal.h"

/* Its name is hexadecimal, kept as a number. SEQ is its first number in a list, and in struct epochs, once it has ended, the
 * last one that no later epoch gave again. */
struct epoch {
	uint64_t name, seq;
};

/* Epochs in the order in which they began. Zeroed memory is an empty one. For one thread. */
struct epoch_list {
	struct epoch *at;
	size_t count, room;
};

/* Adds an epoch that began with the number FIRST. A malformed name is ignored. -1 when there is no memory. */
int epoch_list_add(struct epoch_list *l, struct dnc_str name, uint64_t first);

/* L is empty then, and may be used again. */
void epoch_list_free(struct epoch_list *l);

struct epochs;

/* Knows no epoch yet. NULL when there is no memory. */
struct epochs *epochs_new(void);

/* NULL is allowed. */
void epochs_free(struct epochs *e);

/* Those of L are the epochs from now on: the last one is the current one. L is empty then. An empty list changes
 * nothing. */
void epochs_replace(struct epochs *e, struct epoch_list *l);

/* As epochs_replace(), and after those of L, which may be empty, begins one with a random name and the number FIRST. -1
 * when there is no memory; nothing has changed then. */
int epochs_begin(struct epochs *e, struct epoch_list *l, uint64_t first);

/* See dnc_journal_epoch(), dnc_journal_epoch_end() and dnc_journal_epoch_changes(). */
struct dnc_epoch epochs_current(struct epochs *e);
bool epochs_find(struct epochs *e, struct dnc_str name, uint64_t *end);
uint64_t epochs_changes(const struct epochs *e);
