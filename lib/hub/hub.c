/* hub.c - who is there, and where each starts. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "event/event.h"
#include "priv/internal.h"

enum {
	WORK_SUBSCRIBERS = 16, /* served in one call of dnc_hub_work() */
	/* What one call of dnc_hub_advance() looks at and sends, at most: some milliseconds of work. More
	 * in one turn would save system calls, and make everybody else wait. */
	ADVANCE_BYTES = 4 << 20,
	ADVANCE_DELIVERIES = 400000,
	ADVANCE_NS = 4000000, /* spent in matching */
	CLOCK_EVENTS = 16,    /* matched between two looks at the clock */
	RENDERING_SHARE = 8,  /* of the ring's size are kept of each other form */
};

struct dnc_hub *dnc_hub_new(const struct dnc_hub_options *options)
{
	struct dnc_hub *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->options = *options;
	h->ring = options->ring;
	h->mark = ring_join(h->ring);
	h->seen = dnc_ring_last(h->ring);
	h->oldest = dnc_ring_oldest(h->ring);
	h->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	h->masked_reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	h->gather = malloc(DNC_HUB_SEND_BYTES);
	if (options->reader)
		h->replay = replay_new(options->reader, on_chunk, h);
	if (!h->mark || !h->reader || !h->masked_reader || !h->gather ||
		(options->reader && !h->replay)) {
		dnc_hub_free(h);
		return NULL;
	}
	return h;
}

void dnc_hub_free(struct dnc_hub *h)
{
	if (!h)
		return;
	replay_free(h->replay);
	channels_finish(&h->channels);
	for (int i = 0; i < DNC_RENDERINGS; i++)
		rendering_free(h->renderings[i]);
	dnc_event_reader_free(h->reader);
	dnc_event_reader_free(h->masked_reader);
	free(h->gather);
	free(h);
}

const char *dnc_hub_epoch(const struct dnc_hub *h)
{
	return dnc_journal_epoch(h->options.journal);
}

uint64_t dnc_hub_oldest(const struct dnc_hub *h)
{
	uint64_t logged;

	if (!h->replay)
		return h->oldest;
	/* What retention removed is not served from memory, either. But the log may have removed already what this hub
	 * has yet to send as new. */
	logged = dnc_journal_oldest(h->options.journal);
	return logged < h->seen + 1 ? logged : h->seen + 1;
}

bool dnc_hub_has_replay(const struct dnc_hub *h)
{
	return h->replay;
}

uint64_t dnc_hub_last(const struct dnc_hub *h)
{
	return h->seen;
}

struct dnc_hub_stats dnc_hub_stats(const struct dnc_hub *h)
{
	struct dnc_hub_stats stats = h->stats;

	stats.channels = HASH_COUNT(h->channels.table);
	return stats;
}

void dnc_hub_lag_histogram(const struct dnc_hub *h, size_t behind[DNC_HUB_LAGS])
{
	memset(behind, 0, DNC_HUB_LAGS * sizeof *behind);
	for (const struct dnc_subscriber *s = h->subscribers; s; s = s->next) {
		uint64_t at = subscriber_at(s), lag = at > h->seen ? 0 : h->seen + 1 - at;
		int bits = s->phase != IDLE && lag ? 64 - __builtin_clzll(lag) : 0;

		behind[bits < DNC_HUB_LAGS ? bits : DNC_HUB_LAGS - 1]++;
	}
}

struct channel_event view_event(
	struct dnc_hub *h, uint64_t seq, struct frame plain, struct event_space *space)
{
	struct channel_event event = {.seq = seq};
	struct dnc_str text = frame_payload(plain);
	struct frame masked;

	if (dnc_event_parse(h->reader, text.p, text.n, &space->plain) == 0)
		event.plain = &space->plain;
	if (!h->channels.masked)
		return event;
	masked = rendering_frame(h->renderings[DNC_MASKED], seq, plain);
	text = frame_payload(masked);
	if (masked.p && dnc_event_parse(h->masked_reader, text.p, text.n, &space->masked) == 0)
		event.masked = &space->masked;
	return event;
}

