/* internal.h - a hub and its subscribers. hub.c keeps them, deliver.c moves cursors. */
#pragma once
#include "channel.h"
#include "hub/hub.h"
#include "rate.h"
#include "replay.h"
#include "render.h"
#include "hub/ring.h"

enum phase { IDLE, SEEKING, SEARCHING, STARTED, FLOWING };

struct dnc_subscriber {
	/* What a delivery touches comes first. */
	void *conn;
	struct dnc_subscriber *live_next,
		*live_prev; /* those of its channel that have everything */
	struct dnc_hub *hub;
	struct channel *channel;
	uint64_t sent, last_sent;
	struct dnc_rate pace;
	bool full, dead, working, recovered;
	bool live;      /* has all up to the newest event: `at` is not kept */
	bool waiting;   /* for a chunk of the past */
	bool paced;     /* waits for tokens */
	bool held_back; /* it was, since it last had everything */
	enum phase phase;
	struct dnc_subscriber *prev, *next;           /* all of the hub's */
	struct dnc_subscriber *work_prev, *work_next; /* those with work left */
	struct dnc_view view;
	double tokens;
	int64_t refilled_ms;
	struct dnc_subscriber *rate_prev, *rate_next, **rate_slot;
	uint64_t at;               /* next seq to look at */
	uint64_t exempt, backlog;  /* up to exempt it catches up, backlog events when that began */
	uint64_t seek_left;        /* SEEKING: matching events still to find, going back */
	uint64_t gap_from, gap_to; /* to be told when the place is found; none when from is 0 */
	const char *gap_reason;
	uint64_t first_sent;
	uint64_t served; /* nothing up to here is sent again */
	struct search *search;
};

struct dnc_hub {
	struct dnc_hub_options options;
	struct dnc_ring *ring;
	struct ring_mark *mark;
	uint64_t seen;   /* all up to here was looked at: the present of this hub */
	uint64_t oldest; /* nothing before is read from the ring */
	uint64_t
		fresh; /* where the newest piece starts: whoever is here has not had its turn yet */
	struct channels channels;
	struct rendering *renderings[DNC_RENDERINGS]; /* made when first asked for; 0 never is */
	struct dnc_subscriber *subscribers;
	struct dnc_subscriber *work_first, *work_last;
	/* The next in the walk of each list that is under way: moved on when that one is taken off the list. */
	struct dnc_subscriber *all_walk, *live_walk, *rate_walk;
	struct dnc_subscriber
		*left;  /* left while calls were under way: freed when the outermost returns */
	unsigned calls; /* under way that may call the transport */
	bool working;   /* in dnc_hub_work() */
	struct rate_wheel wheel;
	struct dnc_event_reader *reader, *masked_reader;
	struct dnc_hub_stats stats;
	char *gather;          /* DNC_HUB_SEND_BYTES, for frames that do not lie side by side */
	struct replay *replay; /* NULL when it is not kept */
};

/* Around all that may call the transport, so that a subscriber that leaves meanwhile lives until its end. */
void hub_enter(struct dnc_hub *h);
void hub_exit(struct dnc_hub *h);

/* Tells the owner that there is something for dnc_hub_work(). */
void hub_wake(struct dnc_hub *h);

/* Gives a subscriber its turn: whatever it may have and its transport takes, within bounds. */
void deliver(struct dnc_subscriber *s);

/* A live subscriber goes on by itself: from here on `at` counts again. */
void live_remove(struct dnc_subscriber *s);

/* Where S is, live or not. */
static inline uint64_t subscriber_at(const struct dnc_subscriber *s)
{
	return s->live ? s->hub->seen + 1 : s->at;
}

/* The frame of event SEQ as the ring has it. */
static inline struct frame ring_frame_at(const struct dnc_hub *h, uint64_t seq)
{
	const struct ring_slot *slot = ring_slot(h->ring, seq);

	return (struct frame){ring_frame(h->ring, seq), slot->bytes, slot->header};
}

/* Takes the event whose plain frame is given apart, as channels look at it; valid until the next call.
 * SPACE is for what it points at. */
struct event_space {
	struct dnc_event plain, masked;
};
struct channel_event view_event(
	struct dnc_hub *h, uint64_t seq, struct frame plain, struct event_space *space);

/* Sends what the channel matched since the last flush to its live members. */
void deliver_channel(struct dnc_hub *h, struct channel *a);

/* Not in the list of those with more to get. */
void work_remove(struct dnc_subscriber *s);

/* Answers to what was asked of the log: struct replay's ARRIVED, struct search's FOUND. */
void on_chunk(void *ctx, const struct chunk *c);
void on_found(struct search *search);
