/* feed.c - moves cursors along the ring, and along the log behind it. */
#include "internal.h"

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
	s->live_next = s->audience->live;
	if (s->live_next)
		s->live_next->live_prev = s;
	s->audience->live = s;
}

void live_remove(struct dnc_subscriber *s)
{
	if (!s->live)
		return;
	s->live = false;
	s->at = s->hub->ring.last + 1;
	*(s->live_prev ? &s->live_prev->live_next : &s->audience->live) = s->live_next;
	if (s->live_next)
		s->live_next->live_prev = s->live_prev;
}

struct frame {
	const char *p;
	size_t bytes, header; /* of the whole, and of its WebSocket header */
};

/* The event's frame in the chunk C, or in the ring when that is NULL. */
static struct frame frame_at(const struct dnc_hub *h, const struct chunk *c, uint64_t seq)
{
	if (c) {
		const struct chunk_slot *slot = chunk_slot(c, seq);

		return (struct frame){c->bytes.p + slot->at, slot->bytes, slot->header};
	}
	return (struct frame){ring_frame(&h->ring, seq), ring_slot(&h->ring, seq)->bytes,
		ring_slot(&h->ring, seq)->header};
}

static bool belongs(const struct dnc_subscriber *s, struct frame f)
{
	struct dnc_event event;

	return s->audience->all ||
	       (dnc_event_view(s->hub->reader, f.p + f.header, f.bytes - f.header, &event) == 0 &&
		       dnc_filter_match(s->audience->filter, &event));
}

/* False when the subscriber can't go on for now. */
static bool took(struct dnc_subscriber *s, enum dnc_sent sent)
{
	s->full |= sent == DNC_SENT_FULL;
	s->dead |= sent == DNC_SENT_DEAD;
	return sent == DNC_SENT;
}

static bool tell_gap(struct dnc_subscriber *s, uint64_t from, uint64_t to, const char *reason)
{
	s->hub->stats.gaps++;
	return took(s, s->hub->options.transport.gap(s->conn, from, to, reason));
}

static bool send_frames(struct dnc_subscriber *s, const char *frames, size_t n, uint64_t count)
{
	s->sent += count;
	s->hub->stats.deliveries += count;
	s->hub->stats.delivered_bytes += n;
	return took(s, s->hub->options.transport.send(s->conn, frames, n));
}

/* Goes back in the ring until enough events are found that belong. True when done; what is left then
 * lies further back. */
static bool seek(struct dnc_subscriber *s)
{
	int looks = TURN_LOOKS;

	if (s->at < s->hub->ring.oldest && !s->hub->past)
		s->at = s->hub->ring.oldest; /* the ring went on meanwhile */
	while (s->seek_left && s->at > s->hub->ring.oldest) {
		if (looks-- == 0)
			return false;
		s->at--;
		s->seek_left -= belongs(s, frame_at(s->hub, NULL, s->at));
	}
	return true;
}

/* Sends a run of a subscriber that gets everything. */
static bool send_run(struct dnc_subscriber *s, size_t *bytes)
{
	uint64_t from = s->at, to = ring_run(&s->hub->ring, from, DNC_HUB_SEND_BYTES, bytes);

	s->at = to + 1;
	return send_frames(s, ring_frame(&s->hub->ring, from), *bytes, to - from + 1);
}

/* Gathers frames up to LAST that belong, from the chunk C or from the ring, then sends them. */
static bool send_matching(
	struct dnc_subscriber *s, const struct chunk *c, uint64_t last, size_t *bytes, int *looks)
{
	char *gather = s->hub->gather;
	uint64_t count = 0;
	size_t n = 0;

	for (; s->at <= last && *looks > 0; s->at++, --*looks) {
		struct frame f = frame_at(s->hub, c, s->at);

		if (!belongs(s, f))
			continue;
		if (n + f.bytes > DNC_HUB_SEND_BYTES)
			break;
		memcpy(gather + n, f.p, f.bytes);
		n += f.bytes;
		count++;
	}
	*bytes = n;
	return n == 0 || send_frames(s, gather, n, count);
}

/* A run of a chunk of the past. */
static bool send_run_of(struct dnc_subscriber *s, const struct chunk *c, size_t *bytes)
{
	const struct chunk_slot *first = chunk_slot(c, s->at), *slot = first;
	uint64_t from = s->at;

	while (s->at < c->last && slot[1].at + slot[1].bytes - first->at <= DNC_HUB_SEND_BYTES)
		s->at++, slot++;
	s->at++;
	*bytes = slot->at + slot->bytes - first->at;
	return send_frames(s, c->bytes.p + first->at, *bytes, s->at - from);
}

/* What is not kept any more, or lies too far back, will not be sent: say so. A subscriber that catches
 * up is left alone as long as each round leaves it nearer than the one before. */
static bool check_lag(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;
	uint64_t from = s->at, last = h->ring.last, oldest = dnc_hub_oldest(h);
	uint64_t backlog = last + 1 - s->at;

	if (s->at < oldest && h->past) {
		s->at = oldest;
		return tell_gap(s, from, oldest - 1, "retention");
	}
	if (s->at >= oldest && (s->at <= s->exempt || backlog <= h->options.max_lag))
		return true;
	if (s->at >= oldest && backlog < s->backlog) {
		s->exempt = last;
		s->backlog = backlog;
		return true;
	}
	s->at = last + 1;
	return tell_gap(s, from, last, "lag");
}