static void match(struct dnc_hub *h, uint64_t seq)
{
	struct event_space space;
	struct channel_event event = {.seq = seq};
	int64_t start;

	if (!channels_look(&h->channels)) {
		channels_match(&h->channels, &event);
		return;
	}
	start = dnc_clock_mono_ns();
	event = view_event(h, seq, ring_frame_at(h, seq), &space);
	channels_match(&h->channels, &event);
	dnc_histogram_observe(&h->stats.match, dnc_clock_mono_ns() - start, 1);
}

void hub_enter(struct dnc_hub *h)
{
	h->calls++;
}

void hub_exit(struct dnc_hub *h)
{
	if (--h->calls)
		return;
	for (struct dnc_subscriber *s = h->left, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	h->left = NULL;
}

void hub_wake(struct dnc_hub *h)
{
	if (!h->working && h->options.work)
		h->options.work(h->options.ctx);
}

/* Ends the subscriptions whose filter has become of no use. */
static void strike(struct dnc_hub *h)
{
	h->channels.struck = false;
	for (struct dnc_subscriber *s = h->subscribers; s; s = h->all_walk) {
		uint64_t from;

		h->all_walk = s->next;
		if (!s->channel || !dnc_filter_over_budget(s->channel->filter))
			continue;
		from = s->live ? s->channel->over_budget_at : s->at;
		dnc_hub_unsubscribe(s);
		if (h->options.transport.struck(s->conn, from) != DNC_SENT)
			s->full = true;
	}
}

static void flush(struct dnc_hub *h)
{
	struct channel *a;

	h->channels.owed = 0;
	while ((a = channels_take_fresh(&h->channels))) {
		a->members++; /* it lives though all its members leave */
		deliver_channel(h, a);
		channel_sent(a);
		channel_leave(&h->channels, a, false);
	}
}

void dnc_hub_release_ring(struct dnc_hub *h)
{
	h->oldest = dnc_ring_oldest(h->ring);
	h->mark->keep = h->oldest;
}

bool dnc_hub_advance(struct dnc_hub *h)
{
	uint64_t first = h->seen + 1, last = dnc_ring_last(h->ring), count = 0;
	int64_t start = dnc_clock_mono_ns(), now;
	size_t bytes = 0;

	dnc_hub_release_ring(h);
	h->fresh = first;
	while (h->seen < last && bytes < ADVANCE_BYTES && h->channels.owed < ADVANCE_DELIVERIES) {
		if (++count % CLOCK_EVENTS == 0 && dnc_clock_mono_ns() - start > ADVANCE_NS)
			break;
		h->seen++;
		bytes += ring_slot(h->ring, h->seen)->bytes;
		match(h, h->seen);
	}
	if (first > h->seen)
		return false;
	hub_enter(h);
	flush(h);
	if (h->channels.struck)
		strike(h);
	hub_exit(h);
	now = dnc_clock_mono_ns();
	for (uint64_t seq = first; seq <= h->seen; seq++)
		dnc_histogram_observe(
			&h->stats.delivery, now - ring_slot(h->ring, seq)->arrived_ns, 1);
	h->mark->seen = h->seen;
	return h->seen < last;
}

bool dnc_hub_work(struct dnc_hub *h)
{
	bool more;

	hub_enter(h);
	h->working = true;
	more = dnc_hub_advance(h);
	for (int i = 0; i < WORK_SUBSCRIBERS && h->work_first; i++)
		deliver(h->work_first);
	if (h->channels.struck)
		strike(h);
	h->working = false;
	hub_exit(h);
	return more || h->work_first;
}

/* What this form is made of: compressed of the same uncompressed, a masked CloudEvent of the masked. */
static unsigned base_of(unsigned rendering)
{
	if (rendering & DNC_DEFLATED)
		return rendering & ~(unsigned)DNC_DEFLATED;
	return rendering == (DNC_MASKED | DNC_CLOUDEVENT) ? DNC_MASKED : 0;
}

static bool prepare(struct dnc_hub *h, unsigned rendering)
{
	unsigned base = base_of(rendering);

	if (!rendering || h->renderings[rendering])
		return true;
	if (!prepare(h, base))
		return false;
	h->renderings[rendering] = rendering_new(
		rendering & ~base, h->renderings[base], dnc_ring_size(h->ring) / RENDERING_SHARE);
	return h->renderings[rendering];
}

/* What S may get now, as a call of the owner's. */
static void turn(struct dnc_subscriber *s)
{
	struct dnc_hub *h = s->hub;

	hub_enter(h);
	deliver(s);
	hub_exit(h);
}

static void keep_view(struct dnc_subscriber *s, const struct dnc_view *view)
{
	const struct dnc_filter *before = s->view.sees;

	s->view = *view;
	dnc_filter_ref(view->sees);
	dnc_filter_unref(before);
}

struct dnc_subscriber *dnc_hub_join(
	struct dnc_hub *h, void *conn, const struct dnc_view *view, const struct dnc_rate *pace)
{
	struct dnc_subscriber *s = calloc(1, sizeof *s);

	if (!s || !prepare(h, view->rendering)) {
		free(s);
		return NULL;
	}
	s->hub = h;
	s->conn = conn;
	keep_view(s, view);
	s->pace = *pace;
	s->tokens = pace->burst;
	s->refilled_ms = dnc_clock_mono_ms();
	s->at = h->seen + 1;
	s->next = h->subscribers;
	if (s->next)
		s->next->prev = s;
	h->subscribers = s;
	h->stats.subscribers++;
	return s;
}

void dnc_hub_leave(struct dnc_subscriber *s)
{
	struct dnc_hub *h;

	if (!s)
		return;
	h = s->hub;
	dnc_hub_unsubscribe(s);
	if (h->all_walk == s)
		h->all_walk = s->next;
	*(s->prev ? &s->prev->next : &h->subscribers) = s->next;
	if (s->next)
		s->next->prev = s->prev;
	h->stats.subscribers--;
	dnc_filter_unref(s->view.sees);
	if (!h->calls) {
		free(s);
		return;
	}
	s->next = h->left;
	h->left = s;
}

static void stop_search(struct dnc_subscriber *s)
{
	if (s->search)
		s->search->subscriber = NULL;
	s->search = NULL;
	s->waiting = false;
}

void dnc_hub_unsubscribe(struct dnc_subscriber *s)
{
	work_remove(s);
	rate_remove(s);
	live_remove(s);
	stop_search(s);
	if (s->channel)
		channel_leave(&s->hub->channels, s->channel, s->pace.per_minute > 0);
	s->channel = NULL;
	s->phase = IDLE;
}

static int change_channel(struct dnc_subscriber *s, const struct dnc_filter *filter)
{
	bool paced = s->pace.per_minute > 0;
	struct channel *a = channel_join(&s->hub->channels, &s->view, filter, paced);

	if (!a)
		return -1;
	live_remove(s);
	if (s->channel)
		channel_leave(&s->hub->channels, s->channel, paced);
	s->channel = a;
	return 0;
}

int dnc_hub_refilter(struct dnc_subscriber *s, const struct dnc_filter *filter)
{
	if (change_channel(s, filter) < 0)
		return -1;
	turn(s); /* live again, when it was */
	return 0;
}

int dnc_subscriber_set_view(
	struct dnc_subscriber *s, const struct dnc_view *view, const struct dnc_rate *pace)
{
	const struct dnc_filter *filter = dnc_subscriber_filter(s);
	struct dnc_hub *h = s->hub;
	struct channel *a = NULL;

	if (!prepare(h, view->rendering))
		return -1;
	if (filter && !(a = channel_join(&h->channels, view, filter, pace->per_minute > 0)))
		return -1;
	live_remove(s);
	rate_remove(s);
	if (s->channel)
		channel_leave(&h->channels, s->channel, s->pace.per_minute > 0);
	s->channel = a;
	keep_view(s, view);
	s->pace = *pace;
	if (s->tokens > pace->burst)
		s->tokens = pace->burst;
	turn(s);
	return 0;
}

/* Where SINCE leads: behind the last event that the client has of this log. A gap tells what will not come, up to
 * the event before the first that does. It is empty when all comes, but some of it under numbers that the client
 * has seen of other events. */
static void start_since(struct dnc_subscriber *s, const struct dnc_start *start)
{
	const struct dnc_journal *journal = s->hub->options.journal;
	uint64_t last = dnc_ring_last(s->hub->ring), oldest = dnc_hub_oldest(s->hub);
	uint64_t end = last, seen;
	bool known = !start->epoch.p || dnc_journal_epoch_end(journal, start->epoch, &end);

	if (!known)
		end = 0;
	end = end < last ? end : last;
	seen = start->n < end ? start->n : end;
	s->at = seen + 1 > oldest ? seen + 1 : oldest;
	if (known && start->n == seen && s->at == seen + 1)
		return;
	s->recovered = false;
	s->gap_reason = known && start->n == seen ? "retention" : "epoch";
	s->gap_from = seen + 1;
	s->gap_to = s->at - 1;
	/* Without an epoch all that is known is that the log went back, before this start at the latest: what came
	 * since may be new to the client, but whoever asks for what is yet to come gets the present. */
	if (!start->epoch.p && start->n > last)
		s->gap_from = dnc_journal_epoch_first(journal);
}

int dnc_hub_subscribe(
	struct dnc_subscriber *s, const struct dnc_filter *filter, const struct dnc_start *start)
{
	struct dnc_hub *h = s->hub;

	if (s->sent)
		s->served = subscriber_at(s) - 1;
	if (change_channel(s, filter) < 0)
		return -1;
	work_remove(s);
	rate_remove(s);
	stop_search(s);
	s->recovered = true;
	s->gap_from = 0;
	s->seek_left = 0;
	s->at = h->seen + 1;
	s->phase = SEEKING;
	if (start->from == DNC_START_SINCE) {
		start_since(s, start);
	} else if (start->from == DNC_START_LAST && s->channel->all) {
		uint64_t held = s->at - dnc_hub_oldest(h);

		s->at -= start->n < held ? start->n : held;
	} else if (start->from == DNC_START_LAST) {
		s->seek_left = start->n;
	} else if (start->from == DNC_START_TIME && h->replay) {
		s->search =
			search_start(h->options.reader, NULL, NULL, 0, 0, start->ms, s, on_found);
		if (!s->search)
			return -1;
		s->phase = SEARCHING;
	}
	if (s->at <= s->served) {
		s->at = s->served + 1;
		s->seek_left = 0;
	}
	s->exempt = h->seen;
	s->backlog = h->seen + 1 - s->at;
	turn(s);
	return 0;
}

void dnc_subscriber_ready(struct dnc_subscriber *s)
{
	s->full = false;
	turn(s);
}

void dnc_subscriber_full(struct dnc_subscriber *s)
{
	live_remove(s);
	s->full = true;
}

bool dnc_subscriber_starting(const struct dnc_subscriber *s)
{
	return s->phase == SEEKING || s->phase == SEARCHING;
}

bool dnc_subscriber_active(const struct dnc_subscriber *s)
{
	return s->phase != IDLE;
}

uint64_t dnc_subscriber_next(const struct dnc_subscriber *s)
{
	return subscriber_at(s);
}

bool dnc_subscriber_recovered(const struct dnc_subscriber *s)
{
	return s->recovered;
}

bool dnc_subscriber_owed_gap(const struct dnc_subscriber *s)
{
	return s->phase == SEEKING || s->phase == SEARCHING || (s->phase != IDLE && s->gap_from);
}

uint64_t dnc_subscriber_first_sent(const struct dnc_subscriber *s)
{
	return s->first_sent;
}

uint64_t dnc_subscriber_last_sent(const struct dnc_subscriber *s)
{
	return s->last_sent;
}

bool dnc_subscriber_rate_limited(const struct dnc_subscriber *s)
{
	return s->paced;
}

uint64_t dnc_subscriber_sent(const struct dnc_subscriber *s)
{
	return s->sent;
}

enum dnc_held dnc_subscriber_held(const struct dnc_subscriber *s, uint64_t *behind)
{
	*behind = 0;
	if (s->phase != FLOWING || s->live || s->at > s->hub->seen)
		return DNC_HELD_NOT;
	*behind = s->hub->seen + 1 - s->at;
	return s->held_back ? DNC_HELD_BY_RATE : s->full ? DNC_HELD_BY_LAG : DNC_HELD_NOT;
}

const struct dnc_filter *dnc_subscriber_filter(const struct dnc_subscriber *s)
{
	return s->channel ? s->channel->filter : NULL;
}
