#include "ends.h"
#include "base/clock.h"
#include "base/log.h"
#include "figures.h"

/* How often the hub is asked whether it has sent everything up to the end: when the end is logged, and before. */
enum { ASK_MS = 60, ASK_LATER_MS = 1000 };
/* The wall clock, which --until=TIME goes by, may be set meanwhile. */
enum { LOOK_AT_CLOCK_MS = 10000 };

void stream_stop(struct stream *s, enum dnc_exit rc)
{
	if (rc == DNC_EXIT_OK && s->gapped && s->options->fail_on_gap)
		rc = DNC_EXIT_INCOMPLETE;
	connection_end(&s->connection, rc);
}

bool ends_must_find_bound(const struct stream *s)
{
	const struct until *u = &s->options->until;

	return u->by == UNTIL_TIME && s->bound == UINT64_MAX && u->ms <= dnc_clock_now_ms();
}

static void on_ask(lws_sorted_usec_list_t *sul);

static void ask_after(struct stream *s, int64_t ms)
{
	lws_sul_schedule(s->connection.context, 0, &s->ask, on_ask, ms * LWS_US_PER_MS);
}

void ends_ask_again(struct stream *s)
{
	const struct until *u = &s->options->until;
	int64_t left;

	if (s->last != UINT64_MAX) {
		ask_after(s, s->last <= s->target ? ASK_MS : ASK_LATER_MS);
	} else if (u->by == UNTIL_TIME) {
		left = u->ms - dnc_clock_now_ms();
		ask_after(s, left < 0 ? ASK_MS : left < LOOK_AT_CLOCK_MS ? left : LOOK_AT_CLOCK_MS);
	}
}

static void on_ask(lws_sorted_usec_list_t *sul)
{
	struct stream *s = lws_container_of(sul, struct stream, ask);

	if (!s->connection.wsi || !s->confirmed)
		return;
	if (ends_must_find_bound(s)) {
		figures_ask(s);
	} else if (s->last != UINT64_MAX) {
		dnc_buf_lit(connection_begin(&s->connection), "{\"type\":\"ping\"}");
		connection_send(&s->connection);
	} else {
		ends_ask_again(s);
	}
}

void ends_after(struct stream *s, uint64_t seq)
{
	s->last = seq < s->last ? seq : s->last;
}

static void on_quiet(lws_sorted_usec_list_t *sul)
{
	struct stream *s = lws_container_of(sul, struct stream, quiet);
	int64_t now = dnc_clock_mono_ms(), limit = s->options->timeout_ms;

	if (s->connection.held) /* it is the reader who does not take them */
		s->event_ms = now;
	if (now - s->event_ms >= limit) {
		dnc_err("no event came for %lld %s (--timeout)%s",
			(long long)(limit % 1000 ? limit : limit / 1000), limit % 1000 ? "ms" : "s",
			s->confirmed && s->connection.wsi ? ""
							  : "; there is no connection to the hub");
		stream_stop(s, DNC_EXIT_TIMEOUT);
		return;
	}
	lws_sul_schedule(s->connection.context, 0, sul, on_quiet,
		(s->event_ms + limit - now) * LWS_US_PER_MS);
}

void ends_gap(struct stream *s)
{
	s->gapped = true;
	if (s->options->fail_on_gap && !s->options->no_follow && !s->options->until.by)
		stream_stop(s, DNC_EXIT_OK);
}

void ends_find(struct stream *s)
{
	if (s->options->until.by == UNTIL_SEQ)
		s->bound = s->options->until.seq;
	s->last = s->options->no_follow ? s->target : UINT64_MAX;
	ends_after(s, s->bound);
	if (s->last != UINT64_MAX)
		on_ask(&s->ask);
	else
		ends_ask_again(s);
}

void ends_watch(struct stream *s)
{
	if (s->options->timeout_ms)
		lws_sul_schedule(s->connection.context, 0, &s->quiet, on_quiet,
			s->options->timeout_ms * LWS_US_PER_MS);
}
