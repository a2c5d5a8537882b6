#include "tally.h"

void tally_event(struct tally *t, enum dnc_type type)
{
	t->suppressed += type == DNC_NUMBER_SUPPRESSED;
	t->released += type == DNC_NUMBER_RELEASED;
	t->others += type != DNC_NUMBER_SUPPRESSED && type != DNC_NUMBER_RELEASED;
}

/* FROM without N, at least 0: a reader may report more than it got. */
static uint64_t less(uint64_t from, uint64_t n)
{
	return n < from ? from - n : 0;
}

struct tally_result tally_result(const struct tally *t, const struct dnc_outcome *o)
{
	uint64_t known = o->duplicates + o->rejected + o->dropped;
	uint64_t without = t->no_events + t->unchanged + t->repeated + t->withheld;
	struct tally_result r = {
		.total = t->suppressed + t->released + t->others + t->rejected + without,
		.added = less(t->suppressed, less(known, o->releases + o->others)),
		.removed = less(t->released, o->releases),
		.others = less(t->others, o->others),
		.duplicates = o->duplicates + t->repeated,
		.dropped = o->dropped,
		.skipped = o->duplicates + o->dropped + without,
		.invalid = t->rejected + o->rejected,
		.unclear = o->unclear};

	r.processed = r.total - t->withheld;
	return r;
}
