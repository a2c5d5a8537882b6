/* deliver.c - moves cursors along the ring, and along the log behind it. */
#include "priv/internal.h"

/* One subscriber's share of a turn: bytes sent, and events looked at one by one. A parse and match
 * takes about 1 us, so a turn stays well below a millisecond. */
enum { TURN_BYTES = 4 * DNC_HUB_SEND_BYTES, TURN_LOOKS = 512 };

/* The list of those who have more to get, oldest first. */
static void work_add(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (s->working)
		return;
	s->working = true;
	s->work_next = NULL;
	s->work_prev = h->work_last;
	*(h->work_last ? &h->work_last->work_next : &h->work_first) = s;
	h->work_last = s;
	if (h->work_first == s)
		hub_wake(h);
}

void work_remove(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (!s->working)
		return;
	s->working = false;
	*(s->work_prev ? &s->work_prev->work_next : &h->work_first) = s->work_next;
	*(s->work_next ? &s->work_next->work_prev : &h->work_last) = s->work_prev;
}

static void live_add(struct dnc_subscriber *s)
{
	if (s->live)
		return;
	s->live = true;
	s->live_prev = NULL;
	s->live_next = s->channel->live;
	if (s->live_next)
		s->live_next->live_prev = s;
	s->channel->live = s;
}

void live_remove(struct dnc_subscriber *s)
{
	if (!s->live)
		return;
	s->live = false;
	s->at = s->hub->seen + 1;
	if (s->hub->live_walk == s)
		s->hub->live_walk = s->live_next;
	*(s->live_prev ? &s->live_prev->live_next : &s->channel->live) = s->live_next;
	if (s->live_next)
		s->live_next->live_prev = s->live_prev;
}

/* The event's frame in the chunk C, or in the ring when that is NULL. */
static struct frame plain_frame(const struct dnc_hub *h, const struct chunk *c, uint64_t seq)
{
	const struct chunk_slot *slot;

	if (!c)
		return ring_frame_at(h, seq);
	slot = chunk_slot(c, seq);
	return (struct frame){c->bytes.p + slot->at, slot->bytes, slot->header};
}

/* The same in the form that the channel gets; p is NULL when it can't be made. */
static struct frame frame_for(
	struct dnc_hub *h, const struct channel *a, const struct chunk *c, uint64_t seq)
{
	struct frame f = plain_frame(h, c, seq);

	return a->view.rendering ? rendering_frame(h->renderings[a->view.rendering], seq, f) : f;
}

static bool belongs(const struct dnc_subscriber *s, const struct chunk *c, uint64_t seq)
{
	struct event_space space;
	struct channel_event event;

	if (s->channel->all)
		return true;
	event = view_event(s->hub, seq, plain_frame(s->hub, c, seq), &space);
	return channel_matches(s->channel, &event);
}

/* False when the subscriber can't go on for now, or the callback ended its subscription. */
static bool took(struct dnc_subscriber *s, enum dnc_sent sent)
{
	if (sent == DNC_SENT)
		return s->phase != IDLE;
	s->full |= sent == DNC_SENT_FULL;
	s->dead |= sent == DNC_SENT_DEAD;
	return false;
}

static bool tell_gap(struct dnc_subscriber *s, uint64_t from, uint64_t to, const char *reason)
{
	s->hub->stats.gaps++;
	return took(s, s->hub->options.transport.gap(s->conn, from, to, reason));
}

/* Frames side by side: COUNT events, from FIRST to LAST. */
struct run {
	const char *p;
	size_t n;
	uint64_t count, first, last;
};

static bool send_frames(struct dnc_subscriber *s, const struct run *r)
{
	if (!s->sent)
		s->first_sent = r->first;
	s->last_sent = r->last;
	s->sent += r->count;
	rate_spend(s, r->count);
	s->hub->stats.deliveries += r->count;
	s->hub->stats.delivered_bytes += r->n;
	return took(s, s->hub->options.transport.send(s->conn, r->p, r->n));
}

/* One more frame, of event SEQ, behind those that were gathered in SPACE. */
static void gather(struct run *r, char *space, struct frame f, uint64_t seq)
{
	memcpy(space + r->n, f.p, f.bytes);
	r->p = space;
	r->n += f.bytes;
	r->first = r->count++ ? r->first : seq;
	r->last = seq;
}

