#include "priv/deliver.h"
#include "priv/budget.h"
#include "priv/frames.h"
#include "priv/lists.h"
#include "priv/position.h"
#include "priv/replay.h"
#include "priv/transmit.h"

enum { TURN_BYTES = 4 * DNC_HUB_SEND_BYTES }; /* sent in one subscriber's turn */

/* What one turn may still do. */
struct turn {
	size_t sent_bytes;
	int looks;       /* at events, one by one */
	int64_t work_ns; /* of costly matching */
};

/* Sends a run as it lies in the ring, MOST events at most. */
static bool send_ring_run(struct dnc_subscriber *s, uint64_t most, struct turn *t)
{
	struct dnc_hub *h = s->hub;
	uint64_t from = s->at, last = h->seen - from < most ? h->seen : from + most - 1;
	struct run r = {.p = ring_frame(h->ring, from).p, .first = from};

	r.last = ring_run(h->ring, from, last, DNC_HUB_SEND_BYTES, &r.n);
	r.count = r.last - from + 1;
	s->at = r.last + 1;
	t->sent_bytes += r.n;
	return transmit_run(s, &r);
}

/* The last event of the chunk C that S may be sent. The log may have more than this hub has seen in the ring: that goes to
 * all who are live, and S is one of them when it has what was seen. */
static uint64_t chunk_end(const struct dnc_subscriber *s, const struct chunk *c)
{
	return c->last < s->hub->seen ? c->last : s->hub->seen;
}

/* Sends a run as it lies in the chunk C of the log, MOST events at most. */
static bool send_chunk_run(
	struct dnc_subscriber *s, const struct chunk *c, uint64_t most, struct turn *t)
{
	uint64_t from = s->at, end = chunk_end(s, c),
		 last = end - from < most ? end : from + most - 1;
	struct run r = {.p = chunk_frame(c, from).p, .first = from};

	r.last = chunk_run(c, from, last, DNC_HUB_SEND_BYTES, &r.n);
	r.count = r.last - from + 1;
	s->at = r.last + 1;
	t->sent_bytes += r.n;
	return transmit_run(s, &r);
}

/* The filter of S has become too expensive: dnc_hub_work() ends its subscription. */
static void note_over_budget(struct dnc_subscriber *s)
{
	if (!s->hub->channels.over_budget)
		hub_wake(s->hub);
	s->hub->channels.over_budget = true;
}

/* Event S->at, of the chunk C or of the ring, for which FORM is filled in. Returns 1 if S gets it, 0 if not, or
 * DNC_MATCH_: there may be no memory to make it, too. */
static int look(struct dnc_subscriber *s, const struct chunk *c, struct form *form, struct turn *t)
{
	int matches = budget_matches(s, c, s->at, &t->work_ns);

	t->looks = t->work_ns > 0 ? t->looks - 1 : 0;
	if (matches <= 0)
		return matches;
	*form = frame_for(s->hub, s->channel, c, s->at);
	return form->no_memory ? DNC_MATCH_NO_MEMORY : 1;
}

/* There is nothing to send before event S->at, which can't be sent. False when S can't go on for now. */
static bool pass_unsent(struct dnc_subscriber *s, int matches)
{
	if (matches == DNC_MATCH_TOO_COSTLY)
		return transmit_skip(s, s->at, "role_cost");
	if (matches < 0)
		return !memory_wait(s) && transmit_skip(s, s->at, "no_memory");
	if (matches > 0)
		return transmit_skip(s, s->at, "too_large");
	note_over_budget(s);
	return false;
}

/* Gathers frames up to LAST that match, from the chunk C or from the ring, MOST at most, then sends them. */
static bool send_matching(struct dnc_subscriber *s, const struct chunk *c, uint64_t last,
	uint64_t most, struct turn *t)
{
	struct run r = {0};

	for (; s->at <= last && t->looks > 0 && r.count < most; s->at++) {
		struct form form;
		int matches = look(s, c, &form, t);

		if (matches == 0 && !dnc_filter_over_budget(s->channel->filter))
			continue;
		if (matches <= 0 || !form.frame.p) {
			if (!r.n)
				return pass_unsent(s, matches);
			break;
		}
		s->memory_waits = 0;
		if (r.n + form.frame.bytes > DNC_HUB_SEND_BYTES)
			break;
		run_add(&r, s->hub->gather, form.frame, s->at);
	}
	t->sent_bytes += r.n;
	return r.n == 0 || transmit_run(s, &r);
}

/* Reports what is not kept any more, or is too far back to be sent. A subscriber that catches up is left alone as long as
 * each round leaves it closer than the one before. */
