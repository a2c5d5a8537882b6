/* intake.h - events in: a thread reads, checks and makes canonical; the loop takes batches. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "base/buf.h"
#include "base/err.h"

struct intake;

/* READY runs on LOOP when intake_take() has something to give, or all input has ended. */
struct intake *intake_new(
	uv_loop_t *loop, const char *rejects, void (*ready)(void *ctx), void *ctx);

/* Standard input when it is a pipe, a socket or a file; true when it is. */
bool intake_add_stdin(struct intake *in, struct dnc_error *err);

int intake_add(struct intake *in, const char *address, struct dnc_error *err);

/* Starts the thread. -1 when that can't be done. */
int intake_start(struct intake *in);

/* Swaps BATCH (emptied) for canonical lines that came in, each ended by a newline. True when
 * there are any. */
bool intake_take(struct intake *in, struct dnc_buf *batch);

/* All input was read, and taken. */
bool intake_ended(struct intake *in);

/* Takes no more; what is in hand may still be taken until intake_ended(). */
void intake_stop(struct intake *in);

/* Appends counts of what was accepted and rejected. */
void intake_metrics(struct intake *in, struct dnc_buf *out);

/* Waits for the thread. The loop must run once more. */
void intake_free(struct intake *in);