/* Goes back in the ring until enough events are found that belong. True when done; what is left then
 * lies further back. */
static bool seek(struct dnc_subscriber *s)
{
	uint64_t oldest = dnc_hub_oldest(s->hub);
	int looks = TURN_LOOKS;

	if (s->at < s->hub->oldest && !s->hub->replay)
		s->at = s->hub->oldest; /* the ring went on meanwhile */
	while (s->seek_left && s->at > s->hub->oldest && s->at > oldest) {
		if (looks-- == 0)
			return false;
		s->at--;
		s->seek_left -= belongs(s, NULL, s->at);
	}
	return true;
}

/* Sends a run as it stands in the ring, MOST events at most. */
static bool send_run(struct dnc_subscriber *s, uint64_t most, size_t *bytes)
{
	struct dnc_hub *h = s->hub;
	uint64_t from = s->at, last = h->seen - from < most ? h->seen : from + most - 1;
	uint64_t to = ring_run(h->ring, from, last, DNC_HUB_SEND_BYTES, bytes);

	s->at = to + 1;
	return send_frames(
		s, &(struct run){ring_frame(h->ring, from), *bytes, to - from + 1, from, to});
}

/* The form that S gets of event SEQ can't be made: it would be longer than a frame of ours. */
static bool skip(struct dnc_subscriber *s, uint64_t seq)
{
	s->at = seq + 1;
	return tell_gap(s, seq, seq, "too_large");
}

/* Gathers frames up to LAST that belong, from the chunk C or from the ring, MOST at most, then sends
 * them. */
static bool send_matching(struct dnc_subscriber *s, const struct chunk *c, uint64_t last,
	uint64_t most, size_t *bytes, int *looks)
{
	struct run r = {0};

	for (; s->at <= last && *looks > 0 && r.count < most; s->at++, --*looks) {
		struct frame f;

		if (!belongs(s, c, s->at)) {
			if (!dnc_filter_over_budget(s->channel->filter))
				continue;
			if (!s->hub->channels.struck)
				hub_wake(s->hub);
			s->hub->channels.struck = true;
			if (!r.n)
				return false;
			break;
		}
		f = frame_for(s->hub, s->channel, c, s->at);
		if (!f.p && !r.n)
			return skip(s, s->at);
		if (!f.p || r.n + f.bytes > DNC_HUB_SEND_BYTES)
			break;
		gather(&r, s->hub->gather, f, s->at);
	}
	*bytes = r.n;
	return r.n == 0 || send_frames(s, &r);
}

/* A run of a chunk of the past. */
static bool send_run_of(
	struct dnc_subscriber *s, const struct chunk *c, uint64_t most, size_t *bytes)
{
	const struct chunk_slot *first = chunk_slot(c, s->at), *slot = first;
	uint64_t from = s->at;

	while (s->at < c->last && s->at + 1 - from < most &&
		slot[1].at + slot[1].bytes - first->at <= DNC_HUB_SEND_BYTES)
		s->at++, slot++;
	s->at++;
	*bytes = slot->at + slot->bytes - first->at;
	return send_frames(
		s, &(struct run){c->bytes.p + first->at, *bytes, s->at - from, from, s->at - 1});
}

/* What is not kept any more, or lies too far back, will not be sent: say so. A subscriber that catches
 * up is left alone as long as each round leaves it nearer than the one before. */
static bool check_lag(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;
	uint64_t from = s->at, last = h->seen, logged = dnc_hub_oldest(h);
	uint64_t backlog = last + 1 - s->at, oldest = logged < h->oldest ? logged : h->oldest;

	if (s->at < oldest && h->replay) {
		s->at = oldest;
		return tell_gap(s, from, oldest - 1, "retention");
	}
	if (s->at >= oldest &&
		(s->at <= s->exempt || s->at >= h->fresh || backlog <= h->options.max_lag))
		return true;
	if (s->at >= oldest && backlog < s->backlog) {
		s->exempt = last;
		s->backlog = backlog;
		return true;
	}
	s->at = last + 1;
	return tell_gap(s, from, last, s->held_back ? "rate_limit" : "lag");
}

