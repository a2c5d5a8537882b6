/* hub.h - delivers the events of the ring to subscribers.
 *
 * An event becomes a ready WebSocket frame (RFC 6455, text, not masked by a key) once and is kept in a
 * ring of bytes (ring.h). A subscriber is a cursor into that ring and, further back, into the log, never
 * a queue: one that is slow costs no memory. Subscribers with the same view and the same filter share
 * a channel, which matches each event once. Other forms of an event (numbers masked, as a CloudEvent,
 * compressed) are made when the first subscriber asks for one, and kept for the next.
 *
 * There are no sockets in here: bytes leave through struct dnc_transport. A hub belongs to one
 * thread (several may share a ring), and no call takes longer than a bounded piece of work: what is
 * left over is told by dnc_hub_work(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "event/mask.h"
#include "filter/filter.h"
#include "log/reader.h"
#include "metrics/metrics.h"
#include "ring.h"

struct dnc_account;

/* The longest single send; a whole number of frames. It fits one socket buffer. */
#define DNC_HUB_SEND_BYTES (64u << 10)

struct dnc_hub;
struct dnc_subscriber;

/* What became of bytes given to a transport. It has always taken all of them. */
enum dnc_sent {
	DNC_SENT,      /* and it is ready for more */
	DNC_SENT_FULL, /* but some wait in it: call dnc_subscriber_ready() when they are gone */
	DNC_SENT_DEAD, /* the connection is gone; the owner will call dnc_hub_leave() later */
};

/* How a subscriber's owner is reached. CONN is what dnc_hub_join() was given. All are called in the hub's thread.
 * Each of them may call dnc_hub_leave(), dnc_hub_unsubscribe() and dnc_subscriber_full(), for its own subscriber or
 * any other of the hub, and read what dnc_hub_stats() and the dnc_subscriber_ functions tell. Nothing else may be
 * called from inside one of them. */
struct dnc_transport {
	enum dnc_sent (*send)(void *conn, const void *frames, size_t n);
	/* Hint: this connection will be written to soon; what it needs may be fetched into the cache. */
	void (*soon)(void *conn);
	/* Events FROM to TO will not come; REASON is "lag", "rate_limit", "retention", "missing" (rows are not in the
	 * log that were never removed as the oldest), "epoch" (TO may be FROM - 1 then: the numbers of events that
	 * the client had seen stand for others), "too_large", "no_memory" (which was tried for some seconds),
	 * "role_cost" (DNC_MATCH_TOO_COSTLY) or "forbidden" (dnc_subscriber_leave_past()). */
	enum dnc_sent (*gap)(void *conn, uint64_t from, uint64_t to, const char *reason);
	/* The log has another epoch now, and what the client has seen is part of it: its position is of this epoch from now
	 * on. Comes before the first event of the epoch, also without a subscription, and if the transport is full. */
	enum dnc_sent (*epoch)(void *conn, const struct dnc_epoch *epoch);
	/* The filter's patterns took too much work on a number (dnc_filter_over_budget()), or the budget of the account
	 * (account.h) has left the subscriber more than max_lag events behind: the subscription ends after event
	 * FROM - 1. */
	enum dnc_sent (*over_budget)(void *conn, uint64_t from);
	/* The position to start from is found: dnc_subscriber_next(). Called even if the transport is full. */
	enum dnc_sent (*started)(void *conn);
	/* The log can't be read, or there is no memory to read it; it was tried for some seconds: nothing more will
	 * be sent. Close the connection, so that the client comes back later to where it was. */
	void (*failed)(void *conn);
};

struct dnc_hub_options {
	struct dnc_ring *ring; /* borrowed, and shared with other hubs */
	uint64_t max_lag;      /* events a subscriber may fall behind */
	struct dnc_journal
		*journal; /* borrowed: epoch, the oldest event, and the key of masked ids */
	struct dnc_reader
		*reader; /* borrowed; NULL without a log: nothing before the ring is served */
	struct dnc_transport transport;
	/* There is something for dnc_hub_work() that was not there before: call it soon, from the loop. WORK is
	 * called with CTX in the hub's thread, from inside any function of this header that is not const, except
	 * dnc_hub_work(). It must not call the hub. It is called
	 * - when a subscriber has more to get and no other had;
	 * - when dnc_hub_needs_ticks() becomes true: the ticks must start;
	 * - when a filter's patterns took too much work, so that its subscriptions must end.
	 * After dnc_hub_work() the owner looks itself: its result tells whether there is more work, and
	 * dnc_hub_needs_ticks() whether the ticks must start. New events in the ring are not reported: who
	 * appends them knows. NULL: the owner calls dnc_hub_work() and dnc_hub_needs_ticks() after each call. */
	void (*work)(void *ctx);
	void *ctx;
};

/* NULL when there is no memory. */
struct dnc_hub *dnc_hub_new(const struct dnc_hub_options *options);

