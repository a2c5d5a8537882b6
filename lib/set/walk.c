/* walk.c - what two sets have in common, and what not. */
#include "set.h"

static int next_of_none(void *ctx, uint64_t *number, struct dnc_error *err)
{
	(void)ctx;
	(void)number;
	(void)err;
	return 0;
}

struct dnc_numbers dnc_set_no_numbers(void)
{
	return (struct dnc_numbers){next_of_none, NULL};
}

static int advance(const struct dnc_numbers *from, uint64_t *waiting, struct dnc_error *err)
{
	int rc = from->next(from->ctx, waiting, err);

	if (rc == 0)
		*waiting = 0;
	return rc < 0 ? -1 : 0;
}

int dnc_set_walk(
	struct dnc_set_walk *w, uint64_t *number, enum dnc_set_place *place, struct dnc_error *err)
{
	bool old, fresh;

	if (!w->started && (advance(&w->old, &w->old_number, err) < 0 ||
				   advance(&w->fresh, &w->fresh_number, err) < 0))
		return -1;
	w->started = true;
	if (!w->old_number && !w->fresh_number)
		return 0;
	/* 0, the end, comes after all numbers: less one, it is the highest. */
	old = w->old_number - 1 <= w->fresh_number - 1;
	fresh = w->fresh_number - 1 <= w->old_number - 1;
	*number = old ? w->old_number : w->fresh_number;
	*place = old && fresh ? DNC_SET_KEPT : old ? DNC_SET_REMOVED : DNC_SET_ADDED;
	if (old && advance(&w->old, &w->old_number, err) < 0)
		return -1;
	if (fresh && advance(&w->fresh, &w->fresh_number, err) < 0)
		return -1;
	return 1;
}
