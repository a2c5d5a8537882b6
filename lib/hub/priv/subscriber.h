/* subscriber.h - one subscriber: a position in the sequence of events, and what it waits for. */
#pragma once
#include "base/bucket.h"
#include "base/list.h"
#include "hub/hub.h"

struct channel;
struct dnc_account;
struct forms;
struct search;

enum phase {
	PHASE_IDLE,      /* no subscription */
	PHASE_SEEKING,   /* the position to start from is looked for in the ring */
	PHASE_SEARCHING, /* ... in the log: `search` will tell it */
	PHASE_STARTED,   /* the position was reported; a gap before it may have to be */
	PHASE_FLOWING,   /* events are sent */
};

/* A start that can't be judged yet: doubt.h. */
struct doubt {
	bool pending, answered;
	uint64_t ticket; /* of the journal */
	uint64_t upto;   /* once it is answered: what the log had */
	int64_t until_ms;
	struct dnc_start start;
	char epoch[DNC_EPOCH_LEN]; /* start.epoch points here */
};

struct dnc_subscriber {
	/* A delivery touches these; they share a cache line or two. */
	void *conn;
	struct dnc_list live_link; /* in its channel's `live` */
	struct dnc_hub *hub;
	struct channel *channel; /* NULL while it is idle */
	uint64_t at; /* the next seq to look at; while live at most that: subscriber_at() */
	uint64_t sent, last_sent; /* events, ever, and the seq of the last */
	struct dnc_bucket rate;
	bool full; /* its transport can't take more */
	bool dead; /* its connection is gone, or its owner was asked to close it: nothing is sent any more */
	bool waiting; /* the log was asked for the chunk with event `at`: on_chunk() goes on */
	bool was_rate_limited; /* since it last had everything */
	bool was_work_limited; /* the same, by the budget of its account */
	bool too_costly;       /* its subscription must end: end_over_budget() */
	uint8_t memory_waits;  /* in a row: memory_wait() */
	enum phase phase;
	struct dnc_list all_link;    /* in its hub's `subscribers` */
	struct dnc_list work_link;   /* in its hub's `work` */
	struct dnc_list rate_link;   /* in a slot of its hub's rate queue */
	struct dnc_view view;        /* holds what it sees */
	struct forms *forms;         /* of its view; holds them */
	struct dnc_account *account; /* referenced; NULL: costly work is not limited over turns */
	/* Until its position passes `catch_up_to` no lag is reported; it was `backlog` events behind when that was
	 * set. */
	uint64_t catch_up_to, backlog;
	uint64_t past; /* the newest event when it subscribed: what is later is not of the past */
	int64_t seek_end_ms;       /* SEEKING: no longer than this, if it is costly */
	uint64_t seek_left;        /* SEEKING: matching events still to find, going back */
	uint64_t gap_from, gap_to; /* to be reported after the start; none when from is 0 */
	const char *gap_reason;
	uint64_t first_sent;
	uint64_t
		served; /* the last seq that its former subscriptions have passed; it starts after that */
	struct search *search;
	struct doubt doubt;
};