/* True when the place to start from is known. */
static bool find_place(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (s->phase == SEARCHING)
		return false;
	if (!seek(s)) {
		work_add(s);
		return false;
	}
	if (s->seek_left && s->at > dnc_hub_oldest(h) && h->past) {
		s->search = search_start(h->options.reader, s->audience->filter, s->at - 1,
			s->seek_left, 0, s, on_found);
		if (s->search) {
			s->phase = SEARCHING;
			return false;
		}
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
	if (s->gap_from) {
		uint64_t from = s->gap_from;

		s->gap_from = 0;
		if (!tell_gap(s, from, s->gap_to, s->gap_reason))
			return false;
	}
	s->phase = FLOWING;
	return true;
}

/* Sends something. False when it can't go on for now: full, or waiting for a chunk. */
static bool send_some(struct dnc_subscriber *s, size_t *bytes, int *looks)
{
	struct dnc_hub *h = s->hub;
	const struct chunk *c;

	*bytes = 0;
	if (s->at >= h->ring.oldest)
		return s->audience->all ? send_run(s, bytes)
		                        : send_matching(s, NULL, h->ring.last, bytes, looks);
	c = past_find(h->past, s->at);
	if (c)
		return s->audience->all ? send_run_of(s, c, bytes)
		                        : send_matching(s, c, c->last, bytes, looks);
	s->waiting = past_ask(h->past, s->at);
	if (!s->waiting)
		work_add(s); /* no memory now, perhaps on the next turn */
	return false;
}

/* One turn of one subscriber. */
void feed(struct dnc_subscriber *s)
{
	size_t total = 0, bytes = 0;
	int looks = TURN_LOOKS;
	bool more = true;

	work_remove(s);
	if (s->full || s->dead || s->phase == IDLE || s->waiting || s->live)
		return;
	if ((s->phase != FLOWING && !start(s)) || !check_lag(s))
		return;
	while (more && s->at <= s->hub->ring.last && total < TURN_BYTES && looks > 0) {
		more = send_some(s, &bytes, &looks);
		total += bytes;
	}
	if (more && s->at <= s->hub->ring.last)
		work_add(s);
	else if (more)
		live_add(s);
}

/* Sends N gathered bytes, COUNT events up to LAST, to all live members. */
static void send_to_live(
	struct audience *a, const char *frames, size_t n, uint64_t count, uint64_t last)
{
	for (struct dnc_subscriber *s = a->live, *next; s; s = next) {
		next = s->live_next;
		if (send_frames(s, frames, n, count))
			continue;
		live_remove(s);
		s->at = last + 1;
	}
}

/* Each member goes its own way from AT. */
static void feed_from(struct audience *a, uint64_t at)
{
	struct dnc_subscriber *first = a->live, *next;

	a->live = NULL; /* who has everything comes back to it */
	for (struct dnc_subscriber *s = first; s; s = next) {
		next = s->live_next;
		s->live = false;
		s->at = at;
		feed(s);
	}
}

void feed_audience(struct dnc_hub *h, struct audience *a)
{
	uint64_t count = 0;
	size_t n = 0;

	/* Everything lies in the ring as it is sent, and one socket is best written to in a row. And when
	 * not all that matched is known, or more was appended than the ring holds, each looks itself. */
	if (a->all || a->fresh_partial || a->fresh_from < h->ring.oldest) {
		feed_from(a, a->fresh_from);
		return;
	}
	for (size_t i = 0; i < a->fresh_count && a->live; i++) {
		struct frame f = frame_at(h, NULL, a->fresh[i]);

		if (n + f.bytes > DNC_HUB_SEND_BYTES) {
			send_to_live(a, h->gather, n, count, a->fresh[i] - 1);
			n = count = 0;
		}
		memcpy(h->gather + n, f.p, f.bytes);
		n += f.bytes;
		count++;
	}
	if (n && a->live)
		send_to_live(a, h->gather, n, count, h->ring.last);
}

/* Whoever waits for an event of the chunk, or for one that it should have held, goes on. */
void on_chunk(void *ctx, const struct chunk *c)
{
	struct dnc_hub *h = ctx;

	for (struct dnc_subscriber *s = h->subscribers, *next; s; s = next) {
		next = s->next;
		if (!s->waiting || s->at < c->from || (s->at > c->from && s->at > c->last))
			continue;
		s->waiting = false;
		if (c->first != c->from && s->at == c->from && s->at >= dnc_hub_oldest(h)) {
			/* It can't be read: a damaged page, or rows taken out by hand. */
			uint64_t to = c->first ? c->first - 1 : h->ring.oldest - 1;

			s->at = to + 1;
			if (!tell_gap(s, c->from, to, "retention"))
				continue;
		}
		feed(s);
	}
}

void on_found(struct search *search)
{
	struct dnc_subscriber *s = search->subscriber;
	uint64_t place = search->place;

	search_free(search);
	if (!s)
		return;
	s->search = NULL;
	s->seek_left = 0;
	s->at = place > s->served ? place : s->served + 1;
	s->phase = SEEKING;
	feed(s);
}
