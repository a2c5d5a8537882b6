/* loop.h - the tasks of one server in the turns of its event loop: the hub's work while there is some, ticks
 * while rate limits delay clients, a call every second; and the duration of turns. */
#pragma once
#include <uv.h>
#include "hub/hub.h"
#include "metrics/metrics.h"

struct loop {
	struct dnc_hub *hub;
	struct dnc_histogram *turns; /* without waiting; borrowed */
	void (*advanced)(void *ctx); /* the hub has processed new events */
	void *advanced_ctx;
	void (*second)(void *ctx); /* every second */
	void *second_ctx;
	uv_idle_t work;
	uv_timer_t ticks, seconds;
	uv_prepare_t turn_end;
	uint64_t turn_ns,
		idle_ns; /* when the last turn ended, and for how long the loop had waited until then */
	bool working, ticking;
	bool closed; /* libuv would start a closed handle */
};

/* Starts in UV; the first members are set by the caller. L must not be moved. */
void loop_start(struct loop *l, uv_loop_t *uv);

/* The hub may have work left. Does nothing after loop_close(): the reader still answers then. */
void loop_work(struct loop *l);

/* Events were appended to the ring. */
void loop_advance(struct loop *l);

/* Closes the handles; UV must run once more. */
void loop_close(struct loop *l);
