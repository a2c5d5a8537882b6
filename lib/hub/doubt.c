#include "priv/doubt.h"
#include "base/clock.h"

/* Longer than a look at the log takes, and shorter than a failover: another hub may know more. */
enum { DOUBT_MS = 10000 };

static bool is_doubtful(const struct dnc_subscriber *s, const struct dnc_start *start)
{
	const struct dnc_journal *journal = s->hub->options.journal;
	uint64_t end = UINT64_MAX;

	if (start->epoch.p && !dnc_journal_epoch_end(journal, start->epoch, &end))
		return true;
	return start->n > dnc_ring_last(s->hub->ring) && start->n <= end;
}

bool doubt_begin(struct dnc_subscriber *s, const struct dnc_start *start)
{
	struct doubt *d = &s->doubt;

	d->pending = dnc_journal_is_shared(s->hub->options.journal) &&
	             (!start->epoch.p || start->epoch.n == sizeof d->epoch) &&
	             is_doubtful(s, start);
	if (!d->pending)
		return false;
	d->start = *start;
	if (start->epoch.p) {
		memcpy(d->epoch, start->epoch.p, sizeof d->epoch);
		d->start.epoch.p = d->epoch;
	}
	d->ticket = dnc_journal_ticket(s->hub->options.journal);
	d->answered = false;
	d->until_ms = dnc_clock_mono_ms() + DOUBT_MS;
	return true;
}

/* True once all that the log had when the doubt began is in the ring. */
static bool is_answered(struct dnc_subscriber *s, int64_t now_ms)
{
	struct dnc_hub *h = s->hub;
	struct dnc_journal *journal = h->options.journal;
	struct doubt *d = &s->doubt;

	if (!d->answered && dnc_journal_is_answered(journal, d->ticket)) {
		d->answered = true;
		d->upto = dnc_journal_last(journal);
	}
	if (!d->answered && now_ms - h->looked_ms >= DNC_HUB_TICK_MS) {
		h->looked_ms = now_ms;
		dnc_journal_look(journal);
	}
	return d->answered && dnc_ring_last(h->ring) >= d->upto;
}

enum doubt_state doubt_look(struct dnc_subscriber *s)
{
	int64_t now = dnc_clock_mono_ms();

	if (is_answered(s, now) || !is_doubtful(s, &s->doubt.start))
		return DOUBT_OVER;
	if (now >= s->doubt.until_ms)
		return DOUBT_STAYS;
	rate_wait_ms(s, 0);
	return DOUBT_WAITS;
}
