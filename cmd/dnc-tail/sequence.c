#include "sequence.h"
#include "base/clock.h"
#include "base/log.h"
#include "ends.h"

/* More than any hub logs (a hundred times what one was measured to take), and for how long the confirmation may have
 * been on its way. */
enum { EVENTS_PER_MS = 10000, SLACK_MS = 10000 };

static bool refuse(struct stream *s)
{
	stream_stop(s, DNC_EXIT_UNAVAILABLE);
	return false;
}

/* The time counts in which the host sleeps, and the clock is read for each bound that was reached only. */
static void bound(struct stream *s)
{
	int64_t passed_ms = dnc_clock_boot_ms() - s->confirmed_ms;

	s->most = s->target + (uint64_t)(passed_ms + SLACK_MS) * EVENTS_PER_MS;
}

void sequence_begin(struct stream *s)
{
	s->confirmed_ms = dnc_clock_boot_ms();
	bound(s);
}

bool sequence_exists(struct stream *s, uint64_t seq, const char *what)
{
	if (seq <= s->most)
		return true;
	bound(s);
	if (seq <= s->most)
		return true;
	dnc_err("the hub named %s at %llu, but the newest event of its log was %llu: what it says "
		"can't be relied on",
		what, (unsigned long long)seq, (unsigned long long)s->target);
	return refuse(s);
}

bool sequence_is_next(struct stream *s, uint64_t seq)
{
	if (!s->confirmed) {
		dnc_err("the hub sent event %llu before it confirmed the subscription",
			(unsigned long long)seq);
		return refuse(s);
	}
	if (!s->gap_due && seq <= s->resume.seq) {
		dnc_err("the hub sent event %llu after event %llu: its events are not in order",
			(unsigned long long)seq, (unsigned long long)s->resume.seq);
		return refuse(s);
	}
	return sequence_exists(s, seq, "an event");
}

bool sequence_continues(struct stream *s, uint64_t from)
{
	uint64_t after = from ? from - 1 : 0;

	if (!s->confirmed && s->resume.known && s->resume.may_replay && !s->gap_due &&
		after != s->resume.seq) {
		dnc_err("the hub continues at event %llu instead of %llu, and names no gap",
			(unsigned long long)from, (unsigned long long)s->resume.seq + 1);
		return refuse(s);
	}
	return sequence_exists(s, after, "a beginning");
}
