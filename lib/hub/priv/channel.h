/* channel.h - all subscribers with one view and one filter, and a way to find those
 * channels that could match an event without asking each.
 *
 * A channel whose patterns all start with literal digits ("^\+1916") is found by the digits of the
 * event's number; others, and those that see masked numbers, by the event's type. So the cost of an
 * event grows with the channels that could match it, not with all there are. */
#pragma once
/* Without memory an element that could not be added has no table (hh.tbl is NULL); otherwise the process would
 * exit. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include "base/list.h"
#include "filter/filter.h"
#include "phone/phone.h"
#include "hub/hub.h"
#include "forms.h"

struct channel {
	uint64_t id;          /* of this process, from 1: hubs share the numbers */
	char *key;            /* the view, and the filter's text */
	struct dnc_view view; /* without its mask, which the forms hold */
	struct forms *forms;
	const struct dnc_filter *filter;
	size_t members, limited_members; /* all, and those among them with a rate limit */
	unsigned types;                  /* a bit for each that it can match */
	bool all;                        /* lets everything through: nothing to match */
	bool patterns, costly;           /* its filter may become costly, and was seen to be */
	bool run; /* and in the plain form, whose frames adjoin in the ring: nothing to gather */
	struct dnc_list live;    /* of subscribers: members that have all up to the newest event */
	uint64_t over_budget_at; /* the event that its filter took too much work on; 0: none */
	uint64_t looked;         /* the event matched last, because two digits may lead here */
	uint64_t looks,
		matches; /* events it was asked about (not counted if it takes all), and those it gets */
	/* What it matched since the last flush: the first, and all of them unless it is sent runs of the
	 * ring. Or there was no memory to look at one of them, or to note it: then each member looks itself. */
	uint64_t fresh_from; /* 0 when there is none */
	uint64_t *fresh;
	size_t fresh_count, fresh_room;
	bool fresh_partial;
	int64_t work_ns; /* spent on it, which is costly, since budget_charge_channels() */
	struct channel *worked_next; /* in the list of those with work_ns */
	struct channel *fresh_next;  /* in the list of those that matched something */
	UT_hash_handle hh;
};

struct channel_list {
	struct channel **v;
	size_t count, room;
};

/* The channels that a string of digits leads to. */
struct channel_prefix {
	char digits[DNC_PHONE_MAX];
	struct channel_list list;
	UT_hash_handle hh;
};

struct channels {
	struct channel *table; /* by view and filter */
	struct dnc_buf key;    /* to look one up with */
	struct channel_prefix *prefixes;
	size_t lengths[DNC_PHONE_MAX];          /* how many prefixes have this length */
	struct channel_list by_type[DNC_TYPES]; /* those without prefixes */
	struct channel_list everything;         /* those that let everything through */
	struct channel *fresh, *worked;
	uint64_t past_looks, past_matches; /* of channels that are gone */
	int64_t work_ns;                   /* of all channels together */
	bool over_budget; /* the filter of some channel took too much work: its subscriptions must end */
	uint64_t owed; /* deliveries that the fresh events make, at most */
};

/* An event as channels look at it. */
struct channel_event {
	uint64_t seq, look;            /* look: the number of this struct */
	const struct dnc_event *plain; /* NULL if it can't be read */
	bool no_memory;                /* that is why */
	struct form form;              /* the plain one */
};

/* The channel of VIEW and its FORMS, and of FILTER, all of which it holds, with one member more. NULL when there is no
 * memory. */
struct channel *channel_join(struct channels *all, const struct dnc_view *view, struct forms *forms,
	const struct dnc_filter *filter, bool limited);

/* One member more, without a rate limit: the channel lives until channel_leave(). */
static inline void channel_hold(struct channel *a)
{
	a->members++;
}

/* One member less; the last one takes the channel with it. */
void channel_leave(struct channels *all, struct channel *a, bool limited);

static inline size_t channels_count(const struct channels *all)
{
	return HASH_COUNT(all->table);
}

/* How many events A was asked about. */
static inline uint64_t channel_looks(const struct channel *a)
{
	return a->all ? a->matches : a->looks;
}

/* Adds to STATS how often all channels were asked, those that are gone included, and how many there are. */
void channels_count_looks(const struct channels *all, struct dnc_hub_stats *stats);

/* dnc_hub_channels(). */
size_t channels_largest(const struct channels *all, struct dnc_channel_stats *out, size_t room);

/* Returns 1 if the channel gets the event, 0 if not, or DNC_MATCH_. */
int channel_matches(const struct channel *a, const struct channel_event *event);

/* True if events must be looked at: some channel does not get all of them. */
static inline bool channels_look(const struct channels *all)
{
	return HASH_COUNT(all->table) > all->everything.count;
}

/* Matches the event, the next in order, with those that could match it, and notes in `fresh` those
 * that do, or that may: `fresh_partial`. `plain` may be NULL unless channels_look(). */
void channels_match(struct channels *all, const struct channel_event *event);

/* Removes and returns the next channel that matched something; NULL if there is none. What it matched is valid until
 * channel_sent(). */
struct channel *channels_next_fresh(struct channels *all);

/* Forgets what the channel matched: it was sent. */
void channel_sent(struct channel *a);

/* Frees the tables. All channels must be gone. */
void channels_finish(struct channels *all);
