#include "rates.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "priv/rates.h"

struct dnc_rates {
	pthread_mutex_t lock; /* of all below */
	int64_t from_ms, newest_ms;
	struct rate_step steps[DNC_RATE_STEPS]; /* by step modulo their number */
};

static struct rate_step *slot_of(struct dnc_rates *r, int64_t step)
{
	return &r->steps[(uint64_t)step % DNC_RATE_STEPS];
}

static int64_t step_of(int64_t ms)
{
	return ms / DNC_RATE_STEP_MS;
}

struct dnc_rates *rates_new(int64_t from_ms)
{
	struct dnc_rates *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->from_ms = from_ms;
	return r;
}

void rates_free(struct dnc_rates *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void begin(struct dnc_rates *r, int64_t from_ms)
{
	memset(r->steps, 0, sizeof r->steps);
	r->from_ms = from_ms;
	r->newest_ms = 0;
}

void rates_begin(struct dnc_rates *r, int64_t from_ms)
{
	pthread_mutex_lock(&r->lock);
	begin(r, from_ms);
	pthread_mutex_unlock(&r->lock);
}

bool rates_goes_back(const struct dnc_rates *r, int64_t ms)
{
	return ms < r->newest_ms - RATES_BACK_MS;
}

void rates_add(struct dnc_rates *r, int64_t ms, const uint32_t counts[DNC_TYPES])
{
	struct rate_step *to;

	pthread_mutex_lock(&r->lock);
	if (rates_goes_back(r, ms))
		begin(r, ms);
	if (ms > r->newest_ms)
		r->newest_ms = ms;
	to = slot_of(r, step_of(r->newest_ms));
	if (to->step != step_of(r->newest_ms))
		*to = (struct rate_step){.step = step_of(r->newest_ms)};
	for (int i = 0; i < DNC_TYPES; i++)
		to->counts[i] += counts[i];
	pthread_mutex_unlock(&r->lock);
}

struct rate_step rates_newest(const struct dnc_rates *r)
{
	return r->steps[(uint64_t)step_of(r->newest_ms) % DNC_RATE_STEPS];
}

void rates_restore(struct dnc_rates *r, const struct rate_step *step)
{
	if (step->step <= 0 || !dnc_clock_in_range(step->step) ||
		!dnc_clock_in_range(step->step * DNC_RATE_STEP_MS))
		return;
	pthread_mutex_lock(&r->lock);
	*slot_of(r, step->step) = *step;
	if (step->step > step_of(r->newest_ms))
		r->newest_ms = step->step * DNC_RATE_STEP_MS;
	pthread_mutex_unlock(&r->lock);
}

int64_t dnc_rates_sum(
	struct dnc_rates *r, int64_t first, unsigned per, unsigned n, uint64_t (*sums)[DNC_TYPES])
{
	int64_t from;

	memset(sums, 0, n * sizeof *sums);
	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < n * per; i++) {
		int64_t step = first + (int64_t)i;
		const struct rate_step *s = slot_of(r, step);

		for (int type = 0; s->step == step && type < DNC_TYPES; type++)
			sums[i / per][type] += s->counts[type];
	}
	from = r->from_ms;
	pthread_mutex_unlock(&r->lock);
	return from;
}
