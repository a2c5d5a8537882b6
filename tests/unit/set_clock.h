/* set_clock.h - a log whose clocks are set by hand. */
#pragma once
#include "log_dir.h"

static const int64_t minute = 60000, day = 86400000, year = 365 * INT64_C(86400000);

/* A clock that is set by hand. */
static struct {
	int64_t wall, boot;
	const char *moved; /* looking at it moves this file away, once */
} hands;

static inline int64_t hands_wall(void *ctx)
{
	(void)ctx;
	if (hands.moved) {
		move(hands.moved, "events.db.away");
		hands.moved = NULL;
	}
	return hands.wall;
}

static inline int64_t hands_boot(void *ctx)
{
	(void)ctx;
	return hands.boot;
}

static const struct dnc_journal_clock by_hand = {hands_wall, hands_boot, NULL};

static inline void pass(int64_t ms)
{
	hands.wall += ms;
	hands.boot += ms;
}

static inline struct dnc_journal *open_by_hand(int64_t retain_ms, bool accept_clock)
{
	struct dnc_error err;
	struct dnc_journal *j = dnc_journal_open(&(struct dnc_journal_options){.dir = dir,
							 .retain_ms = retain_ms,
							 .accept_clock = accept_clock,
							 .clock = &by_hand},
		&err);

	assert_non_null(j);
	return j;
}

static inline void set_hands(void)
{
	hands.wall = INT64_C(1790000000000);
	hands.boot = 1000 * day;
	hands.moved = NULL;
}
