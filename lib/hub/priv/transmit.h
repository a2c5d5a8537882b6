/* transmit.h - hands frames, gaps and epochs to the transport of one subscriber.
 *
 * Functions return false when the subscriber can't go on for now: its transport is full, its connection is gone, or
 * the callback ended its subscription. */
#pragma once
#include "frame/frame.h"
#include "hub.h"

/* Frames that are adjacent in memory: COUNT events, from FIRST to LAST. */
struct run {
	const char *p;
	size_t n;
	uint64_t count, first, last;
};

/* Adds the frame F of event SEQ to R, whose frames are copied to SPACE, which has room for it. */
void run_add(struct run *r, char *space, struct dnc_frame f, uint64_t seq);

/* What a callback of the transport returned. */
bool transmit_result(struct dnc_subscriber *s, enum dnc_sent sent);

/* Sends the run R, which S may get: rate_allows(). */
bool transmit_run(struct dnc_subscriber *s, const struct run *r);

/* Reports that events FROM to TO will not come. */
bool transmit_gap(struct dnc_subscriber *s, uint64_t from, uint64_t to, const char *reason);

/* Tells S, live or not, that its position is of EPOCH. */
void transmit_epoch(struct dnc_subscriber *s, const struct dnc_epoch *epoch);

/* Passes over event SEQ, which S can't get. */
bool transmit_skip(struct dnc_subscriber *s, uint64_t seq, const char *reason);

/* S can't be served: its owner is told. No event is skipped that may be there: the client comes back, and asks again. */
void transmit_failure(struct dnc_subscriber *s);