/* All subscribers must have left, and the reader be freed. NULL is allowed. */
void dnc_hub_free(struct dnc_hub *h);

/* Releases what the ring's writer wants to overwrite (dnc_ring_wanted()), up to the newest event that the hub has looked
 * at. Nothing of it is in use between two calls. */
void dnc_hub_release_ring(struct dnc_hub *h);

/* Looks at what was appended to the ring, a bounded piece of it, and sends it to the subscribers that are ready.
 * True when there is more: dnc_hub_work() goes on with it. */
bool dnc_hub_advance(struct dnc_hub *h);

/* A turn of what is left over: new events, and subscribers that have more to get. True when there is
 * more. */
bool dnc_hub_work(struct dnc_hub *h);

/* True while a rate limit, a budget or lack of memory holds subscribers back: call dnc_hub_tick() every DNC_HUB_TICK_MS then. */
#define DNC_HUB_TICK_MS 50
bool dnc_hub_needs_ticks(const struct dnc_hub *h);
void dnc_hub_tick(struct dnc_hub *h);

/* The epoch that all subscribers know: dnc_journal_epoch(), as of when the hub last looked at what is new. DNC_EPOCH_LEN
 * characters, valid until the next call. */
const char *dnc_hub_epoch(const struct dnc_hub *h);

/* Its option `journal`: functions that any thread may call with a const one may be called. */
const struct dnc_journal *dnc_hub_journal(const struct dnc_hub *h);

/* dnc_journal_mask_key(). */
const unsigned char *dnc_hub_mask_key(const struct dnc_hub *h);

/* The oldest event that a subscription can start with, and the newest; last is oldest - 1 if there is none. With a log,
 * what it has removed is not served from the ring, either, except to subscribers that were already before it. The newest is
 * that of all hubs of the ring: whoever was told that an event is safe finds it counted here, whichever hub is asked. */
uint64_t dnc_hub_oldest(const struct dnc_hub *h);
uint64_t dnc_hub_last(const struct dnc_hub *h);

struct dnc_hub_stats {
	uint64_t deliveries, delivered_bytes; /* ever handed to transports */
	uint64_t gaps;
	uint64_t rate_limited; /* times that a rate limit held a subscriber back */
	uint64_t work_limited; /* and that the budget of its account did */
	uint64_t work_ns;      /* spent on costly filters */
	size_t subscribers, channels;
	uint64_t evaluated,
		matched; /* events that channels were asked about, and of these those that they get */
	struct dnc_histogram match;    /* of one event with all channels */
	struct dnc_histogram delivery; /* from its arrival until all that were ready had it */
};

struct dnc_hub_stats dnc_hub_stats(const struct dnc_hub *h);

/* A channel: all subscribers with one view and one filter. An event that is found not to concern it by its type or the start
 * of its number is not looked at; one that members which are behind look at themselves is not counted. */
struct dnc_channel_stats {
	uint64_t id; /* since the start of the process; other hubs have others */
	uint64_t clients, evaluated, matched;
};

/* Sets OUT to the channels with the most clients, at most ROOM, in that order. Returns how many. */
size_t dnc_hub_channels(const struct dnc_hub *h, struct dnc_channel_stats *out, size_t room);

/* Puts NEXT among the COUNT channels in OUT, which has room for ROOM, if it has more clients than another one or there is
 * room. Returns the new count. */
size_t dnc_channel_stats_add(struct dnc_channel_stats *out, size_t count, size_t room,
	const struct dnc_channel_stats *next);

/* How far behind the present subscribers are, in events: by how many each, in powers of two: BEHIND[0]
 * have all, BEHIND[n] lack less than 2^n. */
enum { DNC_HUB_LAGS = 40 };
void dnc_hub_lag_histogram(const struct dnc_hub *h, size_t behind[DNC_HUB_LAGS]);

/* The forms of an event besides the canonical one; may be joined. */
enum dnc_rendering {
	DNC_MASKED = 1,     /* what clients without dnc:pii see: event/mask.h */
	DNC_CLOUDEVENT = 2, /* CloudEvents 1.0, JSON */
	DNC_DEFLATED = 4,   /* permessage-deflate, RFC 7692, without context takeover */
	DNC_RENDERINGS = 8,
};

/* What a subscriber may see and how. Filters of a masked view are matched with what it shows: they
 * are no way to ask for the rest. */
struct dnc_view {
	const struct dnc_filter *sees; /* NULL: everything. What keeps a view holds it */
	unsigned types;                /* a bit for each enum dnc_type that may be seen */
	unsigned rendering;            /* of enum dnc_rendering */
	const struct dnc_mask
		*mask; /* if masked: what this view shows; NULL: as the table says. Held likewise */
};

#define DNC_ALL_TYPES ((1u << DNC_TYPES) - 1)

/* How many events a subscriber gets: its cursor is moved slower, nothing is dropped before max_lag. */
struct dnc_rate {
	unsigned per_minute, burst; /* per_minute 0: as many as there are */
};