/* True when the place to start from is known. */
static bool find_place(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (s->phase == SEARCHING)
		return false;
	/* It saw more at another hub of the ring than this one has looked at yet. */
	if (s->at > h->seen + 1 || !seek(s)) {
		work_add(s);
		return false;
	}
	if (s->seek_left && s->at > dnc_hub_oldest(h) && h->replay) {
		s->search = search_start(h->options.reader, &s->view, s->channel->filter, s->at - 1,
			s->seek_left, 0, s, on_found);
		if (s->search)
			s->phase = SEARCHING;
		else
			work_add(s); /* no memory now, perhaps on the next turn */
		return false;
	}
	return true;
}

static bool start(struct dnc_subscriber *s)
{
	if (s->phase != STARTED) {
		if (!find_place(s))
			return false;
		s->phase = STARTED;
		if (!took(s, s->hub->options.transport.started(s->conn)))
			return false;
	}
	if (s->full)
		return false;
	if (s->gap_from) {
		uint64_t from = s->gap_from;

		s->gap_from = 0;
		if (!tell_gap(s, from, s->gap_to, s->gap_reason))
			return false;
	}
	s->phase = FLOWING;
	return true;
}

/* Sends something, MOST events at most. False when it can't go on for now: full, or waiting for a
 * chunk. */
static bool send_some(struct dnc_subscriber *s, uint64_t most, size_t *bytes, int *looks)
{
	struct dnc_hub *h = s->hub;
	bool run = s->channel->run;
	const struct chunk *c;

	*bytes = 0;
	if (s->at >= h->oldest)
		return run ? send_run(s, most, bytes)
		           : send_matching(s, NULL, h->seen, most, bytes, looks);
	c = replay_find(h->replay, s->at);
	if (c)
		return run ? send_run_of(s, c, most, bytes)
		           : send_matching(s, c, c->last, most, bytes, looks);
	s->waiting = replay_ask(h->replay, s->at);
	if (!s->waiting)
		work_add(s); /* no memory now, perhaps on the next turn */
	return false;
}

/* One turn of one subscriber. */
void deliver(struct dnc_subscriber *s)
{
	size_t total = 0, bytes = 0;
	int looks = TURN_LOOKS;
	bool more = true;

	work_remove(s);
	if (s->dead || s->phase == IDLE || s->waiting || s->live || s->paced)
		return;
	/* The place is looked for and told also when the transport is full: it is an answer. */
	if (s->phase != FLOWING && !start(s))
		return;
	if (s->full || !check_lag(s))
		return;
	while (more && s->at <= s->hub->seen && total < TURN_BYTES && looks > 0) {
		uint64_t most = rate_allows(s);

		if (!most) {
			rate_wait(s);
			return;
		}
		more = send_some(s, most, &bytes, &looks);
		total += bytes;
	}
	if (more && s->at <= s->hub->seen) {
		work_add(s);
	} else if (more) {
		s->held_back = false;
		live_add(s);
	}
}

/* Sends the frames to all live members; all up to UPTO was looked at. */
static void send_to_live(struct channel *a, const struct run *r, uint64_t upto)
{
	struct dnc_hub *h = a->live->hub;
	void (*soon)(void *conn) = h->options.transport.soon;

	/* With thousands of members each is out of the cache when its turn comes: what it needs is fetched
	 * while others are written to. */
	for (struct dnc_subscriber *s = a->live, *next, *after; s; s = h->live_walk) {
		h->live_walk = next = s->live_next;
		after = next ? next->live_next : NULL;
		if (after) {
			__builtin_prefetch(after->live_next);
			__builtin_prefetch(after->conn);
		}
		if (next)
			soon(next->conn);
		if (!s->live || send_frames(s, r))
			continue;
		live_remove(s);
		s->at = upto + 1;
	}
}

/* Each member goes its own way from AT. */
static void deliver_from(struct dnc_hub *h, struct channel *a, uint64_t at)
{
	/* One that has everything comes back in front of those that the walk has yet to reach. */
	for (struct dnc_subscriber *s = a->live; s; s = h->live_walk) {
		h->live_walk = s->live_next;
		live_remove(s);
		s->at = at;
		deliver(s);
	}
}

/* Members that may not get all of it now go their own way. */
static void part_with_paced(struct channel *a)
{
	for (struct dnc_subscriber *s = a->live, *next; s; s = next) {
		next = s->live_next;
		if (rate_allows(s) >= a->fresh_count)
			continue;
		live_remove(s);
		s->at = a->fresh_from;
		s->held_back = true;
		work_add(s); /* not now: it would be live again, and get them twice */
	}
}

