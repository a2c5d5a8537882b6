/* writer.h - the thread that commits events to the log.
 *
 * A commit takes all that was added since the last one began: without load an event waits for one commit at most, and
 * under load commits become larger, not more frequent. A commit that fails is tried again until it succeeds or the
 * writer is stopped; until then nothing is acknowledged, and dnc_writer_add() waits once the next batch is full. The
 * same thread prunes the log after each commit, and checks it every second while nothing arrives.
 *
 * To a log that several processes share others append, too. Then the events that are handed on are those that a second
 * thread, the follower (priv/follower.h), reads of the log, own ones and others.
 *
 * All functions may be called by any thread, unless said otherwise. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "metrics/metrics.h"
#include "journal.h"

struct dnc_writer;

/* A line whose event is not in the log, because another event has its id. */
struct dnc_conflict {
	uint64_t stream_id, line;
	struct dnc_piece event, id; /* of `text`: the canonical line, and its id */
};

/* What the log made of producers' lines. Zeroed memory is an empty one; to be freed with dnc_verdicts_free(). Not safe for
 * use by two threads at once. */
struct dnc_verdicts {
	struct dnc_batch_mark *marks; /* a producer may have several, in the order of its lines */
	size_t count, room;
	struct dnc_conflict *conflicts;
	size_t conflict_count, conflict_room;
	struct dnc_buf text;
};

static inline struct dnc_str dnc_verdicts_text(const struct dnc_verdicts *v, struct dnc_piece p)
{
	return (struct dnc_str){v->text.p + p.at, p.n};
}

/* V is empty then, and may be used again. */
void dnc_verdicts_free(struct dnc_verdicts *v);

/* COMMITTED(CTX) runs in the writer's thread and in the follower's, perhaps in both at once: there is a committed batch or a
 * verdict, dnc_writer_failing() changed, or the log as a whole did (its epoch, what it lost or revokes). NULL when there is
 * no memory. JOURNAL is borrowed, and used by these threads and its readers alone once they have started. */
struct dnc_writer *dnc_writer_new(
	struct dnc_journal *journal, void (*committed)(void *ctx), void *ctx);

/* As dnc_writer_join(), and frees it. NULL is allowed. */
void dnc_writer_free(struct dnc_writer *w);

/* Starts the thread. -1 when that can't be done. */
int dnc_writer_start(struct dnc_writer *w);

/* Copies EVENT, which is line LINE of the stream STREAM_ID (0: it has none, and there will be no verdict). Waits while the
 * next batch is full or there is no memory. -1 when the writer was stopped: the event was not added. */
int dnc_writer_add(
	struct dnc_writer *w, const struct dnc_event *event, uint64_t stream_id, uint64_t line);

/* Marks a line without an event as done: rejected (and recorded), or blank. Otherwise as dnc_writer_add(). */
int dnc_writer_skip(struct dnc_writer *w, uint64_t stream_id, uint64_t line, bool rejected);

/* Adds copies of all that BATCH holds, or nothing; never waits, and only copies memory while other threads that add
 * wait. BATCH stays the caller's, and may be cleared and used again at once. RECEIPT (NULL: none wanted), which must
 * live until `safe` was called, tells what became of the events; its `waiting` is set here, its counts must be 0.
 * With a receipt BATCH must have an event. -1 when too much is waiting already, commits fail, the writer was
 * stopped or there is no memory: nothing was added, `safe` is not called, try again later. */
int dnc_writer_submit(struct dnc_writer *w, struct dnc_batch *batch, struct dnc_receipt *receipt);

/* Adds an audit record, a JSON object, to the log and, once it is there, prints it on standard error. Never waits: when
 * commits fail for long, or the writer was stopped, the last records are lost, and so is one that is empty, because there was no
 * memory to make it. An error is printed for the first one that is lost after one that was added. */
void dnc_writer_audit(struct dnc_writer *w, struct dnc_str json);

/* Swaps V for what the log made of lines since the last call; false when there is nothing. A producer's lines up to its
 * mark may be acknowledged once the conflicts in V are recorded. */
bool dnc_writer_verdicts(struct dnc_writer *w, struct dnc_verdicts *v);

/* Waits until all that was added is committed; false when the writer was stopped before. */
bool dnc_writer_drain(struct dnc_writer *w);

/* As dnc_writer_drain(), but waits MS at most; false when that was not enough. */
bool dnc_writer_drain_for(struct dnc_writer *w, int64_t ms);

/* Waits until all that was committed here has been handed on, the last batch to dnc_writer_dequeue(); false when the writer
 * was stopped before. At once after dnc_writer_drain(), unless the log is shared. */
bool dnc_writer_catch_up(struct dnc_writer *w);

/* Swaps BATCH for the oldest committed one; false when there is none. The next is committed, but handed on only after
 * this. For one thread. */
bool dnc_writer_dequeue(struct dnc_writer *w, struct dnc_batch *batch);

/* True, and why, while commits fail or would fail, while one takes seconds, and while a shared log can't be read. */
bool dnc_writer_failing(struct dnc_writer *w, struct dnc_error *why);

struct dnc_writer_stats {
	uint64_t failures;                      /* commits that failed, each attempt */
	uint64_t waiting_events, waiting_bytes; /* added, and not committed yet */
	uint64_t lost_records;       /* of the audit: too many waited, or there was no memory */
	struct dnc_histogram commit; /* how long each took, with its attempts that failed */
};

struct dnc_writer_stats dnc_writer_stats(struct dnc_writer *w);

/* This process ends soon: the others that share the log are told, so that they send it no clients. Does not wait: see
 * dnc_hubs_wait(). */
void dnc_writer_leave(struct dnc_writer *w);

/* Ends the thread after the commit that is under way, and all waiting: for space, for a retry, for draining. A shared log's commit
 * is not waited for: it may succeed or not. What is not known to be committed is not acknowledged. */
void dnc_writer_stop(struct dnc_writer *w);

/* Stops the writer and waits for its thread: after that COMMITTED and `safe` are not called any more. Tells on standard error
 * how many events and audit records that it was given are not known to be in the log. */
void dnc_writer_join(struct dnc_writer *w);

/* After dnc_writer_join(): true if it has told of any. Audit records that were lost earlier (lost_records) count, too. */
bool dnc_writer_lost(const struct dnc_writer *w);
