/* stall.c - see priv/stall.h. */
#include "priv/stall.h"
#include <errno.h>
#include <inttypes.h>
#include "base/clock.h"
#include "base/log.h"

#define STALLED_NS INT64_C(3000000000)

void stall_begin(struct stall *s)
{
	s->since_ns = dnc_clock_mono_ns();
}

void stall_end(struct stall *s, bool tell)
{
	int64_t ns = dnc_clock_mono_ns() - s->since_ns;

	s->since_ns = 0;
	if (tell && ns >= STALLED_NS)
		dnc_warn("the log's %s is slow: a %s took %.1f s", s->part, s->call,
			(double)ns / 1e9);
}

bool stall_is_long(const struct stall *s, struct dnc_error *why)
{
	int64_t since = s->since_ns, ns = since ? dnc_clock_mono_ns() - since : 0;

	if (ns < STALLED_NS)
		return false;
	dnc_error_set(why, ETIMEDOUT, "the log's %s is slow: a %s has taken %" PRId64 " s so far",
		s->part, s->call, ns / 1000000000);
	return true;
}
