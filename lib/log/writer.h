/* writer.h - the thread that commits: a batch is whatever has arrived since the last commit, so that
 * latency stays at one commit and throughput grows with load.
 *
 * One thread adds, one takes what is committed. A commit that fails is tried again until it works or
 * the writer is stopped; meanwhile nothing is acknowledged, and adding waits. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "metrics/metrics.h"
#include "journal.h"
#include "priv/verdicts.h"

struct dnc_writer;

/* COMMITTED(CTX) runs in the writer's thread: there is something to take, or failing changed. NULL
 * when there is no memory. JOURNAL is borrowed, and the writer's alone once it has started. */
struct dnc_writer *dnc_writer_new(
	struct dnc_journal *journal, void (*committed)(void *ctx), void *ctx);

/* Stops and waits for the thread. NULL is allowed. */
void dnc_writer_free(struct dnc_writer *w);

/* Starts the thread. -1 when that can't be done. */
int dnc_writer_start(struct dnc_writer *w);

/* Adds EVENT, line LINE of the stream STREAM_ID (0: none, and no verdict). Waits while too much is under way. -1
 * when the writer was stopped or there is no memory. */
int dnc_writer_add(
	struct dnc_writer *w, const struct dnc_event *event, uint64_t stream_id, uint64_t line);

/* Adds COUNT canonical lines (each with DNC_JSON_PADDING readable bytes behind it), all or none, without
 * waiting; RECEIPT, whose `waiting` is set here, tells when they are safe. Any thread. -1 when there is too much under
 * way, commits fail, or the writer was stopped: try again later. */
int dnc_writer_offer(struct dnc_writer *w, struct dnc_event_reader *reader,
	const struct dnc_str *lines, size_t count, struct dnc_receipt *receipt);

/* Notes a line of access, a JSON object, in the log and, once it is there, on standard error. Any thread, without
 * waiting: when commits fail for long, the last ones are lost, and said to be. */
void dnc_writer_note(struct dnc_writer *w, struct dnc_str json);

/* A line that is no event, but is done with all the same: rejected (and recorded), or blank. */
int dnc_writer_skip(struct dnc_writer *w, uint64_t stream_id, uint64_t line, bool rejected);

/* Swaps V for what the log made of lines since the last call; false when there is nothing. A producer's lines up to its
 * mark may be acknowledged once the conflicts in V are recorded. For the thread that adds. */
bool dnc_writer_verdicts(struct dnc_writer *w, struct dnc_verdicts *v);

/* Waits until all that was added is committed; false when the writer was stopped before. For the
 * thread that adds. */
bool dnc_writer_drain(struct dnc_writer *w);

/* Swaps BATCH for a committed one; false when there is none. */
bool dnc_writer_take(struct dnc_writer *w, struct dnc_batch *batch);

/* True, and why, while commits fail or would fail, and while one takes seconds. Any thread. */
bool dnc_writer_failing(struct dnc_writer *w, struct dnc_error *why);

struct dnc_writer_stats {
	uint64_t failures;
	struct dnc_histogram commit;
};

struct dnc_writer_stats dnc_writer_stats(struct dnc_writer *w);

/* Waits at most MS until all that was added is committed. */
void dnc_writer_settle(struct dnc_writer *w, int64_t ms);

/* Gives up what can't be committed now; adding and draining end. */
void dnc_writer_stop(struct dnc_writer *w);

/* Stops, and waits for the thread: nothing is called back any more. */
void dnc_writer_join(struct dnc_writer *w);
