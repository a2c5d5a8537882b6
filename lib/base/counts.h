/* counts.h - how many of something each name has, with a limit. Under the caller's lock. */
#pragma once

/* Bytes of a name, with its end; the rest of a longer one does not count. */
enum { DNC_COUNT_NAME_MAX = 128 };

struct dnc_count;

/* All zero is empty. What was counted up must be counted down. */
struct dnc_counts {
	struct dnc_count *table;
};

enum dnc_count_verdict { DNC_COUNT_OK, DNC_COUNT_LIMIT, DNC_COUNT_NO_MEMORY };

/* Counts one more of NAME, unless there are LIMIT (0: no limit). *OUT is
 * for dnc_count_down() then. */
enum dnc_count_verdict dnc_count_up(
	struct dnc_counts *all, const char *name, unsigned limit, struct dnc_count **out);

/* Counts *COUNTED, which is cleared, down. It may be NULL. */
void dnc_count_down(struct dnc_counts *all, struct dnc_count **counted);
