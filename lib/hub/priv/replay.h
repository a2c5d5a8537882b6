/* replay.h - what is older than the ring, read from the log in chunks of ready frames.
 * A few chunks are kept for all subscribers together: one that is far behind owns no memory. */
#pragma once
#include "base/buf.h"
#include "filter/filter.h"
#include "frame/frame.h"
#include "log/reader.h"
#include "hub/account.h"
#include "hub/viewer.h"

struct chunk_slot {
	uint32_t at, bytes, header; /* of a frame in the chunk's bytes */
};

struct chunk {
	struct dnc_job job;
	struct replay *replay;
	uint64_t from, first, last; /* asked for, and held; first is 0 when there is nothing */
	bool oldest;                /* the log has nothing before `first` */
	bool no_memory;             /* for more than it holds */
	struct dnc_buf bytes;       /* DNC_JSON_PADDING bytes may be read after each frame */
	struct chunk_slot *slots;
	size_t room;
	uint64_t used; /* for throwing the least used away */
	struct chunk *next;
};

struct replay;

/* ARRIVED(CTX, chunk) is called when a chunk that was asked for is there, or when its job has failed; a chunk that
 * holds nothing is gone after it. NULL when there is no memory. READER is borrowed. */
struct replay *replay_new(struct dnc_reader *reader,
	void (*arrived)(void *ctx, const struct chunk *chunk), void *ctx);

/* All jobs must have ended. NULL is allowed. */
void replay_free(struct replay *p);

/* The chunk that holds SEQ, valid until the loop's next turn; NULL when it must be asked for. */
const struct chunk *replay_find(struct replay *p, uint64_t seq);

/* Reads a chunk from SEQ on, unless that was requested already. False when there is no memory. */
bool replay_request(struct replay *p, uint64_t seq);

/* The same, before somebody needs it: unless the reader has something to do, or the chunk is there. */
void replay_prepare(struct replay *p, uint64_t seq);

/* The frame of event SEQ, which the chunk holds. */
struct dnc_frame chunk_frame(const struct chunk *c, uint64_t seq);

/* The last seq, up to LAST, of the run of frames that starts with FROM and has at most MAX bytes; at least FROM itself.
 * *BYTES is its size. */
uint64_t chunk_run(const struct chunk *c, uint64_t from, uint64_t last, size_t max, size_t *bytes);

/* How long the log's reader, or the hub for costly filters, may look for the last events that match, in milliseconds: the
 * subscription then starts at what was found. */
enum { SEARCH_TIME_MS = 5000 };

/* Looks for the position where a subscription starts. */
struct search {
	struct dnc_job job;
	struct dnc_reader *reader;
	struct dnc_account *account; /* referenced; may be NULL */
	void *subscriber;            /* NULL when it has gone meanwhile */
	void (*found)(
		struct search *s); /* in the hub's thread, also when the job has failed; frees it */
	struct dnc_viewer *viewer; /* NULL: look for the time instead */
	int64_t ms;
	uint64_t from, first; /* going down from FROM, to FIRST at most, */
	uint64_t wanted;      /* this many matching events are to be found */
	uint64_t left, looks; /* of them, and events that may still be looked at */
	bool sliced;          /* the slice ended before the search */
	int64_t end_ms;       /* it may take until then; 0: it has not begun */
	uint64_t position;    /* the first seq that the subscription starts with */
};

/* What to look for: the last WANTED events from FROM down to FIRST that VIEW shows and FILTER matches, or the time MS if
 * FILTER is NULL. */
struct search_for {
	const struct dnc_view *view;
	const struct dnc_filter *filter;
	uint64_t from, first, wanted;
	int64_t ms;
	struct dnc_account *account; /* whose turn it takes; NULL: nobody's */
};

/* Starts to look. NULL when there is no memory. */
struct search *search_start(struct dnc_reader *reader, const struct search_for *what,
	void *subscriber, void (*found)(struct search *s));

void search_free(struct search *s);

/* Nobody waits for S any more: it ends soon, and FOUND is called with no subscriber. */
void search_abandon(struct search *s);
