#include "priv/receipts.h"

void receipts_attach(struct dnc_batch *batch, struct dnc_receipt *receipt)
{
	for (size_t i = 0; i < batch->count; i++) {
		batch->events[i].receipt = receipt;
		batch->events[i].receipt_index = (uint32_t)i;
	}
	if (receipt)
		receipt->waiting = batch->count;
}

static void count(struct dnc_receipt *r, const struct dnc_batch_event *e)
{
	switch ((enum dnc_logged)e->logged) {
	case DNC_LOGGED_NEW:
		r->accepted++;
		r->last_seq = e->seq;
		break;
	case DNC_LOGGED_DUPLICATE:
		r->duplicates++;
		break;
	case DNC_LOGGED_CONFLICT:
		r->conflicts++;
		break;
	}
}

void receipts_settle(const struct dnc_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct dnc_batch_event *e = &batch->events[i];
		struct dnc_receipt *r = e->receipt;

		if (!r)
			continue;
		if (r->logged)
			r->logged[e->receipt_index] = e->logged;
		count(r, e);
		if (--r->waiting == 0)
			r->safe(r); /* which may free it */
	}
}
