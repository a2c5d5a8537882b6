/* worker.h - one event loop with a hub and a web that serve a share of the clients. The first worker runs in the loop of
 * the main thread, each other worker in a thread of its own.
 *
 * Orders to a worker (reload, drain, end) come from the main thread, which owns all workers. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>
#include "hub/hub.h"
#include "log/reader.h"
#include "web/web.h"

/* A later order replaces the one before it. */
enum dnc_worker_order {
	DNC_WORKER_SERVE,
	DNC_WORKER_REFUSE,
	DNC_WORKER_DRAIN,
	DNC_WORKER_FORCE,
	DNC_WORKER_END
};

/* All zero before dnc_worker_open(). */
struct dnc_worker {
	uv_loop_t *loop, own_loop;
	struct dnc_reader *reader; /* of the log, or, if it keeps no events, of what it knows */
	struct dnc_hub *hub;
	struct dnc_web_options web_options;
	struct dnc_web *web;
	uv_async_t wake, found;
	pthread_t thread;
	bool started; /* it has a thread of its own */
	bool ended;   /* everything is closing; for the worker's thread only */
	_Atomic enum dnc_worker_order order;
	atomic_bool reload;
	atomic_size_t
		left; /* connections after the last order to drain; SIZE_MAX before the first */
};

/* Makes reader, hub and web as OPTIONS say; the members hub and reader of HUB and WEB are set here. LOOP is borrowed;
 * NULL gives the worker a loop of its own. JOURNAL is borrowed. Returns -1 with ERR, whose code is an
 * errno. */
int dnc_worker_open(struct dnc_worker *w, uv_loop_t *loop, struct dnc_journal *journal,
	const struct dnc_hub_options *hub, const struct dnc_web_options *web,
	struct dnc_error *err);

/* Starts the thread of a worker that has a loop of its own. Returns -1 if it can't be started. */
int dnc_worker_start(struct dnc_worker *w);

/* Has the worker look at the ring: events were appended, or the ring's writer wants room. Any thread. */
void dnc_worker_wake(struct dnc_worker *w);

/* Has the worker call dnc_web_reload() in its own thread. Main thread. */
void dnc_worker_reload(struct dnc_worker *w);

/* Orders the worker to take nothing new, as dnc_web_refuse() does. Main thread. */
void dnc_worker_refuse(struct dnc_worker *w);

/* Orders the worker to close connections, as dnc_web_drain() does. Returns how many were left when the worker last
 * counted them; SIZE_MAX if it has not counted yet. Main thread. */
size_t dnc_worker_drain(struct dnc_worker *w, bool force);

/* Ends the worker. On return its thread has ended; the handles of a worker without a thread are closing in the loop.
 * Main thread. */
void dnc_worker_end(struct dnc_worker *w);

/* Frees what is left, after the loop has run until it is empty. Main thread. */
void dnc_worker_free(struct dnc_worker *w);
