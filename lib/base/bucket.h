/* bucket.h - a token bucket: limits how often something may happen, with bursts.
 *
 * A bucket holds at most BURST tokens and starts full; PER_MINUTE tokens a minute flow in, and each
 * event costs one. Times are those of dnc_clock_mono_ms() and are passed by the caller, which usually has
 * read the clock already. Nothing here allocates or fails. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct dnc_bucket {
	unsigned per_minute, burst; /* per_minute 0: no limit */
	double tokens;              /* as of refilled_ms */
	int64_t refilled_ms;
};

/* Makes B a full bucket. */
static inline void dnc_bucket_init(
	struct dnc_bucket *b, unsigned per_minute, unsigned burst, int64_t now_ms)
{
	*b = (struct dnc_bucket){per_minute, burst, burst, now_ms};
}

/* Adds what has flowed in until NOW_MS. */
static inline void dnc_bucket_refill(struct dnc_bucket *b, int64_t now_ms)
{
	b->tokens += (double)(now_ms - b->refilled_ms) * b->per_minute / 60000;
	if (b->tokens > b->burst)
		b->tokens = b->burst;
	b->refilled_ms = now_ms;
}

/* Changes the limit. Tokens are kept as far as the new bucket can hold them; a bucket that had no limit was full. */
static inline void dnc_bucket_change(
	struct dnc_bucket *b, unsigned per_minute, unsigned burst, int64_t now_ms)
{
	dnc_bucket_refill(b, now_ms);
	if (!b->per_minute || b->tokens > burst)
		b->tokens = burst;
	b->per_minute = per_minute;
	b->burst = burst;
}

/* How many events are allowed now; UINT64_MAX without a limit. */
static inline uint64_t dnc_bucket_allows(struct dnc_bucket *b, int64_t now_ms)
{
	if (!b->per_minute)
		return UINT64_MAX;
	dnc_bucket_refill(b, now_ms);
	return b->tokens < 1 ? 0 : (uint64_t)b->tokens;
}

/* Charges COUNT events. The bucket may owe tokens afterwards, if it had fewer. */
static inline void dnc_bucket_spend(struct dnc_bucket *b, uint64_t count)
{
	if (b->per_minute)
		b->tokens -= (double)count;
}

/* Charges one event if one is allowed; false if not. */
static inline bool dnc_bucket_take(struct dnc_bucket *b, int64_t now_ms)
{
	if (!dnc_bucket_allows(b, now_ms))
		return false;
	dnc_bucket_spend(b, 1);
	return true;
}

/* Milliseconds from the last refill until the next event is allowed, rounded down; 0 if one is allowed. */
static inline int64_t dnc_bucket_wait_ms(const struct dnc_bucket *b)
{
	return !b->per_minute || b->tokens >= 1
	               ? 0
	               : (int64_t)((1 - b->tokens) * 60000 / b->per_minute);
}
