#include "priv/position.h"
#include "base/clock.h"
#include "priv/budget.h"
#include "priv/doubt.h"
#include "priv/frames.h"
#include "priv/lists.h"
#include "priv/replay.h"
#include "priv/transmit.h"

/* After the last event that the client has of this log. A gap reports what will not come, up to the event before the
 * first that does. It is empty when all comes, but some of it under numbers that the client has seen of other
 * events. */
static void set_since(struct dnc_subscriber *s, const struct dnc_start *start)
{
	const struct dnc_journal *journal = s->hub->options.journal;
	uint64_t last = dnc_ring_last(s->hub->ring), oldest = hub_oldest(s->hub), end = last, seen;
	bool known = !start->epoch.p || dnc_journal_epoch_end(journal, start->epoch, &end);

	if (!known)
		end = 0;
	end = end < last ? end : last;
	seen = start->n < end ? start->n : end;
	s->at = seen + 1 > oldest ? seen + 1 : oldest;
	if (known && start->n == seen && s->at == seen + 1)
		return;
	s->gap_reason = known && start->n == seen ? "retention" : "epoch";
	s->gap_from = seen + 1;
	s->gap_to = s->at - 1;
	/* Without an epoch all that is known is that the log went back, before this start at the latest: what
	 * came since may be new to the client, but a client that asked for the future gets the present. */
	if (!start->epoch.p && start->n > last)
		s->gap_from = dnc_journal_epoch(journal).first;
}

/* The N events before the present. */
static void set_last(struct dnc_subscriber *s, uint64_t n)
{
	uint64_t kept = s->at - hub_oldest(s->hub);

	if (s->channel->all)
		s->at -= n < kept ? n : kept;
	else
		s->seek_left = n;
}

static void note_start(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (s->at <= s->served) {
		s->at = s->served + 1;
		s->seek_left = 0;
	}
	s->catch_up_to = s->past = h->seen;
	s->backlog = h->seen + 1 - s->at;
}

void position_set(struct dnc_subscriber *s, const struct dnc_start *start)
{
	struct dnc_hub *h = s->hub;

	s->gap_from = 0;
	s->seek_left = 0;
	s->seek_end_ms = dnc_clock_mono_ms() + SEARCH_TIME_MS;
	s->memory_waits = 0;
	s->at = h->seen + 1;
	s->phase = PHASE_SEEKING;
	s->doubt.pending = false;
	if (start->from == DNC_START_LAST)
		set_last(s, start->n);
	else if (start->from == DNC_START_SINCE && !doubt_begin(s, start))
		set_since(s, start);
	note_start(s);
}

/* The first event that a connection may get: none twice, and none of before the log's oldest. */
static uint64_t first_allowed(const struct dnc_subscriber *s)
{
	uint64_t oldest = hub_oldest(s->hub);

	return oldest > s->served ? oldest : s->served + 1;
}

/* True when a costly S need not look any further in the ring: the log's reader has more time. */
static bool must_leave_ring(const struct dnc_subscriber *s)
{
	return budget_is_costly(s) && (s->hub->replay || dnc_clock_mono_ms() >= s->seek_end_ms);
}

/* Goes back in the ring until enough events match. True when done; what is left then lies further back. False when S can't
 * go on for now. */
static bool seek(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;
	uint64_t first = first_allowed(s);
	int64_t work_ns = BUDGET_TURN_NS;
	int looks = TURN_LOOKS;

	if (s->at < h->oldest && !h->replay)
		s->at = h->oldest; /* the ring went on meanwhile */
	while (s->seek_left && s->at > h->oldest && s->at > first) {
		int matches;

		if (must_leave_ring(s))
			return true;
		if (!budget_allows(s))
			return false;
		if (looks-- == 0 || work_ns <= 0) {
			work_add(s);
			return false;
		}
		matches = budget_matches(s, NULL, s->at - 1, &work_ns);
		if (matches == DNC_MATCH_NO_MEMORY && memory_wait(s))
			return false;
		s->at--;
		s->seek_left -=
			matches != 0; /* one that is not known is looked at again when it is sent */
	}
	return true;
}

/* False while the start of S, which the log may know better than this hub, can't be judged. */
static bool settle(struct dnc_subscriber *s)
{
	switch (doubt_look(s)) {
	case DOUBT_WAITS:
		return false;
	case DOUBT_STAYS:
		transmit_failure(s);
		return false;
	case DOUBT_OVER:
		break;
	}
	s->doubt.pending = false;
	set_since(s, &s->doubt.start);
	note_start(s);
	return true;
}

/* True when the position is known. */
static bool find(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (s->phase == PHASE_SEARCHING || (s->doubt.pending && !settle(s)))
		return false;
	/* It saw more at another hub of the ring than this one has looked at yet. */
	if (s->at > h->seen + 1) {
		work_add(s);
		return false;
	}
	if (!seek(s))
		return false;
	if (!s->seek_left || s->at <= first_allowed(s) || !h->replay)
		return true;
	s->search = search_start(h->options.reader,
		&(struct search_for){.view = &s->view,
			.filter = s->channel->filter,
			.from = s->at - 1,
			.first = first_allowed(s),
			.wanted = s->seek_left,
			.account = s->account},
		s, h->found);
	if (s->search)
		s->phase = PHASE_SEARCHING;
	else if (!memory_wait(s))
		transmit_failure(s);
	return false;
}

bool position_reach(struct dnc_subscriber *s)
{
	if (s->phase != PHASE_STARTED) {
		if (!find(s))
			return false;
		s->phase = PHASE_STARTED;
		if (!transmit_result(s, s->hub->options.transport.started(s->conn)))
			return false;
	}
	if (s->full)
		return false;
	if (s->gap_from) {
		uint64_t from = s->gap_from;

		s->gap_from = 0;
		if (!transmit_gap(s, from, s->gap_to, s->gap_reason))
			return false;
	}
	s->phase = PHASE_FLOWING;
	s->memory_waits = 0;
	return true;
}

/* The time may be before the oldest event there is: what was logged between them may be gone. */
static void note_older(struct dnc_subscriber *s, uint64_t seq)
{
	uint64_t oldest = dnc_journal_oldest(s->hub->options.journal);

	if (seq > oldest || oldest <= s->served + 1)
		return;
	s->gap_reason = "retention";
	s->gap_from = s->served + 1;
	s->gap_to = oldest - 1;
}

void position_found(struct dnc_subscriber *s, uint64_t seq, bool by_time)
{
	if (by_time)
		note_older(s, seq);
	s->seek_left = 0;
	s->at = seq > s->served ? seq : s->served + 1;
	s->phase = PHASE_SEEKING;
}
