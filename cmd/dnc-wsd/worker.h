/* worker.h - one event loop with a hub and a web: serves its share of the clients. The first worker
 * runs in the main thread's loop, each other one in a thread of its own. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>
#include "hub/hub.h"
#include "log/reader.h"
#include "web/web.h"

enum worker_order { WORKER_SERVE, WORKER_DRAIN, WORKER_FORCE, WORKER_END };

struct worker {
	uv_loop_t *loop, own_loop;
	struct dnc_reader *reader;
	struct dnc_hub *hub;
	struct dnc_web_options web_options;
	struct dnc_web *web;
	uv_async_t wake, found;
	pthread_t thread;
	bool started, ended;
	_Atomic enum worker_order order;
	atomic_bool reload;
	atomic_size_t left; /* connections, once it drains */
};

/* Makes reader, hub and web as OPTIONS say: their hub, reader and web are set here. LOOP NULL: a loop of
 * its own. -1 with ERR, whose code is an errno. */
int worker_open(struct worker *w, uv_loop_t *loop, struct dnc_journal *journal,
	const struct dnc_hub_options *hub, const struct dnc_web_options *web,
	struct dnc_error *err);

/* Starts the thread of a worker that has a loop of its own. -1 when that can't be done. */
int worker_start(struct worker *w);

/* Something was appended to the ring, or has to go from it. Any thread. */
void worker_wake(struct worker *w);

/* What dnc_web_reload() does, in the worker's thread. From the first worker's. */
void worker_reload(struct worker *w);

/* Closes connections as dnc_web_drain() does. Returns how many are left, as far as is known. */
size_t worker_drain(struct worker *w, bool force);

/* Ends it: its thread has ended when this returns, or its handles are closing in the loop. */
void worker_end(struct worker *w);

/* Frees what is left, when its loop is empty. */
void worker_free(struct worker *w);
