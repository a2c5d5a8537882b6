/* hubs.h - the hubs that events may be published to, in their order: hubs that share one log, any of which will do; and which one
 * is next when one has failed. Time is passed in. For one thread. */
#pragma once
#include "base/addresses.h"
#include "url.h"

struct hubs {
	struct hub {
		struct url url;
		int64_t after_ms; /* it asked not to come before; 0: it did not */
		bool tried;       /* in this round */
		bool told;        /* since the last success: the user knows that it failed */
	} hub[DNC_ADDRESSES_MAX];
	size_t count, at; /* `at` is the one in use */
};

/* Reads the URLs of O, with commas or blanks between. -1 with ERR: EINVAL if one is wrong, or no memory; to be freed in any case. */
int hubs_read(struct hubs *h, const struct options *o, struct dnc_error *err);
void hubs_free(struct hubs *h);

static inline struct hub *hubs_now(struct hubs *h)
{
	return &h->hub[h->at];
}

/* How many of them, with the one in use, are left in this round. */
size_t hubs_left(const struct hubs *h, int64_t now_ms);

/* The hub in use has failed: goes on with the next one that was not tried in this round and does not want to be left alone. False
 * if there is none. */
bool hubs_next(struct hubs *h, int64_t now_ms);

/* Begins a new round with the hub that is the first to be asked again; of several with the next one. Returns for how long it is to
 * be left alone still, or 0. */
int64_t hubs_round(struct hubs *h, int64_t now_ms);

/* The hub in use has answered. */
void hubs_confirmed(struct hubs *h);
