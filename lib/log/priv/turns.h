/* turns.h - which job the reader runs next: urgent ones first, then one of each client in turn.
 *
 * A client with a hundred jobs gets as many turns as one with a single job. Between two turns of clients at most
 * TURNS_URGENT urgent jobs are run, so that neither kind keeps the other waiting. A client whose jobs have taken too
 * much costly work is passed over until its budget allows more. No clock, no thread and no memory of its own: the
 * reader calls all functions under its lock. Times are those of dnc_clock_mono_ms(). */
#pragma once
#include "log/reader.h"

enum { TURNS_URGENT = 8 };

struct turns {
	struct dnc_list urgent;  /* jobs without a client */
	struct dnc_list clients; /* that have jobs, in the order of their turns */
	struct dnc_list later;   /* jobs that have failed and are tried again */
	unsigned urgent_count;   /* urgent jobs since a client's last turn */
};

void turns_init(struct turns *t);

/* Adds JOB behind the others of its client. */
void turns_add(struct turns *t, struct dnc_job *job);

/* Adds JOB, which has more to do, before the others of its client. */
void turns_again(struct turns *t, struct dnc_job *job);

/* JOB is to be run again at its due_ms. */
void turns_retry(struct turns *t, struct dnc_job *job);

/* Removes JOB, if it is there. */
void turns_remove(struct dnc_job *job);

/* Charges the client of JOB, if any, with NS of costly work. */
void turns_charge(struct dnc_job *job, int64_t ns, int64_t now_ms);

/* Removes and returns the next job. NULL when there is none now; *WAIT_MS is then the time until there is one, or -1. */
struct dnc_job *turns_next(struct turns *t, int64_t now_ms, int64_t *wait_ms);

/* Removes and returns any job; NULL when there is none. */
struct dnc_job *turns_any(struct turns *t);