/* A new subscriber that gets nothing until it subscribes. NULL when there is no memory. */
struct dnc_subscriber *dnc_hub_join(
	struct dnc_hub *h, void *conn, const struct dnc_view *view, const struct dnc_rate *rate);

/* Charges S's costly filters to ACCOUNT, of the same hub, to which S holds a reference. NULL, as at first: to nobody, and
 * only turns are limited. */
void dnc_subscriber_set_account(struct dnc_subscriber *s, struct dnc_account *account);

/* NULL: it has none. */
struct dnc_account *dnc_subscriber_account(const struct dnc_subscriber *s);

/* Ends the subscription of S and frees S. May be called at any time in the hub's thread, also from inside a callback of
 * the transport, for the subscriber it was called for or another: no callback is called for S after it, and S must
 * not be used after it. NULL is allowed. */
void dnc_hub_leave(struct dnc_subscriber *s);

/* S sees things as VIEW says from the next event on, and as fast as RATE does. -1 when there is no memory; then
 * nothing has changed. */
int dnc_subscriber_set_view(
	struct dnc_subscriber *s, const struct dnc_view *view, const struct dnc_rate *rate);

/* S gets nothing of before its present subscription any more: what it has yet to get of that is reported as a gap with the
 * reason "forbidden". False while its start position, which lies there, is still looked for: nothing has changed, end the
 * subscription. */
bool dnc_subscriber_leave_past(struct dnc_subscriber *s);

/* Where to start. */
struct dnc_start {
	enum { DNC_START_NOW, DNC_START_SINCE, DNC_START_LAST, DNC_START_TIME } from;
	int64_t ms; /* TIME: events logged at this time or later */
	uint64_t n; /* SINCE: the last seq that was seen; LAST: how many matching events */
	struct dnc_str epoch; /* of SINCE; p NULL when the client gave none */
};

/* True with a log: DNC_START_TIME can be requested. */
bool dnc_hub_has_replay(const struct dnc_hub *h);

/* Starts or replaces a subscription, which holds FILTER. transport.started is called once the position is found: at
 * once, during dnc_hub_work() or when the log has answered; gaps are reported after it. A connection never goes
 * back: no event is sent twice. -1 when there is no memory; the old subscription then goes on. */
int dnc_hub_subscribe(
	struct dnc_subscriber *s, const struct dnc_filter *filter, const struct dnc_start *start);

/* Another filter, from the next event on that was not sent yet. */
int dnc_hub_refilter(struct dnc_subscriber *s, const struct dnc_filter *filter);

/* Ends the subscription; S stays and may subscribe again. May be called at any time in the hub's thread, as
 * dnc_hub_leave(): nothing is sent to S after it. */
void dnc_hub_unsubscribe(struct dnc_subscriber *s);

/* The transport can take more. */
void dnc_subscriber_ready(struct dnc_subscriber *s);

/* The transport is full by something the hub did not send. */
void dnc_subscriber_full(struct dnc_subscriber *s);

/* True while the position to start from is looked for: transport.started was not called yet. */
bool dnc_subscriber_starting(const struct dnc_subscriber *s);

bool dnc_subscriber_active(const struct dnc_subscriber *s);

/* The seq that is looked at next: all before it was sent, did not match or was reported as a gap. */
uint64_t dnc_subscriber_next(const struct dnc_subscriber *s);

/* True while the position of the last subscription is looked for, or follows a gap that has yet to be reported: a client
 * that continued at dnc_subscriber_next() over another connection would never hear of the gap. */
bool dnc_subscriber_owed_gap(const struct dnc_subscriber *s);

/* Events sent. */
uint64_t dnc_subscriber_sent(const struct dnc_subscriber *s);

/* The first and the last event sent; 0: none. */
uint64_t dnc_subscriber_first_sent(const struct dnc_subscriber *s);
uint64_t dnc_subscriber_last_sent(const struct dnc_subscriber *s);

/* True while it waits because of its rate limit. */
bool dnc_subscriber_rate_limited(const struct dnc_subscriber *s);

/* Why a subscriber is behind the present. */
enum dnc_lag_reason {
	DNC_LAG_NONE, /* it is not, or goes on as fast as it can */
	DNC_LAG_RATE_LIMIT,
	DNC_LAG_FILTER_COST, /* its filter takes more work than its account allows */
	DNC_LAG_SLOW_CLIENT, /* its transport is full */
};

/* *BEHIND is by how many events of the log, whether or not they match. */
enum dnc_lag_reason dnc_subscriber_lag_reason(const struct dnc_subscriber *s, uint64_t *behind);

const struct dnc_filter *dnc_subscriber_filter(const struct dnc_subscriber *s);

/* Its channel (struct dnc_channel_stats); 0: it has none. */
uint64_t dnc_subscriber_channel(const struct dnc_subscriber *s);
