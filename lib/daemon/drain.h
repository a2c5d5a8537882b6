/* drain.h - the orderly end: input stops, what is in hand reaches the clients, connections are closed.
 *
 * Once begun, the workers take nothing new. A timer on the loop first waits until all input is in the log and in the
 * ring, then orders the workers to close each connection that has all its events. When the grace period is over, the
 * remaining connections are closed as they are. If the log has lost what was sent, all are closed so at once.
 *
 * For the thread of the loop, if not noted otherwise. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "daemon/intake.h"
#include "daemon/pump.h"
#include "daemon/worker.h"

/* Set all members up to CTX; everything else is zero at first. All pointers are borrowed. */
struct dnc_drain {
	struct dnc_intake *intake;
	struct dnc_pump *pump;
	struct dnc_worker *workers;
	unsigned worker_count;
	int64_t grace_ms;
	/* No connection is left, or the workers did not close all of them in time. Called once. */
	void (*finished)(void *ctx);
	void *ctx;
	/* The drain's own. */
	uv_timer_t timer;
	int64_t until_ms,
		force_ms; /* force_ms: when workers that close connections by force are not waited for any more */
	bool cut;
	atomic_bool begun;
};

/* Prepares the timer on LOOP. */
void dnc_drain_init(struct dnc_drain *d, uv_loop_t *loop);

/* Has the workers refuse what is new, stops the intake and starts to drain. Returns false if this was done before. */
bool dnc_drain_begin(struct dnc_drain *d);

/* As dnc_drain_begin(), or goes on with what that began, but sends clients nothing more: their connections are closed at once, while
 * what was read still goes to the log. */
bool dnc_drain_cut(struct dnc_drain *d);

/* True after dnc_drain_begin(). Any thread. */
bool dnc_drain_begun(const struct dnc_drain *d);

/* Closes the timer; the loop must run once more. */
void dnc_drain_close(struct dnc_drain *d);
