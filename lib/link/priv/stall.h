/* stall.h - for how long a reader has acknowledged nothing, so that another one takes over. Used within one thread.
 *
 * Only time in which the connection was served counts: a process that was stopped or busy must not blame its reader. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
	STALL_MS =
		5000, /* a hub commits in milliseconds, also with a quorum; a disk that is busy takes seconds */
	STALL_LOOK_MS =
		500, /* it is to be looked at so often; what passes beyond that does not count */
};

struct stall {
	int64_t limit_ms;
	int64_t since_ms, looked_ms; /* 0: nothing waits */
	uint64_t safe;               /* at the last look */
	unsigned left; /* readers that were left in a row because they acknowledged nothing */
};

/* Looks at NOW, by dnc_clock_mono_ms(). WAITS: some lines are not acknowledged; SAFE were, ever. True if that takes too long for
 * one of READERS: stall_leave() or stall_stay() is to be called then. */
bool stall_look(struct stall *s, bool waits, uint64_t safe, unsigned readers, int64_t now);

/* How soon to look again. */
static inline int stall_look_ms(const struct stall *s)
{
	return s->limit_ms < STALL_LOOK_MS ? (int)s->limit_ms : STALL_LOOK_MS;
}

/* Another reader takes over. Once all were left the limit doubles with each round: it is their log that is slow. */
void stall_leave(struct stall *s);

/* No other reader is there. */
void stall_stay(struct stall *s, int64_t now);
