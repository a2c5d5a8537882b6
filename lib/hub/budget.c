#include "priv/budget.h"
#include "base/clock.h"
#include "priv/frames.h"
#include "priv/lists.h"

bool budget_is_costly(const struct dnc_subscriber *s)
{
	return s->channel && dnc_filter_costly(s->channel->filter);
}

void budget_fall_behind(struct dnc_subscriber *s)
{
	s->was_work_limited = true;
	s->catch_up_to = s->hub->seen;
	s->backlog = s->hub->seen + 1 - s->at;
}

static void wait(struct dnc_subscriber *s)
{
	s->was_work_limited = true;
	s->hub->stats.work_limited++;
	rate_wait_ms(s, dnc_account_wait_ms(s->account));
}

bool budget_allows(struct dnc_subscriber *s)
{
	if (!s->account || !budget_is_costly(s) || dnc_account_allows(s->account))
		return true;
	wait(s);
	return false;
}

int budget_matches(struct dnc_subscriber *s, const struct chunk *c, uint64_t seq, int64_t *left_ns)
{
	int64_t start, ns;
	int matches;

	if (!budget_is_costly(s))
		return frame_matches(s->hub, s->channel, c, seq);
	start = dnc_clock_mono_ns();
	matches = frame_matches(s->hub, s->channel, c, seq);
	ns = dnc_clock_mono_ns() - start;
	s->hub->stats.work_ns += (uint64_t)ns;
	*left_ns -= ns;
	if (s->account)
		dnc_account_spend(s->account, ns);
	if (s->account && *left_ns > 0 && !dnc_account_allows(s->account))
		*left_ns = 0;
	return matches;
}

static void charge_members(struct dnc_hub *h, struct channel *a)
{
	h->charges++;
	for (struct dnc_list *link = walk_begin(&h->live_walk, &a->live); link;
		link = walk_next(&h->live_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, live_link);

		if (!s->account)
			continue;
		if (account_charge_once(s->account, h->charges))
			dnc_account_spend(s->account, a->work_ns);
		if (dnc_account_allows(s->account))
			continue;
		live_remove(s);
		budget_fall_behind(s);
		wait(s);
	}
}

void budget_charge_channels(struct dnc_hub *h)
{
	struct channel *a;

	while ((a = h->channels.worked)) {
		h->channels.worked = a->worked_next;
		h->stats.work_ns += (uint64_t)a->work_ns;
		charge_members(h, a);
		a->work_ns = 0;
	}
	h->channels.work_ns = 0;
}
