/* internal.h - inside lib/hub: a hub and its subscribers. hub.c keeps them, feed.c moves cursors. */
#pragma once
#include "audience.h"
#include "hub.h"
#include "past.h"
#include "ring.h"

enum phase { IDLE, SEEKING, SEARCHING, STARTED, FLOWING };

struct dnc_subscriber {
	struct dnc_hub *hub;
	void *conn;
	struct dnc_subscriber *prev, *next;           /* all of the hub's */
	struct dnc_subscriber *work_prev, *work_next; /* those with work left */
	struct dnc_subscriber *live_prev,
		*live_next; /* those of its audience that have everything */
	struct audience *audience;
	enum phase phase;
	bool full, dead, working, recovered;
	bool live;                 /* has all up to the newest event: `at` is not kept */
	bool waiting;              /* for a chunk of the past */
	uint64_t at;               /* next seq to look at */
	uint64_t exempt, backlog;  /* up to exempt it catches up, backlog events when that began */
	uint64_t seek_left;        /* SEEKING: matching events still to find, going back */
	uint64_t gap_from, gap_to; /* to be told when the place is found; none when from is 0 */
	const char *gap_reason;
	uint64_t sent;
	uint64_t served; /* nothing up to here is sent again */
	struct search *search;
};

struct dnc_hub {
	struct dnc_hub_options options;
	struct ring ring;
	struct audiences audiences;
	struct dnc_subscriber *subscribers;
	struct dnc_subscriber *work_first, *work_last;
	struct dnc_event_reader *reader;
	struct dnc_hub_stats stats;
	char *gather;      /* DNC_HUB_SEND_BYTES, for frames that do not lie side by side */
	struct past *past; /* NULL when it is not kept */
};

/* Gives a subscriber its turn: whatever it may have and its transport takes, within bounds. */
void feed(struct dnc_subscriber *s);

/* A live subscriber goes on by itself: from here on `at` counts again. */
void live_remove(struct dnc_subscriber *s);

/* Where S is, live or not. */
static inline uint64_t subscriber_at(const struct dnc_subscriber *s)
{
	return s->live ? s->hub->ring.last + 1 : s->at;
}

/* Sends what the audience matched since the last flush to its live members. */
void feed_audience(struct dnc_hub *h, struct audience *a);

/* Not in the list of those with more to get. */
void work_remove(struct dnc_subscriber *s);

/* Answers to what was asked of the log: struct past's ARRIVED, struct search's FOUND. */
void on_chunk(void *ctx, const struct chunk *c);
void on_found(struct search *search);
