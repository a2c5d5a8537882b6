/* position.h - finds the position at which a subscription starts, and reports it. */
#pragma once
#include "hub.h"

/* Events looked at one by one in one subscriber's turn, for a position or for a filter. A parse and match takes about
 * 1 us, so a turn stays well below a millisecond. */
enum { TURN_LOOKS = 512 };

/* Sets where S, which was just subscribed, starts: at once or, for START's LAST, as something that
 * position_reach() has to look for. START's TIME, which is looked for in the log, starts at the present here. */
void position_set(struct dnc_subscriber *s, const struct dnc_start *start);

/* Goes on towards the position and reports it, then the gap before it. False when S can't go on for now: the log is
 * searched, more is left for the next turn, or the transport is full. */
bool position_reach(struct dnc_subscriber *s);

/* The log's answer: S starts at SEQ; BY_TIME: that is the first event since a time, otherwise the LAST of START. */
void position_found(struct dnc_subscriber *s, uint64_t seq, bool by_time);
