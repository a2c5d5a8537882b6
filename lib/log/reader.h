/* reader.h - a thread that reads the log for an event loop, which must not wait: the loop submits jobs and finishes
 * them.
 *
 * Functions are for one thread, that of the loop. */
#pragma once
#include "journal.h"

struct dnc_reader;

/* A job; embed it in what it works on, which must live until DONE was called. RUN is called in the reader's thread. It
 * returns -1 with ERR when the log could not be read: it is run again, five times within three seconds, while other jobs
 * are run. DONE is called by dnc_reader_finish() or dnc_reader_free(), once, and may free the job or submit it again;
 * `failed` says that RUN never succeeded. */
struct dnc_job {
	int (*run)(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err);
	void (*done)(struct dnc_job *job);
	bool failed;
	/* Private to the reader. */
	unsigned tries;
	int64_t due_ms;
	struct dnc_job *next;
};

/* FINISHED(CTX) is called in the reader's thread when a job has ended: dnc_reader_finish() is to be called. JOURNAL is
 * borrowed. NULL with ERR. */
struct dnc_reader *dnc_reader_new(
	struct dnc_journal *journal, void (*finished)(void *ctx), void *ctx, struct dnc_error *err);

/* Waits for the job that is running, and calls DONE of all jobs; those that have not ended are `failed`. NULL is
 * allowed. */
void dnc_reader_free(struct dnc_reader *r);

/* The journal that R reads; its other functions that take a const one may be called. */
const struct dnc_journal *dnc_reader_journal(const struct dnc_reader *r);

/* Adds JOB to the end of the queue. */
void dnc_reader_submit(struct dnc_reader *r, struct dnc_job *job);

/* Calls DONE of the jobs that have ended. */
void dnc_reader_finish(struct dnc_reader *r);