static bool check_lag(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;
	uint64_t from = s->at, last = h->seen, logged = hub_oldest(h);
	uint64_t backlog = last + 1 - s->at, oldest = logged < h->oldest ? logged : h->oldest;

	if (s->at < oldest && h->replay) {
		s->at = oldest;
		return transmit_gap(s, from, oldest - 1, "retention");
	}
	if (s->at >= oldest &&
		(s->at <= s->catch_up_to || s->at >= h->fresh || backlog <= h->options.max_lag))
		return true;
	if (s->at >= oldest && backlog < s->backlog) {
		s->catch_up_to = last;
		s->backlog = backlog;
		return true;
	}
	/* It would only fall behind again. */
	if (s->was_work_limited) {
		s->too_costly = true;
		note_over_budget(s);
		return false;
	}
	s->at = last + 1;
	return transmit_gap(s, from, last, s->was_rate_limited ? "rate_limit" : "lag");
}

/* Sends something, MOST events at most. False when S can't go on for now: see transmit.h, or it waits for the log. */
static bool send_some(struct dnc_subscriber *s, uint64_t most, struct turn *t)
{
	struct dnc_hub *h = s->hub;
	bool run = s->channel->run;
	const struct chunk *c;

	if (s->at >= h->oldest)
		return run ? send_ring_run(s, most, t) : send_matching(s, NULL, h->seen, most, t);
	c = replay_find(h->replay, s->at);
	/* The next one is read while this one is sent. */
	if (c && s->at == c->first && c->last + 1 < h->oldest)
		replay_prepare(h->replay, c->last + 1);
	if (c)
		return run ? send_chunk_run(s, c, most, t)
		           : send_matching(s, c, chunk_end(s, c), most, t);
	s->waiting = replay_request(h->replay, s->at);
	if (s->waiting)
		s->memory_waits = 0;
	else if (!memory_wait(s))
		transmit_failure(s);
	return false;
}

/* True when nothing has to happen first. */
static bool may_go_on(const struct dnc_subscriber *s)
{
	return !s->dead && s->phase != PHASE_IDLE && !s->waiting && !s->too_costly &&
	       !subscriber_is_live(s) && !dnc_list_is_linked(&s->rate_link);
}

static void go_on(struct dnc_subscriber *s)
{
	struct turn t = {.looks = TURN_LOOKS, .work_ns = BUDGET_TURN_NS};
	bool more = true;

	/* The position is found and reported also when the transport is full: it is an answer. */
	if (s->phase != PHASE_FLOWING && !position_reach(s))
		return;
	if (s->full || !check_lag(s))
		return;
	while (more && s->at <= s->hub->seen && t.sent_bytes < TURN_BYTES && t.looks > 0) {
		uint64_t most = rate_allows(s);

		if (!most) {
			rate_wait(s);
			return;
		}
		if (!budget_allows(s))
			return;
		more = send_some(s, most, &t);
	}
	if (more && s->at <= s->hub->seen) {
		work_add(s);
	} else if (more) {
		s->was_rate_limited = s->was_work_limited = false;
		live_add(s);
	}
}

void deliver_in_turn(struct dnc_subscriber *s)
{
	work_remove(s);
	if (may_go_on(s))
		go_on(s);
}

void deliver(struct dnc_subscriber *s)
{
	if (!budget_is_costly(s))
		deliver_in_turn(s);
	else if (may_go_on(s))
		work_add(s);
}

/* What the chunk C should have started with is not in the log. */
static bool skip_missing(struct dnc_subscriber *s, const struct chunk *c)
{
	uint64_t from = s->at, to = c->first ? c->first - 1 : s->hub->oldest - 1;

	s->at = to + 1;
	return transmit_gap(s, from, to, c->oldest ? "retention" : "missing");
}

/* All subscribers that wait for an event of the chunk, or for one that it should have held, go on. */
void on_chunk(void *ctx, const struct chunk *c)
{
	struct dnc_hub *h = ctx;

	hub_enter(h);
	for (struct dnc_list *link = walk_begin(&h->all_walk, &h->subscribers); link;
		link = walk_next(&h->all_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, all_link);

		if (!s->waiting || s->at < c->from || (s->at > c->from && s->at > c->last))
			continue;
		s->waiting = false;
		if (c->job.failed)
			transmit_failure(s);
		else if (c->first == c->from || s->at != c->from || skip_missing(s, c))
			deliver(s);
	}
	hub_exit(h);
}

void on_found(struct search *search)
{
	struct dnc_subscriber *s = search->subscriber;
	struct dnc_hub *h = s ? s->hub : NULL;
	uint64_t position = search->position;
	bool failed = search->job.failed, by_time = !search->viewer;

	search_free(search);
	if (!s)
		return;
	hub_enter(h);
	s->search = NULL;
	if (failed) {
		transmit_failure(s);
	} else {
		position_found(s, position, by_time);
		deliver(s);
	}
	hub_exit(h);
}