/* The same for all members from this one on: its form can't be made. */
static void skip_for_live(struct dnc_hub *h, struct channel *a, uint64_t seq)
{
	for (struct dnc_subscriber *s = a->live; s; s = h->live_walk) {
		h->live_walk = s->live_next;
		live_remove(s);
		if (skip(s, seq))
			deliver(s);
	}
}

/* When all that is new lies side by side in the ring, as everybody of the channel gets it. */
static bool deliver_run(struct dnc_hub *h, struct channel *a)
{
	struct run r = {.first = a->fresh_from, .last = h->seen};

	if (!a->run || !a->live || a->paced_members ||
		ring_run(h->ring, r.first, r.last, DNC_HUB_SEND_BYTES, &r.n) != r.last)
		return false;
	r.p = ring_frame(h->ring, r.first);
	r.count = r.last + 1 - r.first;
	send_to_live(a, &r, h->seen);
	return true;
}

void deliver_channel(struct dnc_hub *h, struct channel *a)
{
	struct run r = {0};

	if (deliver_run(h, a))
		return;
	/* One socket is best written to in a row. And when not all that matched is known, each looks itself. */
	if (a->run || a->fresh_partial) {
		deliver_from(h, a, a->fresh_from);
		return;
	}
	if (a->paced_members)
		part_with_paced(a);
	for (size_t i = 0; i < a->fresh_count && a->live; i++) {
		struct frame f = frame_for(h, a, NULL, a->fresh[i]);

		if (r.n && (!f.p || r.n + f.bytes > DNC_HUB_SEND_BYTES)) {
			send_to_live(a, &r, a->fresh[i] - 1);
			r = (struct run){0};
		}
		if (!f.p) {
			skip_for_live(h, a, a->fresh[i]);
			return;
		}
		gather(&r, h->gather, f, a->fresh[i]);
	}
	if (r.n && a->live)
		send_to_live(a, &r, h->seen);
}

/* Nothing is skipped that may be there: the client comes back, and asks again. */
static void fail(struct dnc_subscriber *s)
{
	s->dead = true;
	s->hub->options.transport.failed(s->conn);
}

/* What the chunk should have started with is not in the log. */
static bool skip_missing(struct dnc_subscriber *s, const struct chunk *c)
{
	uint64_t from = s->at, to = c->first ? c->first - 1 : s->hub->oldest - 1;

	s->at = to + 1;
	return tell_gap(s, from, to, c->oldest ? "retention" : "missing");
}

/* Whoever waits for an event of the chunk, or for one that it should have held, goes on. */
void on_chunk(void *ctx, const struct chunk *c)
{
	struct dnc_hub *h = ctx;

	hub_enter(h);
	for (struct dnc_subscriber *s = h->subscribers; s; s = h->all_walk) {
		h->all_walk = s->next;
		if (!s->waiting || s->at < c->from || (s->at > c->from && s->at > c->last))
			continue;
		s->waiting = false;
		if (c->job.failed)
			fail(s);
		else if (c->first == c->from || s->at != c->from || skip_missing(s, c))
			deliver(s);
	}
	hub_exit(h);
}

/* A time before the oldest event there is: what was logged between them may be gone. */
static void tell_older(struct dnc_subscriber *s, uint64_t place)
{
	uint64_t oldest = dnc_journal_oldest(s->hub->options.journal);

	if (place > oldest || oldest <= s->served + 1)
		return;
	s->recovered = false;
	s->gap_reason = "retention";
	s->gap_from = s->served + 1;
	s->gap_to = oldest - 1;
}

static void found_place(struct dnc_subscriber *s, uint64_t place, bool by_time)
{
	if (by_time)
		tell_older(s, place);
	s->seek_left = 0;
	s->at = place > s->served ? place : s->served + 1;
	s->phase = SEEKING;
	deliver(s);
}

void on_found(struct search *search)
{
	struct dnc_subscriber *s = search->subscriber;
	struct dnc_hub *h = s ? s->hub : NULL;
	uint64_t place = search->place;
	bool failed = search->job.failed, by_time = !search->viewer;

	search_free(search);
	if (!s)
		return;
	hub_enter(h);
	s->search = NULL;
	if (failed)
		fail(s);
	else
		found_place(s, place, by_time);
	hub_exit(h);
}
