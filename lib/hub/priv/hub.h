/* hub.h - the state of a hub that its files share. */
#pragma once
#include "account.h"
#include "channel.h"
#include "hub/hub.h"
#include "rate.h"
#include "ring.h"
#include "subscriber.h"
#include "walk.h"

struct forms;
struct replay;
struct search;

struct dnc_hub {
	struct dnc_hub_options options;
	struct dnc_ring *ring;
	struct ring_mark *mark; /* what this hub still reads of the ring */
	uint64_t seen;          /* all events up to here were matched: the present of this hub */
	uint64_t oldest;        /* nothing before is read from the ring */
	uint64_t fresh; /* the first seq of the current advance: subscribers that are here or
	                           later have not been served in it yet, and do not lag */
	struct dnc_epoch epoch; /* what subscribers were told, */
	uint64_t epoch_changes; /* when the journal had so many */
	int64_t looked_ms;      /* when it was looked at last, for starts that are in doubt */
	struct channels channels;
	struct accounts accounts;
	uint64_t charges;      /* rounds of account_charge_once() */
	struct dnc_list forms; /* for each mask that a view has */
	uint64_t looks;        /* how many events channels have looked at, some of them again */
	struct forms *common_forms;  /* of plain and of commonly masked views: kept */
	struct dnc_list subscribers; /* all of them */
	struct dnc_list work;        /* those that can get more now, in the order of their turns */
	struct rate_queue rate_queue;
	struct walk all_walk, live_walk,
		rate_walk;    /* of subscribers, a channel's live, a rate slot */
	struct dnc_list left; /* left during a call: freed when the outermost call returns */
	unsigned calls;       /* under way that may call the transport */
	bool in_work;         /* inside dnc_hub_work() */
	bool memory_reported; /* the log says that something was given up for want of memory */
	struct dnc_event_reader *reader;
	struct dnc_hub_stats stats;
	char *gather;          /* DNC_HUB_SEND_BYTES, for frames that are not adjacent in memory */
	struct replay *replay; /* NULL without a log */
	/* A search has found its position. A pointer, so that what starts a search need not know what goes on
	 * after it. */
	void (*found)(struct search *search);
};

static inline bool subscriber_is_live(const struct dnc_subscriber *s)
{
	return dnc_list_is_linked(&s->live_link);
}

/* The next seq that S looks at. A live subscriber has all up to the hub's present, except what its channel has matched and
 * not sent yet; what it was sent of that it has noted itself. */
static inline uint64_t subscriber_at(const struct dnc_subscriber *s)
{
	uint64_t fresh;

	if (!subscriber_is_live(s))
		return s->at;
	fresh = s->channel->fresh_from;
	if (!fresh)
		return s->hub->seen + 1;
	return s->at > fresh ? s->at : fresh;
}

/* The oldest event that is served: dnc_hub_oldest(). */
static inline uint64_t hub_oldest(const struct dnc_hub *h)
{
	uint64_t logged;

	if (!h->replay)
		return h->oldest;
	/* What retention removed is not served from memory, either. But the log may have removed already
	 * what this hub has yet to send as new. */
	logged = dnc_journal_oldest(h->options.journal);
	return logged < h->seen + 1 ? logged : h->seen + 1;
}
