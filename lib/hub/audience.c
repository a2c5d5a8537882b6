#include "audience.h"
#include <stdlib.h>

struct audience *audience_join(
	struct audience **list, struct dnc_filter *filter, const struct ring *r)
{
	struct audience *a;

	for (a = *list; a; a = a->next)
		if (dnc_str_eq(dnc_filter_text(a->filter), dnc_filter_text(filter))) {
			dnc_filter_free(filter);
			a->members++;
			return a;
		}
	a = calloc(1, sizeof *a);
	if (a) {
		a->filter = filter;
		a->all = dnc_filter_count(filter) == 0;
		a->members = 1;
		a->since = r->last + 1;
		if (!a->all)
			a->matches = calloc((r->slot_mask + 64) / 64, sizeof *a->matches);
	}
	if (!a || (!a->all && !a->matches)) {
		dnc_filter_free(filter);
		free(a);
		return NULL;
	}
	a->next = *list;
	*list = a;
	return a;
}

void audience_leave(struct audience **list, struct audience *a)
{
	if (--a->members)
		return;
	while (*list != a)
		list = &(*list)->next;
	*list = a->next;
	dnc_filter_free(a->filter);
	free(a->matches);
	free(a);
}

void audience_match(
	struct audience *a, const struct ring *r, uint64_t seq, const struct dnc_event *event)
{
	uint64_t slot = seq & r->slot_mask, bit = 1ull << slot % 64;

	if (event && dnc_filter_match(a->filter, event))
		a->matches[slot / 64] |= bit;
	else
		a->matches[slot / 64] &= ~bit;
}
