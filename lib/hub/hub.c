/* hub.c - moves cursors along the ring. */
#include "hub.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "../event/event.h"
#include "audience.h"
#include "ring.h"

/* One subscriber's share of a turn: bytes sent, and events looked at one by one. A parse and match
 * takes about 1 us, so a turn stays well below a millisecond. */
enum { TURN_BYTES = 4 * DNC_HUB_SEND_BYTES, TURN_LOOKS = 512 };

/* Subscribers served in one call of dnc_hub_work(). */
enum { WORK_SUBSCRIBERS = 16 };

enum phase { IDLE, SEEKING, STARTED, FLOWING };

struct dnc_subscriber {
	struct dnc_hub *hub;
	void *conn;
	struct dnc_subscriber *prev, *next;           /* all of the hub's */
	struct dnc_subscriber *work_prev, *work_next; /* those with work left */
	struct audience *audience;
	enum phase phase;
	bool full, dead, working, recovered;
	uint64_t at;               /* next seq to look at */
	uint64_t exempt;           /* up to here it is catching up, not lagging */
	uint64_t seek_left;        /* SEEKING: matching events still to find, going back */
	uint64_t gap_from, gap_to; /* to be told when the place is found; none when from is 0 */
	const char *gap_reason;
	uint64_t sent;
};

struct dnc_hub {
	struct dnc_hub_options options;
	struct ring ring;
	struct audience *audiences;
	struct dnc_subscriber *subscribers;
	struct dnc_subscriber *work_first, *work_last;
	struct dnc_event_reader *reader;
	struct dnc_hub_stats stats;
	char *gather; /* DNC_HUB_SEND_BYTES, for frames that do not lie side by side */
	char epoch[DNC_EPOCH_LEN + 1];
};

struct dnc_hub *dnc_hub_new(const struct dnc_hub_options *options)
{
	struct dnc_hub *h = calloc(1, sizeof *h);
	unsigned char id[DNC_EPOCH_LEN / 2];

	if (!h)
		return NULL;
	h->options = *options;
	h->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	h->gather = malloc(DNC_HUB_SEND_BYTES);
	if (sodium_init() < 0 || ring_init(&h->ring, options->buffer_bytes) < 0 || !h->reader ||
		!h->gather) {
		dnc_hub_free(h);
		return NULL;
	}
	randombytes_buf(id, sizeof id);
	sodium_bin2hex(h->epoch, sizeof h->epoch, id, sizeof id);
	return h;
}

void dnc_hub_free(struct dnc_hub *h)
{
	if (!h)
		return;
	ring_finish(&h->ring);
	dnc_event_reader_free(h->reader);
	free(h->gather);
	free(h);
}

const char *dnc_hub_epoch(const struct dnc_hub *h)
{
	return h->epoch;
}

uint64_t dnc_hub_oldest(const struct dnc_hub *h)
{
	return h->ring.oldest;
}

uint64_t dnc_hub_last(const struct dnc_hub *h)
{
	return h->ring.last;
}

struct dnc_hub_stats dnc_hub_stats(const struct dnc_hub *h)
{
	struct dnc_hub_stats stats = h->stats;

	for (const struct audience *a = h->audiences; a; a = a->next)
		stats.audiences++;
	return stats;
}

static const struct dnc_event *view(struct dnc_hub *h, uint64_t seq, struct dnc_event *event)
{
	struct dnc_str text = ring_text(&h->ring, seq);

	return dnc_event_view(h->reader, text.p, text.n, event) == 0 ? event : NULL;
}

uint64_t dnc_hub_append(struct dnc_hub *h, const char *line, size_t n)
{
	uint64_t seq = ring_append(&h->ring, line, n);
	const struct dnc_event *event = NULL;
	struct dnc_event space;
	bool looked = false;

	h->stats.events++;
	h->stats.event_bytes += n;
	for (struct audience *a = h->audiences; a; a = a->next) {
		if (a->all)
			continue;
		if (!looked)
			event = view(h, seq, &space);
		looked = true;
		audience_match(a, &h->ring, seq, event);
	}
	return seq;
}

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

