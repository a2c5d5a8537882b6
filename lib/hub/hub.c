/* hub.c - who is there, and where each starts. */
#include <stdio.h>
#include <stdlib.h>
#include "../event/event.h"
#include "internal.h"

/* Subscribers served in one call of dnc_hub_work(). */
enum { WORK_SUBSCRIBERS = 16 };

struct dnc_hub *dnc_hub_new(const struct dnc_hub_options *options)
{
	struct dnc_hub *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->options = *options;
	h->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	h->gather = malloc(DNC_HUB_SEND_BYTES);
	if (options->reader)
		h->past = past_new(options->reader, on_chunk, h);
	if (ring_init(&h->ring, options->buffer_bytes, dnc_journal_last(options->journal)) < 0 ||
		!h->reader || !h->gather || (options->reader && !h->past)) {
		dnc_hub_free(h);
		return NULL;
	}
	return h;
}

void dnc_hub_free(struct dnc_hub *h)
{
	if (!h)
		return;
	ring_finish(&h->ring);
	past_free(h->past);
	audiences_finish(&h->audiences);
	dnc_event_reader_free(h->reader);
	free(h->gather);
	free(h);
}

const char *dnc_hub_epoch(const struct dnc_hub *h)
{
	return dnc_journal_epoch(h->options.journal);
}

uint64_t dnc_hub_oldest(const struct dnc_hub *h)
{
	uint64_t logged = h->past ? dnc_journal_oldest(h->options.journal) : UINT64_MAX;

	return logged < h->ring.oldest ? logged : h->ring.oldest;
}

bool dnc_hub_keeps_past(const struct dnc_hub *h)
{
	return h->past;
}

uint64_t dnc_hub_last(const struct dnc_hub *h)
{
	return h->ring.last;
}

struct dnc_hub_stats dnc_hub_stats(const struct dnc_hub *h)
{
	struct dnc_hub_stats stats = h->stats;

	stats.audiences = HASH_COUNT(h->audiences.table);
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

	h->stats.events++;
	h->stats.event_bytes += n;
	if (audiences_look(&h->audiences))
		event = view(h, seq, &space);
	audiences_match(&h->audiences, seq, event);
	return seq;
}

uint64_t dnc_hub_owed(const struct dnc_hub *h)
{
	return h->audiences.owed;
}

void dnc_hub_flush(struct dnc_hub *h)
{
	struct audience *a;

	h->audiences.owed = 0;
	while ((a = audiences_take_fresh(&h->audiences))) {
		feed_audience(h, a);
		audience_sent(a);
	}
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
	live_remove(s);
	stop_search(s);
	if (s->audience)
		audience_leave(&s->hub->audiences, s->audience);
	s->audience = NULL;
	s->phase = IDLE;
}

static int change_audience(struct dnc_subscriber *s, struct dnc_filter *filter)
{
	struct audience *a = audience_join(&s->hub->audiences, filter);

	if (!a)
		return -1;
	live_remove(s);
	if (s->audience)
		audience_leave(&s->hub->audiences, s->audience);
	s->audience = a;
	return 0;
}

int dnc_hub_refilter(struct dnc_subscriber *s, struct dnc_filter *filter)
{
	if (change_audience(s, filter) < 0)
		return -1;
	feed(s); /* live again, when it was */
	return 0;
}

/* Where SINCE leads: the next event, the oldest one with a gap, or all there is of another epoch. */
static void start_since(struct dnc_subscriber *s, const struct dnc_start *start)
{
	const struct ring *r = &s->hub->ring;
	uint64_t oldest = dnc_hub_oldest(s->hub);
	bool other = start->epoch.p && !dnc_str_eq(start->epoch, dnc_str(dnc_hub_epoch(s->hub)));

	if (other || start->n > r->last) {
		s->at = other ? oldest : r->last + 1;
		s->recovered = !other && start->n == r->last;
		s->gap_reason = "epoch";
		s->gap_from = s->recovered ? 0 : start->n + 1;
		s->gap_to = s->at - 1;
		return;
	}
	s->at = start->n + 1;
	if (s->at < oldest) {
		s->recovered = false;
		s->gap_from = s->at;
		s->gap_to = oldest - 1;
		s->gap_reason = "retention";
		s->at = oldest;
	}
}

int dnc_hub_subscribe(
	struct dnc_subscriber *s, struct dnc_filter *filter, const struct dnc_start *start)
{
	struct dnc_hub *h = s->hub;

	if (s->sent)
		s->served = subscriber_at(s) - 1;
	if (change_audience(s, filter) < 0)
		return -1;
	work_remove(s);
	stop_search(s);
	s->recovered = true;
	s->gap_from = 0;
	s->seek_left = 0;
	s->at = h->ring.last + 1;
	s->phase = SEEKING;
	if (start->from == DNC_START_SINCE) {
		start_since(s, start);
	} else if (start->from == DNC_START_LAST && s->audience->all) {
		uint64_t held = s->at - dnc_hub_oldest(h);

		s->at -= start->n < held ? start->n : held;
	} else if (start->from == DNC_START_LAST) {
		s->seek_left = start->n;
	} else if (start->from == DNC_START_TIME && h->past) {
		s->search = search_start(h->options.reader, NULL, 0, 0, start->ms, s, on_found);
		if (!s->search)
			return -1;
		s->phase = SEARCHING;
	}
	if (s->at <= s->served) {
		s->at = s->served + 1;
		s->seek_left = 0;
	}
	s->exempt = h->ring.last;
	s->backlog = h->ring.last + 1 - s->at;
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
	live_remove(s);
	s->full = true;
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

uint64_t dnc_subscriber_sent(const struct dnc_subscriber *s)
{
	return s->sent;
}

const struct dnc_filter *dnc_subscriber_filter(const struct dnc_subscriber *s)
{
	return s->audience ? s->audience->filter : NULL;
}
