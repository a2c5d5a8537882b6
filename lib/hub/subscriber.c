/* subscriber.c - what can be asked about a subscriber. */
#include "priv/subscriber.h"
#include "priv/hub.h"

static bool is_seeking(const struct dnc_subscriber *s)
{
	return s->phase == PHASE_SEEKING || s->phase == PHASE_SEARCHING;
}

struct dnc_account *dnc_subscriber_account(const struct dnc_subscriber *s)
{
	return s->account;
}

bool dnc_subscriber_starting(const struct dnc_subscriber *s)
{
	return is_seeking(s);
}

bool dnc_subscriber_active(const struct dnc_subscriber *s)
{
	return s->phase != PHASE_IDLE;
}

uint64_t dnc_subscriber_next(const struct dnc_subscriber *s)
{
	return subscriber_at(s);
}

bool dnc_subscriber_owed_gap(const struct dnc_subscriber *s)
{
	return is_seeking(s) || (s->phase != PHASE_IDLE && s->gap_from);
}

uint64_t dnc_subscriber_sent(const struct dnc_subscriber *s)
{
	return s->sent;
}

uint64_t dnc_subscriber_first_sent(const struct dnc_subscriber *s)
{
	return s->first_sent;
}

uint64_t dnc_subscriber_last_sent(const struct dnc_subscriber *s)
{
	return s->last_sent;
}

bool dnc_subscriber_rate_limited(const struct dnc_subscriber *s)
{
	return dnc_list_is_linked(&s->rate_link) && !s->memory_waits && !s->was_work_limited &&
	       !dnc_subscriber_starting(s);
}

enum dnc_lag_reason dnc_subscriber_lag_reason(const struct dnc_subscriber *s, uint64_t *behind)
{
	*behind = 0;
	if (s->phase != PHASE_FLOWING || subscriber_is_live(s) || s->at > s->hub->seen)
		return DNC_LAG_NONE;
	*behind = s->hub->seen + 1 - s->at;
	return s->was_work_limited   ? DNC_LAG_FILTER_COST
	       : s->was_rate_limited ? DNC_LAG_RATE_LIMIT
	       : s->full             ? DNC_LAG_SLOW_CLIENT
	                             : DNC_LAG_NONE;
}

uint64_t dnc_subscriber_channel(const struct dnc_subscriber *s)
{
	return s->channel ? s->channel->id : 0;
}

const struct dnc_filter *dnc_subscriber_filter(const struct dnc_subscriber *s)
{
	return s->channel ? s->channel->filter : NULL;
}
