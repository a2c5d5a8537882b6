/* publisher.h - what a server has for publishing: the parsers of events, turns for large publications, and the hand-over
 * of commits from the log writer's thread to the server's. All functions run in the server's thread. */
#pragma once
#include <uv.h>
#include "base/list.h"
#include "log/batch.h"
#include "web/http/submission.h"

struct dnc_writer;
struct publisher;

/* A batch that the log has yet to commit; part of the request. */
struct publisher_commit {
	struct dnc_receipt receipt; /* first: the writer returns its address */
	struct publisher *publisher;
	struct publisher_commit *next; /* of those that are committed */
	/* The receipt tells what became of the events. May free the commit. */
	void (*committed)(struct publisher_commit *c);
};

/* Work that is too long for one turn of the loop; part of the request. All zero is not waiting. */
struct publisher_job {
	struct dnc_list link;
	/* Does some of it, a millisecond or two. May drop the job, and free it. */
	void (*work)(struct publisher_job *job);
};

/* Rejects are noted in REJECTS (borrowed; NULL: nowhere). To be closed, and freed. NULL when there is no memory. */
struct publisher *publisher_new(uv_loop_t *loop, struct dnc_recent *rejects);

/* Closes the handles, before the loop runs for the last time. Jobs get no more turns: they are dropped with their
 * connections. */
void publisher_close(struct publisher *p);

/* Frees it when the loop has ended, and reports the commits that are left. NULL is allowed. */
void publisher_free(struct publisher *p);

/* The parsers. Borrowed from P. */
const struct submission_tools *publisher_tools(const struct publisher *p);

/* Passes BATCH, which has events, to the log; `committed` of C, of which `receipt.logged` and `committed` are set, is
 * called later, and only if this returns 0. Returns -1 if the log accepts nothing now: dnc_writer_submit(). */
int publisher_submit(struct publisher *p, struct dnc_writer *writer, struct dnc_batch *batch,
	struct publisher_commit *c);

/* Has JOB work, a turn of the loop each time and taking turns with others, until it is dropped. False if P was closed. */
bool publisher_queue(struct publisher *p, struct publisher_job *job);

/* JOB gets no more turns. It may not be waiting. */
void publisher_drop(struct publisher *p, struct publisher_job *job);

/* True for the job that has waited longest. */
bool publisher_is_oldest(const struct publisher *p, const struct publisher_job *job);
