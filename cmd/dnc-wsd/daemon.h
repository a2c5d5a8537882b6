/* daemon.h - the parts of a running dnc-wsd. main.c puts them together, loop.c holds the callbacks of the main thread's
 * loop, status.c reports to /metrics, /readyz and the service manager. */
#pragma once
#include <uv.h>
#include "auth/auth.h"
#include "base/buf.h"
#include "daemon/drain.h"
#include "daemon/intake.h"
#include "daemon/pump.h"
#include "daemon/worker.h"
#include "log/writer.h"
#include "options.h"
#include "reload.h"
#include "revocations.h"

struct daemon {
	struct options options;
	uv_loop_t loop;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_ring *ring;
	struct dnc_web_shared *shared;
	struct dnc_auth *auth;
	struct dnc_worker *workers; /* the first one runs in the main thread */
	struct dnc_intake *intake;
	struct dnc_pump pump;
	struct dnc_drain drain;
	uv_async_t stop, committed;
	struct reload reload;
	struct revocations revocations;
	uv_timer_t status;
	/* For the exit status, once all threads have ended: */
	bool input_failed;
	bool unlogged; /* input was not read, or events or audit records are not in the log */
	bool lost;     /* the log has lost events that clients were sent */
	uint64_t epoch_changes;
};

/* loop.c */

/* Holds SIGHUP back until daemon_handle_signals(): one that comes earlier is a reload then, and not the end. */
void daemon_hold_hangup(void);

/* Makes the loop and its handles. Exits if it can't. */
void daemon_open_loop(struct daemon *d);

/* Runs until everything is closed. */
void daemon_run_loop(struct daemon *d);

/* The status to exit with, after daemon_run_loop(). */
int daemon_exit_status(const struct daemon *d);

/* SIGTERM and SIGINT start the drain, SIGHUP reloads. */
void daemon_handle_signals(struct daemon *d);

/* All input has ended. In the main thread; CTX is the daemon. */
void daemon_input_ended(void *ctx);

/* The writer has committed something, or the log as a whole has changed. In the writer's or the follower's thread. */
void daemon_committed(void *ctx);

/* A worker's hub has read something new in the ring. In the worker's thread. */
void daemon_advanced(void *ctx);

/* A worker has an audit record for the log. In the worker's thread. */
void daemon_audit(void *ctx, struct dnc_str json);

/* status.c */

/* Appends the daemon's metrics to /metrics. In any worker's thread. */
void daemon_metrics(void *ctx, struct dnc_buf *out);

/* Tells what /api/v1/stats has of the daemon. In any worker's thread. */
void daemon_stats(void *ctx, struct dnc_web_stats *out);

/* Returns the name of the check of /readyz that fails, or NULL. In any worker's thread. */
const char *daemon_not_ready(void *ctx);

/* Tells the service manager that the daemon is ready, and from then on its status and that its loop runs. */
void daemon_start_status(struct daemon *d);
