/* budget.h - costly filters (dnc_filter_costly()): their matching is timed, limited in each turn of the loop, and charged to
 * the accounts of their subscribers. Other filters cost nothing here. */
#pragma once
#include "hub.h"

struct chunk;

/* Nanoseconds of costly matching: by one channel and by all of them in one advance, and in one subscriber's turn. Much more
 * would be noticed by the others; much less would be spent on taking turns. */
enum { BUDGET_CHANNEL_NS = 500000, BUDGET_ADVANCE_NS = 2000000, BUDGET_TURN_NS = 500000 };

/* True if the filter of S is costly. */
bool budget_is_costly(const struct dnc_subscriber *s);

/* True if S may match its filter now. If not, it waits until it may: rate_remove() ends that. */
bool budget_allows(struct dnc_subscriber *s);

/* S, which is costly, is not live any more because its channel's work was too much for one advance: it catches up by itself,
 * and does not lag as long as it gets closer. */
void budget_fall_behind(struct dnc_subscriber *s);

/* frame_matches() for S; what a costly filter takes is charged and subtracted from *LEFT_NS, which is 0 at most once the
 * budget is used up. */
int budget_matches(struct dnc_subscriber *s, const struct chunk *c, uint64_t seq, int64_t *left_ns);

/* Charges the accounts of the live members of each channel for what channels_match() has spent on it, and takes those
 * off `live` whose account is used up: they wait, and go on by themselves. */
void budget_charge_channels(struct dnc_hub *h);
