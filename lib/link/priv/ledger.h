/* ledger.h - which of the lines that were given to routes are not safe yet.
 *
 * Lines are numbered in the order in which they were given, over all routes together, from 1. Each route has a ledger of the
 * numbers of its own lines, which become safe in their order. Used within one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers in a row. */
struct ledger_run {
	uint64_t first, count;
};

/* All zero is an empty one. */
struct ledger {
	struct ledger_run *runs;   /* a ring; owned */
	size_t first, count, room; /* room is a power of two */
};

/* The line NUMBER, which is greater than all before, is not safe. False when there is no memory. */
bool ledger_add(struct ledger *l, uint64_t number);

/* The next N lines are safe; more than there are is all of them. */
void ledger_remove(struct ledger *l, uint64_t n);

/* True if a line behind the number AFTER, up to UPTO, is not safe. */
bool ledger_has(const struct ledger *l, uint64_t after, uint64_t upto);

/* How many lines are not safe. */
uint64_t ledger_lines(const struct ledger *l);

/* Frees the memory; the ledger is empty and may be used again. */
void ledger_finish(struct ledger *l);
