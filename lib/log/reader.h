/* reader.h - a thread that reads the log for an event loop, which must not wait: the loop submits jobs and finishes
 * them.
 *
 * Jobs with a client take turns: a slice of DNC_JOB_SLICE_MS of one client's, then of the next one's. Jobs without a
 * client are short and go before them. Functions are for one thread, that of the loop, unless they say otherwise. */
#pragma once
#include <stdatomic.h>
#include "base/bucket.h"
#include "base/list.h"
#include "journal.h"

struct dnc_reader;

/* How long RUN may go on before others have their turn. */
enum { DNC_JOB_SLICE_MS = 5 };

/* What costly work (dnc_filter_costly()) a client's jobs may do, in microseconds: a twentieth of the reader's thread, and
 * a quarter of a second at once. */
enum { DNC_READER_WORK_PER_MINUTE = 60 * 50000, DNC_READER_WORK_BURST = 250000 };

/* Whose turn a job takes; embedded in what stands for a client. It must outlive its jobs and not be moved. */
struct dnc_reader_client {
	/* Private to the reader. */
	struct dnc_list link; /* of the clients that have jobs */
	struct dnc_list jobs;
	struct dnc_bucket work; /* microseconds; see DNC_READER_WORK_PER_MINUTE */
};

/* NOW_MS is dnc_clock_mono_ms(). */
void dnc_reader_client_init(struct dnc_reader_client *c, int64_t now_ms);

/* What RUN returns besides 0 and -1: the job has more to do. */
enum { DNC_JOB_MORE = 1 };

/* A job; embed it in what it works on, which must live until DONE was called. RUN is called in the reader's thread. It
 * returns 0 when the job has ended, or DNC_JOB_MORE: it is run again in its client's next turn. It returns -1 with ERR
 * when the log could not be read: it is run again, five times within three seconds, while other jobs
 * are run. DONE is called by dnc_reader_finish() or dnc_reader_free(), once, and may free the job or submit it again;
 * `failed` says that RUN never succeeded. */
struct dnc_job {
	int (*run)(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err);
	void (*done)(struct dnc_job *job);
	struct dnc_reader_client *client; /* NULL: RUN is short, and none waits for long */
	int64_t work_ns; /* RUN sets it to the costly work that it has done, for its client's budget */
	bool failed;
	/* Private to the reader. */
	atomic_bool cancelled;
	enum { DNC_JOB_IDLE, DNC_JOB_QUEUED, DNC_JOB_RUNNING, DNC_JOB_ENDED } state;
	unsigned tries;
	int64_t due_ms, slice_end_ns;
	struct dnc_list link;
};

/* FINISHED(CTX) is called, in any thread, when a job has ended: dnc_reader_finish() is to be called. JOURNAL is
 * borrowed. NULL with ERR. */
struct dnc_reader *dnc_reader_new(
	struct dnc_journal *journal, void (*finished)(void *ctx), void *ctx, struct dnc_error *err);

/* Waits for the job that is running, and calls DONE of all jobs; those that have not ended are `failed`. NULL is
 * allowed. */
void dnc_reader_free(struct dnc_reader *r);

/* The journal that R reads; its other functions that take a const one may be called. */
const struct dnc_journal *dnc_reader_journal(const struct dnc_reader *r);

/* Adds JOB to the queue of its client, at the end. */
void dnc_reader_submit(struct dnc_reader *r, struct dnc_job *job);

/* Nobody waits for JOB any more, which was submitted: it ends as soon as it can, and DONE is called as always. */
void dnc_reader_cancel(struct dnc_reader *r, struct dnc_job *job);

/* True when RUN must return: its slice is over, or the job was cancelled. For RUN, in the reader's thread. */
bool dnc_job_is_over(const struct dnc_job *job);

/* Calls DONE of the jobs that have ended. */
void dnc_reader_finish(struct dnc_reader *r);
