/* intake.h - a thread that reads lines from standard input and sockets, normalizes each into a canonical event, passes
 * it to the log's writer, and acknowledges producers once the log has their lines.
 *
 * A line that is not a valid event, and one whose id the log knows with other content, is written to the rejects before it
 * is acknowledged. While a reject can't be written nothing is acknowledged. A line for which there is no memory is tried
 * again until there is some; nothing is read meanwhile.
 *
 * Functions are for the thread of the loop, if not noted otherwise. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"
#include "log/writer.h"
#include "metrics/recent.h"

struct dnc_intake;

/* REJECTS is as for dnc_rejects_open(). WRITER is borrowed; others may submit to it, too; its `committed`
 * callback must call dnc_intake_committed(). ENDED(CTX) runs on LOOP, once, when all input has ended and is in the log.
 * Returns NULL with ERR, whose code is an errno. */
struct dnc_intake *dnc_intake_new(uv_loop_t *loop, const char *rejects, struct dnc_writer *writer,
	void (*ended)(void *ctx), void *ctx, struct dnc_error *err);

/* Adds standard input if it is a pipe, a socket or a regular file. Returns true if it was added. */
bool dnc_intake_add_stdin(struct dnc_intake *in, struct dnc_error *err);

/* Adds ADDRESS (borrowed), as dnc_input_add_address() does. Returns -1 with ERR, whose code is an errno. */
int dnc_intake_add(struct dnc_intake *in, const char *address, struct dnc_error *err);

/* Has each reject noted in RECENT, too: its source, line and code. Before dnc_intake_start(). */
void dnc_intake_note_rejects(struct dnc_intake *in, struct dnc_recent *recent);

/* The accepted and rejected lines so far. Any thread. */
uint64_t dnc_intake_accepted(const struct dnc_intake *in);
uint64_t dnc_intake_rejected(const struct dnc_intake *in);

/* Starts the thread. Returns -1 if it can't be started. */
int dnc_intake_start(struct dnc_intake *in);

/* The writer has committed: acknowledge producers. Any thread. */
void dnc_intake_committed(struct dnc_intake *in);

/* Opens the rejects file again, after it was moved away. Safe in signal handlers. */
void dnc_intake_reopen(struct dnc_intake *in);

/* True if all input was read and is in the log, or the thread was never started. Any thread. */
bool dnc_intake_ended(struct dnc_intake *in);

/* Returns the name of the check that fails, or NULL: "rejects" while a reject can't be written, "input" while input
 * can't be waited for, while there is no memory, or after an input has failed for good. Any thread. */
const char *dnc_intake_not_ready(struct dnc_intake *in);

/* True if an input ended by a failure, which was logged. Any thread; final after dnc_intake_join(). */
bool dnc_intake_failed(struct dnc_intake *in);

/* True if input that no producer sends again was there and not read, or read and not logged, which was told. Any thread; final
 * after dnc_intake_join(). */
bool dnc_intake_lost(struct dnc_intake *in);

/* Reads no more; what was read goes to the log. Any thread. */
void dnc_intake_stop(struct dnc_intake *in);

/* Appends the counters of accepted and rejected lines. Any thread. */
void dnc_intake_metrics(struct dnc_intake *in, struct dnc_buf *out);

/* Stops the intake and the writer, and waits for the thread. */
void dnc_intake_join(struct dnc_intake *in);

/* As dnc_intake_join(), and frees it. The loop must run once more: it frees the rest. NULL is allowed. */
void dnc_intake_free(struct dnc_intake *in);
