/* reader.h - the thread that reads the log for whoever must not wait: jobs in, results out. */
#pragma once
#include "journal.h"

struct dnc_reader;

/* A piece of reading; embed it. RUN is called in the reader's thread; when it returns -1 with ERR the log could not
 * be read: it is run again after a while, some times in some seconds, while other jobs go on. DONE (which may free
 * the job) is called by dnc_reader_finish(); `failed` says that RUN never came to its end. */
struct dnc_job {
	int (*run)(struct dnc_job *job, struct dnc_journal_reader *reader, struct dnc_error *err);
	void (*done)(struct dnc_job *job);
	bool failed;
	/* The reader's. */
	unsigned tries;
	int64_t due_ms;
	struct dnc_job *next;
};

/* FINISHED(CTX) runs in the reader's thread when there is something for dnc_reader_finish(). NULL
 * with ERR. */
struct dnc_reader *dnc_reader_new(
	struct dnc_journal *journal, void (*finished)(void *ctx), void *ctx, struct dnc_error *err);

/* Waits for the job under way; DONE is called for all others, too, as failed ones. NULL is allowed. */
void dnc_reader_free(struct dnc_reader *r);

/* Queues JOB, first in, first out. */
void dnc_reader_submit(struct dnc_reader *r, struct dnc_job *job);

/* Calls DONE of what has been run. */
void dnc_reader_finish(struct dnc_reader *r);
