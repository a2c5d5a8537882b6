/* commit_queue.h - the batches before and after a commit, with their locks.
 *
 * Any number of threads add to the batch `filling`. The committing thread takes it with commit_queue_next(), and after
 * the commit makes it `committed` with commit_queue_publish(), from where one consumer takes it. Of a log that is
 * followed the committing thread only calls commit_queue_settle(), and the follower hands on what it reads. Once the queue
 * was stopped events can't be added, and no function waits. All functions may be called by any thread, unless said
 * otherwise. */
#pragma once
#include <pthread.h>
#include "unlogged.h"
#include "verdicts.h"

struct commit_queue {
	size_t full_bytes;          /* of a batch, from which on adding waits */
	pthread_mutex_t lock;       /* of all below */
	pthread_cond_t work, space; /* for the committing thread; for those that add */
	pthread_cond_t changed;     /* a batch was published or taken, or the queue was stopped */
	struct dnc_batch filling, committed;
	bool committing;                            /* a batch was taken and not yet published */
	size_t committing_events, committing_bytes; /* in it */
	bool stopping;
	struct dnc_verdicts verdicts;
	uint64_t lost_audit; /* audit records that were not added */
	bool losing_audit;   /* the last one was not */
};

void commit_queue_init(struct commit_queue *q, size_t full_bytes);

/* No other thread may use Q any more. */
void commit_queue_destroy(struct commit_queue *q);

/* Once the queue was stopped and its threads have ended: adds to U what is not in the log, with the audit records that were lost
 * before. */
void commit_queue_unlogged(struct commit_queue *q, struct unlogged *u);

void commit_queue_stop(struct commit_queue *q);

/* Adds EVENT (NULL: a line without one, REJECTED or blank), line LINE of the stream STREAM_ID (0: none). Waits while
 * the batch is full or there is no memory. -1 when the queue was stopped. */
int commit_queue_add(struct commit_queue *q, const struct dnc_event *event, uint64_t stream_id,
	uint64_t line, bool rejected);

/* Adds copies of all that BATCH holds, or nothing, without waiting. -1 when the batch is full, the queue was stopped or
 * there is no memory. */
int commit_queue_merge(struct commit_queue *q, const struct dnc_batch *batch);

/* Adds an audit record. It is lost when too many wait, the queue was stopped, there is no memory, or it is empty because there was none
 * to make it. False for the first one that is lost; the next ones return true until one was added again. */
bool commit_queue_audit(struct commit_queue *q, struct dnc_str json);

/* The committing thread: waits MS at most for work and swaps it for BATCH, which is empty. 1 when there was some, 0
 * when not, -1 when the queue was stopped. */
int commit_queue_next(struct commit_queue *q, struct dnc_batch *batch, int64_t ms);

/* The committing thread: waits MS. False at once when the queue is stopped. */
bool commit_queue_sleep(struct commit_queue *q, int64_t ms);

/* The committing thread: hands on BATCH, which was committed, once the one before was taken, and clears it. */
void commit_queue_publish(struct commit_queue *q, struct dnc_batch *batch);

/* The committing thread: BATCH was committed, and is handed on by another. Clears it. */
void commit_queue_settle(struct commit_queue *q, struct dnc_batch *batch);

/* The follower: hands on BATCH, which is not empty, once the one before was taken, and clears it. False when the queue
 * was stopped before: BATCH is unchanged. */
bool commit_queue_hand_on(struct commit_queue *q, struct dnc_batch *batch);

/* Swaps V, which is cleared, for the verdicts so far; false when there are none. */
bool commit_queue_verdicts(struct commit_queue *q, struct dnc_verdicts *v);

/* Swaps BATCH, which is cleared, for the committed batch; false when there is none. */
bool commit_queue_dequeue(struct commit_queue *q, struct dnc_batch *batch);

/* How many audit records were not added so far. */
uint64_t commit_queue_lost_audit(struct commit_queue *q);

/* *EVENTS and *BYTES are how many were added and not published yet. */
void commit_queue_waiting(struct commit_queue *q, uint64_t *events, uint64_t *bytes);

/* Waits until all that was added is committed; MS at most, unless MS is negative. False when it is not. */
bool commit_queue_drain(struct commit_queue *q, int64_t ms);
