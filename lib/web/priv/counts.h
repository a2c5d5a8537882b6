/* counts.h - how many of something each name has, with a limit. Under the caller's lock. */
#pragma once
#include <stdbool.h>

struct count;

/* All zero is empty. What was counted up must be counted down. */
struct counts {
	struct count *table;
};

enum count_verdict { COUNT_OK, COUNT_LIMIT, COUNT_NO_MEMORY };

/* Counts one more of NAME, of which at most DNC_SUBJECT_MAX - 1 bytes count, unless there are LIMIT (0: no limit). *OUT is
 * for count_down() then. */
enum count_verdict count_up(
	struct counts *all, const char *name, unsigned limit, struct count **out);

/* Counts *COUNTED, which is cleared, down. It may be NULL. */
void count_down(struct counts *all, struct count **counted);
