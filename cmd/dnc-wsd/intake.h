/* intake.h - events in: a thread reads lines, makes them canonical, gives them to the log's writer and
 * tells producers what is safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"
#include "log/writer.h"

struct intake;

/* ENDED runs on LOOP when all input has ended. WRITER is borrowed. NULL when there is no memory. */
struct intake *intake_new(uv_loop_t *loop, const char *rejects, struct dnc_writer *writer,
	void (*ended)(void *ctx), void *ctx);

/* Standard input when it is a pipe, a socket or a file; true when it is. */
bool intake_add_stdin(struct intake *in, struct dnc_error *err);

int intake_add(struct intake *in, const char *address, struct dnc_error *err);

/* Starts the thread. -1 when that can't be done. */
int intake_start(struct intake *in);

/* The writer has committed: tell producers. Any thread. */
void intake_committed(struct intake *in);

/* Opens the rejects' file anew. Safe in signal handlers. */
void intake_reopen(struct intake *in);

/* All input was read and is in the log. */
bool intake_ended(struct intake *in);

/* The check that fails, or NULL: "rejects" while one can't be written, "input" while nothing can be waited for or once a
 * place of input has failed for good. Any thread. */
const char *intake_not_ready(struct intake *in);

/* Some input has ended by a failure, which was told. */
bool intake_failed(struct intake *in);

/* Takes no more; what is in hand goes to the log. */
void intake_stop(struct intake *in);

/* Appends counts of what was accepted and rejected. */
void intake_metrics(struct intake *in, struct dnc_buf *out);

/* Waits for the thread. The loop must run once more. */
void intake_free(struct intake *in);
