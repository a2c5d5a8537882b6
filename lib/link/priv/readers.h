/* readers.h - the readers that lines may go to, in their order, and which one is next when one has failed: hubs that share one
 * log, any of which will do. Used within one thread. */
#pragma once
#include "base/addresses.h"
#include "base/err.h"

struct readers {
	char *text;                          /* owned */
	const char *name[DNC_ADDRESSES_MAX]; /* "unix:PATH" */
	size_t count, at;                    /* `at` is the one in use */
	unsigned tried;                      /* in this round: a bit for each */
};

/* True if ADDRESS has several addresses, of whatever kind. */
bool readers_are_several(const char *address);

/* Reads "unix:PATH", or several of them with commas between. -1 with ERR: EINVAL, ENAMETOOLONG, or no memory; to be freed in any
 * case. */
int readers_read(struct readers *r, const char *address, struct dnc_error *err);
void readers_free(struct readers *r);

/* The one in use has failed: goes on with the next one that was not tried in this round. False if all were: a new round begins
 * with the one that is next. */
bool readers_next(struct readers *r);

/* The one in use does what it is for: a new round begins when it fails. */
static inline void readers_proven(struct readers *r)
{
	r->tried = 0;
}

static inline const char *readers_now(const struct readers *r)
{
	return r->name[r->at];
}

static inline const char *readers_path(const struct readers *r, size_t i)
{
	return r->name[i] + sizeof "unix:" - 1;
}
