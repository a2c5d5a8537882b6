/* audience.h - inside lib/hub: all subscribers with one filter, and which events it matched. */
#pragma once
#include "../filter/filter.h"
#include "ring.h"

struct audience {
	struct audience *next;
	struct dnc_filter *filter;
	size_t members;
	bool all;          /* lets everything through: no bitmap, no matching */
	uint64_t since;    /* matches are known from this seq on */
	uint64_t *matches; /* a bit for each slot of the ring */
};

/* The audience of FILTER (taken, freed when LIST has an equal one) with one member more. NULL when
 * there is no memory; FILTER is freed then, too. */
struct audience *audience_join(
	struct audience **list, struct dnc_filter *filter, const struct ring *r);

/* One member less; the last one takes the audience with it. */
void audience_leave(struct audience **list, struct audience *a);

/* Does the event SEQ, just appended, belong? Remembers it. */
void audience_match(
	struct audience *a, const struct ring *r, uint64_t seq, const struct dnc_event *event);

static inline bool audience_knows(const struct audience *a, uint64_t seq)
{
	return a->all || seq >= a->since;
}

static inline bool audience_has(const struct audience *a, const struct ring *r, uint64_t seq)
{
	uint64_t slot = seq & r->slot_mask;

	return a->all || (a->matches[slot / 64] >> slot % 64 & 1);
}
