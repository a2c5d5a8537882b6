#include "hub.h"
#include <stdlib.h>
#include "base/clock.h"
#include "event/event.h"
#include "priv/budget.h"
#include "priv/deliver.h"
#include "priv/fanout.h"
#include "priv/forms.h"
#include "priv/frames.h"
#include "priv/hub.h"
#include "priv/lists.h"
#include "priv/replay.h"
#include "priv/transmit.h"

enum {
	WORK_SUBSCRIBERS = 16, /* served in one call of dnc_hub_work() */
	/* What one call of dnc_hub_advance() looks at and sends, at most: some milliseconds of work. More
	 * in one turn would save system calls, and make all other work wait. */
	ADVANCE_BYTES = 4 << 20,
	ADVANCE_DELIVERIES = 400000,
	ADVANCE_NS = 4000000, /* spent in matching */
	CLOCK_EVENTS = 16,    /* matched between two looks at the clock */
	WORK_NS = 3000000,    /* after which dnc_hub_work() serves no other subscriber */
};

static bool make_parts(struct dnc_hub *h)
{
	struct dnc_reader *log = h->options.reader;

	h->mark = ring_join(h->ring);
	h->reader = dnc_event_reader_new(&(struct dnc_event_options){0});
	h->common_forms = frames_forms(h, &(struct dnc_view){0});
	h->gather = malloc(DNC_HUB_SEND_BYTES);
	if (log)
		h->replay = replay_new(log, on_chunk, h);
	return h->mark && h->reader && h->common_forms && h->gather && (!log || h->replay);
}

struct dnc_hub *dnc_hub_new(const struct dnc_hub_options *options)
{
	struct dnc_hub *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->options = *options;
	h->ring = options->ring;
	h->seen = dnc_ring_last(h->ring);
	h->oldest = dnc_ring_oldest(h->ring);
	h->found = on_found;
	h->epoch_changes = dnc_journal_epoch_changes(options->journal);
	h->epoch = dnc_journal_epoch(options->journal);
	dnc_list_init(&h->forms);
	dnc_list_init(&h->subscribers);
	dnc_list_init(&h->work);
	dnc_list_init(&h->left);
	rate_queue_init(&h->rate_queue);
	accounts_init(&h->accounts);
	if (make_parts(h))
		return h;
	dnc_hub_free(h);
	return NULL;
}

void dnc_hub_free(struct dnc_hub *h)
{
	if (!h)
		return;
	replay_free(h->replay);
	channels_finish(&h->channels);
	forms_unref(h->common_forms);
	accounts_finish(&h->accounts);
	dnc_event_reader_free(h->reader);
	free(h->gather);
	free(h);
}

struct dnc_account *dnc_hub_account(struct dnc_hub *h, const char *name)
{
	return accounts_get(&h->accounts, name);
}

const char *dnc_hub_epoch(const struct dnc_hub *h)
{
	return h->epoch.name;
}

const struct dnc_journal *dnc_hub_journal(const struct dnc_hub *h)
{
	return h->options.journal;
}

const unsigned char *dnc_hub_mask_key(const struct dnc_hub *h)
{
	return dnc_journal_mask_key(h->options.journal);
}

uint64_t dnc_hub_oldest(const struct dnc_hub *h)
{
	return hub_oldest(h);
}

bool dnc_hub_has_replay(const struct dnc_hub *h)
{
	return h->replay;
}

uint64_t dnc_hub_last(const struct dnc_hub *h)
{
	return dnc_ring_last(h->ring);
}

struct dnc_hub_stats dnc_hub_stats(const struct dnc_hub *h)
{
	struct dnc_hub_stats stats = h->stats;

	channels_count_looks(&h->channels, &stats);
	return stats;
}

size_t dnc_hub_channels(const struct dnc_hub *h, struct dnc_channel_stats *out, size_t room)
{
	return channels_largest(&h->channels, out, room);
}

void dnc_hub_lag_histogram(const struct dnc_hub *h, size_t behind[DNC_HUB_LAGS])
{
	memset(behind, 0, DNC_HUB_LAGS * sizeof *behind);
	DNC_LIST_EACH (link, &h->subscribers) {
		const struct dnc_subscriber *s = SUBSCRIBER_OF(link, all_link);
		uint64_t at = subscriber_at(s), lag = at > h->seen ? 0 : h->seen + 1 - at;
		int bits = s->phase != PHASE_IDLE && lag ? 64 - __builtin_clzll(lag) : 0;

		behind[bits < DNC_HUB_LAGS ? bits : DNC_HUB_LAGS - 1]++;
	}
}

/* Returns the time when it was done, or 0: no time to speak of was spent. */
static int64_t match(struct dnc_hub *h, uint64_t seq)
{
	struct dnc_event space;
	struct channel_event event = {.seq = seq};
	int64_t start, end;

	if (!channels_look(&h->channels)) {
		channels_match(&h->channels, &event);
		return 0;
	}
	start = dnc_clock_mono_ns();
	event = frame_event(h, seq, &space);
	channels_match(&h->channels, &event);
	end = dnc_clock_mono_ns();
	dnc_histogram_observe(&h->stats.match, end - start, 1);
	return end;
}