static void work_remove(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	if (!s->working)
		return;
	s->working = false;
	*(s->work_prev ? &s->work_prev->work_next : &h->work_first) = s->work_next;
	*(s->work_next ? &s->work_next->work_prev : &h->work_last) = s->work_prev;
}

static bool belongs(struct dnc_subscriber *s, uint64_t seq)
{
	struct dnc_hub *h = s->hub;
	struct dnc_event event;

	if (audience_knows(s->audience, seq))
		return audience_has(s->audience, &h->ring, seq);
	return view(h, seq, &event) && dnc_filter_match(s->audience->filter, &event);
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

/* Goes back until enough events are found that belong. True when done. */
static bool seek(struct dnc_subscriber *s)
{
	int looks = TURN_LOOKS;

	if (s->at < s->hub->ring.oldest)
		s->at = s->hub->ring.oldest; /* the ring went on meanwhile */
	while (s->seek_left && s->at > s->hub->ring.oldest) {
		if (looks-- == 0)
			return false;
		s->at--;
		s->seek_left -= belongs(s, s->at);
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

/* Gathers frames that belong, then sends them. */
static bool send_matching(struct dnc_subscriber *s, size_t *bytes, int *looks)
{
	struct dnc_hub *h = s->hub;
	uint64_t count = 0;
	size_t n = 0;

	for (; s->at <= h->ring.last && *looks > 0; s->at++) {
		const struct ring_slot *slot = ring_slot(&h->ring, s->at);

		*looks -= !audience_knows(s->audience, s->at);
		if (!belongs(s, s->at))
			continue;
		if (n + slot->bytes > DNC_HUB_SEND_BYTES)
			break;
		memcpy(h->gather + n, ring_frame(&h->ring, s->at), slot->bytes);
		n += slot->bytes;
		count++;
	}
	*bytes = n;
	return n == 0 || send_frames(s, h->gather, n, count);
}

/* What fell out of the ring, or lies too far back, will not be sent: say so. */
static bool check_lag(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;
	uint64_t from = s->at, last = h->ring.last;
	uint64_t base = s->at > s->exempt ? s->at - 1 : s->exempt;

	if (s->at >= h->ring.oldest && (base >= last || last - base <= h->options.max_lag))
		return true;
	s->at = last + 1;
	return tell_gap(s, from, last, "lag");
}

static bool start(struct dnc_subscriber *s)
{
	if (s->phase == SEEKING) {
		if (!seek(s)) {
			work_add(s);
			return false;
		}
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

/* One turn of one subscriber. */
static void feed(struct dnc_subscriber *s)
{
	size_t total = 0, bytes = 0;
	int looks = TURN_LOOKS;
	bool more = true;

	work_remove(s);
	if (s->full || s->dead || s->phase == IDLE)
		return;
	if ((s->phase != FLOWING && !start(s)) || !check_lag(s))
		return;
	while (more && s->at <= s->hub->ring.last && total < TURN_BYTES && looks > 0) {
		more = s->audience->all ? send_run(s, &bytes) : send_matching(s, &bytes, &looks);
		total += bytes;
	}
	if (more && s->at <= s->hub->ring.last)
		work_add(s);
}

void dnc_hub_flush(struct dnc_hub *h)
{
	for (struct dnc_subscriber *s = h->subscribers; s; s = s->next)
		if (!s->full && !s->working)
			feed(s);
}

bool dnc_hub_work(struct dnc_hub *h)
{
	for (int i = 0; i < WORK_SUBSCRIBERS && h->work_first; i++)
		feed(h->work_first);
	return h->work_first;
}

struct dnc_subscriber *dnc_hub_join(struct dnc_hub *h, void *conn)
{
	struct dnc_subscriber *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->hub = h;
	s->conn = conn;
	s->at = h->ring.last + 1;
	s->next = h->subscribers;
	if (s->next)
		s->next->prev = s;
	h->subscribers = s;
	h->stats.subscribers++;
	return s;
}

void dnc_hub_leave(struct dnc_subscriber *s)
{
	if (!s)
		return;
	dnc_hub_unsubscribe(s);
	*(s->prev ? &s->prev->next : &s->hub->subscribers) = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->hub->stats.subscribers--;
	free(s);
}

void dnc_hub_unsubscribe(struct dnc_subscriber *s)
{
	work_remove(s);
	if (s->audience)
		audience_leave(&s->hub->audiences, s->audience);
	s->audience = NULL;
	s->phase = IDLE;
}

int dnc_hub_refilter(struct dnc_subscriber *s, struct dnc_filter *filter)
{
	struct audience *a = audience_join(&s->hub->audiences, filter, &s->hub->ring);

	if (!a)
		return -1;
	if (s->audience)
		audience_leave(&s->hub->audiences, s->audience);
	s->audience = a;
	return 0;
}

/* Where SINCE leads: the next event, the oldest one with a gap, or all there is of another epoch. */
static void start_since(struct dnc_subscriber *s, const struct dnc_start *start)
{
	const struct ring *r = &s->hub->ring;
	bool other = start->epoch.p && !dnc_str_eq(start->epoch, dnc_str(s->hub->epoch));

	if (other || start->n > r->last) {
		s->at = other ? r->oldest : r->last + 1;
		s->recovered = !other && start->n == r->last;
		s->gap_reason = "epoch";
		s->gap_from = s->recovered ? 0 : start->n + 1;
		s->gap_to = s->at - 1;
		return;
	}
	s->at = start->n + 1;
	if (s->at < r->oldest) {
		s->recovered = false;
		s->gap_from = s->at;
		s->gap_to = r->oldest - 1;
		s->gap_reason = "retention";
		s->at = r->oldest;
	}
}

int dnc_hub_subscribe(
	struct dnc_subscriber *s, struct dnc_filter *filter, const struct dnc_start *start)
{
	struct dnc_hub *h = s->hub;
	uint64_t served = s->at; /* nothing before this is sent again */
	bool again = s->sent > 0;

	if (dnc_hub_refilter(s, filter) < 0)
		return -1;
	work_remove(s);
	s->recovered = true;
	s->gap_from = 0;
	s->seek_left = 0;
	s->at = h->ring.last + 1;
	s->phase = SEEKING;
	if (start->from == DNC_START_SINCE) {
		start_since(s, start);
	} else if (start->from == DNC_START_LAST && s->audience->all) {
		uint64_t held = s->at - h->ring.oldest;

		s->at -= start->n < held ? start->n : held;
	} else if (start->from == DNC_START_LAST) {
		s->seek_left = start->n;
	}
	if (again && s->at < served) {
		s->at = served;
		s->seek_left = 0;
	}
	s->exempt = h->ring.last;
	feed(s);
	return 0;
}

void dnc_subscriber_ready(struct dnc_subscriber *s)
{
	s->full = false;
	feed(s);
}

void dnc_subscriber_full(struct dnc_subscriber *s)
{
	s->full = true;
}

bool dnc_subscriber_active(const struct dnc_subscriber *s)
{
	return s->phase != IDLE;
}

uint64_t dnc_subscriber_next(const struct dnc_subscriber *s)
{
	return s->at;
}

bool dnc_subscriber_recovered(const struct dnc_subscriber *s)
{
	return s->recovered;
}

uint64_t dnc_subscriber_sent(const struct dnc_subscriber *s)
{
	return s->sent;
}

const struct dnc_filter *dnc_subscriber_filter(const struct dnc_subscriber *s)
{
	return s->audience ? s->audience->filter : NULL;
}
