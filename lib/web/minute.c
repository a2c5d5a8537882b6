#include "priv/minute.h"

enum { STEP_MS = 900 }; /* the timer of a second may come early */

/* The step N before the newest one, or the oldest that there is. */
static const struct minute_step *step_before(const struct minute *m, size_t n)
{
	size_t back = n < m->count ? n : m->count - 1;

	return &m->step[(m->next + MINUTE_STEPS - back) % (MINUTE_STEPS + 1)];
}

void minute_note(
	struct minute *m, int64_t now_ms, uint64_t events, const struct dnc_histogram *delivery)
{
	if (m->count && now_ms - step_before(m, 0)->at_ms < STEP_MS)
		return;
	m->step[m->next] = (struct minute_step){now_ms, events, *delivery};
	m->next = (m->next + 1) % (MINUTE_STEPS + 1);
	m->count += m->count <= MINUTE_STEPS;
}

void minute_delivery(
	const struct minute *m, const struct dnc_histogram *total, struct dnc_histogram *out)
{
	*out = *total;
	if (m->count)
		dnc_histogram_subtract(out, &step_before(m, MINUTE_STEPS)->delivery);
}

double minute_rate(const struct minute *m, int64_t now_ms, uint64_t events)
{
	const struct minute_step *then;

	if (!m->count)
		return 0;
	then = step_before(m, MINUTE_RATE_STEPS);
	return now_ms > then->at_ms
	               ? (double)(events - then->events) * 1e3 / (double)(now_ms - then->at_ms)
	               : 0;
}
