/* daemon.h - inside dnc-wsd: what there is of everything. main.c puts it together, take.c moves events from the log to
 * the ring, report.c tells how things are. */
#pragma once
#include <stdatomic.h>
#include <uv.h>
#include "intake.h"
#include "log/writer.h"
#include "options.h"
#include "worker.h"

struct daemon {
	struct options options;
	uv_loop_t loop;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_ring *ring;
	struct dnc_web_shared *door;
	struct dnc_auth *auth;
	struct worker *workers;
	struct intake *intake;
	struct dnc_batch batch;
	size_t taken; /* events of the batch that are in the ring */
	uv_async_t stop, committed, reload;
	uv_timer_t drain, status;
	int64_t drain_until_ms;
	bool draining;
	bool input_failed;                        /* told by the exit status */
	atomic_uint_fast64_t events, event_bytes; /* appended */
};

/* Puts what the log has into the ring, a slice of it, and sends it: what is left waits for the loop's next turn, so
 * that nobody waits long behind a large batch. False when there is nothing, or no room. */
bool daemon_take(struct daemon *d);

/* What the daemon adds to /metrics. In any worker's thread. */
void daemon_metrics(void *ctx, struct dnc_buf *out);

/* The check that fails, or NULL. In any worker's thread. */
const char *daemon_not_ready(void *ctx);
