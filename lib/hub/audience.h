/* audience.h - inside lib/hub: all subscribers with one filter, and a way to find those audiences that
 * could match an event without asking each.
 *
 * An audience whose patterns all start with literal digits ("^\+1916") is found by the digits of the
 * event's number; others by the event's type. So the cost of an event grows with the audiences that
 * could match it, not with all there are. */
#pragma once
#include <uthash.h>
#include "../filter/filter.h"
#include "../phone/phone.h"

struct dnc_subscriber;

struct audience {
	struct dnc_filter *filter; /* its text is the key of the table */
	size_t members;
	bool all;                    /* lets everything through: nothing to match */
	struct dnc_subscriber *live; /* members that have all up to the newest event */
	uint64_t looked;             /* the event matched last, because two digits may lead here */
	/* What it matched since the last flush: the first, and all of them unless it lets everything
	 * through or there was no memory for one. */
	uint64_t fresh_from; /* 0 when there is none */
	uint64_t *fresh;
	size_t fresh_count, fresh_room;
	bool fresh_partial;
	struct audience *fresh_next; /* in the list of those that matched something */
	UT_hash_handle hh;
};

struct audience_list {
	struct audience **v;
	size_t count, room;
};

/* The audiences that a string of digits leads to. */
struct audience_prefix {
	char digits[DNC_PHONE_MAX];
	struct audience_list list;
	UT_hash_handle hh;
};

struct audiences {
	struct audience *table; /* by the filter's text */
	struct audience_prefix *prefixes;
	size_t lengths[DNC_PHONE_MAX];           /* how many prefixes have this length */
	struct audience_list by_type[DNC_TYPES]; /* those without prefixes */
	struct audience_list everything;         /* those that let everything through */
	struct audience *fresh;
	uint64_t owed; /* deliveries that the fresh events make, at most */
};

/* The audience of FILTER (taken, freed when there is an equal one) with one member more. NULL when
 * there is no memory; FILTER is freed then, too. */
struct audience *audience_join(struct audiences *all, struct dnc_filter *filter);

/* One member less; the last one takes the audience with it. */
void audience_leave(struct audiences *all, struct audience *a);

/* Does anybody ask for particular events, so that they must be looked at? */
static inline bool audiences_look(const struct audiences *all)
{
	return HASH_COUNT(all->table) > all->everything.count;
}

/* Matches the event SEQ, just appended, with those that could match it, and notes in `fresh` those
 * that do. EVENT may be NULL when nobody looks (audiences_look()). */
void audiences_match(struct audiences *all, uint64_t seq, const struct dnc_event *event);

/* Takes the next audience that matched something since it was taken last; NULL when there is none. What
 * it matched is valid until audience_sent(). */
struct audience *audiences_take_fresh(struct audiences *all);

/* What the audience matched was sent: it starts anew. */
void audience_sent(struct audience *a);

/* Frees the tables; no audience must be left. */
void audiences_finish(struct audiences *all);