/* Ends the subscriptions whose filter took too much work. */
static void end_over_budget(struct dnc_hub *h)
{
	if (!h->channels.over_budget)
		return;
	h->channels.over_budget = false;
	for (struct dnc_list *link = walk_begin(&h->all_walk, &h->subscribers); link;
		link = walk_next(&h->all_walk)) {
		struct dnc_subscriber *s = SUBSCRIBER_OF(link, all_link);
		uint64_t from;

		if (!s->channel || !(s->too_costly || dnc_filter_over_budget(s->channel->filter)))
			continue;
		from = subscriber_at(s);
		if (s->channel->over_budget_at && s->channel->over_budget_at < from)
			from = s->channel->over_budget_at;
		dnc_hub_unsubscribe(s);
		if (h->options.transport.over_budget(s->conn, from) != DNC_SENT)
			s->full = true;
	}
}

static void flush(struct dnc_hub *h)
{
	struct channel *a;

	h->channels.owed = 0;
	while ((a = channels_next_fresh(&h->channels))) {
		channel_hold(a);
		fan_out(h, a);
		channel_sent(a);
		channel_leave(&h->channels, a, false);
	}
}

void dnc_hub_release_ring(struct dnc_hub *h)
{
	uint64_t oldest = dnc_ring_oldest(h->ring);

	/* The writer waits for what is not looked at yet. */
	h->oldest = oldest < h->seen + 1 ? oldest : h->seen + 1;
	h->mark->keep = h->oldest;
}

/* Matches what is new, a bounded piece of it. */
static void match_new(struct dnc_hub *h, uint64_t last)
{
	int64_t start = dnc_clock_mono_ns();
	uint64_t count = 0;
	size_t bytes = 0;

	while (h->seen < last && bytes < ADVANCE_BYTES && h->channels.owed < ADVANCE_DELIVERIES) {
		int64_t now = match(h, h->seen + 1);

		h->seen++;
		bytes += ring_slot(h->ring, h->seen)->bytes;
		if (!now && ++count % CLOCK_EVENTS == 0)
			now = dnc_clock_mono_ns();
		if (now - start > ADVANCE_NS)
			return;
	}
}

/* Tells all subscribers of another epoch of the log, if there is one. Their positions are of it, whatever each has got so
 * far, and no event of it was sent. */
static void tell_epoch(struct dnc_hub *h)
{
	uint64_t changes = dnc_journal_epoch_changes(h->options.journal);
	struct dnc_epoch epoch;

	if (changes == h->epoch_changes)
		return;
	h->epoch_changes = changes;
	epoch = dnc_journal_epoch(h->options.journal);
	if (strcmp(epoch.name, h->epoch.name) == 0)
		return;
	h->epoch = epoch;
	hub_enter(h);
	for (struct dnc_list *link = walk_begin(&h->all_walk, &h->subscribers); link;
		link = walk_next(&h->all_walk))
		transmit_epoch(SUBSCRIBER_OF(link, all_link), &h->epoch);
	hub_exit(h);
}

bool dnc_hub_advance(struct dnc_hub *h)
{
	uint64_t first = h->seen + 1, last = dnc_ring_last(h->ring);
	int64_t now;

	tell_epoch(h); /* after the look at the ring: what is in it may be of that epoch */
	dnc_hub_release_ring(h);
	h->fresh = first;
	match_new(h, last);
	if (first > h->seen)
		return h->seen < last;
	hub_enter(h);
	if (h->channels.worked)
		budget_charge_channels(h);
	flush(h);
	end_over_budget(h);
	hub_exit(h);
	now = dnc_clock_mono_ns();
	for (uint64_t seq = first; seq <= h->seen; seq++)
		dnc_histogram_observe(
			&h->stats.delivery, now - ring_slot(h->ring, seq)->arrived_ns, 1);
	h->mark->seen = h->seen;
	dnc_hub_release_ring(h);
	return h->seen < last;
}

bool dnc_hub_work(struct dnc_hub *h)
{
	int64_t end;
	bool more;

	hub_enter(h);
	h->in_work = true;
	more = dnc_hub_advance(h);
	end = dnc_clock_mono_ns() + WORK_NS;
	for (int i = 0; i < WORK_SUBSCRIBERS && !dnc_list_is_empty(&h->work); i++) {
		deliver_in_turn(SUBSCRIBER_OF(dnc_list_first(&h->work), work_link));
		if (dnc_clock_mono_ns() > end)
			break;
	}
	end_over_budget(h);
	h->in_work = false;
	hub_exit(h);
	return more || !dnc_list_is_empty(&h->work);
}

bool dnc_hub_needs_ticks(const struct dnc_hub *h)
{
	return h->rate_queue.waiting;
}

void dnc_hub_tick(struct dnc_hub *h)
{
	hub_enter(h);
	rate_tick(h, deliver);
	hub_exit(h);
}
