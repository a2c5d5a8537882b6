/* pump.h - moves committed events from the log's writer to the ring of the hubs.
 *
 * Every event that the log numbered is appended to the ring once, in order. Events that the log did not number
 * (duplicates, conflicts) are left out. One call moves a bounded slice; the rest waits for the next call.
 *
 * A pump belongs to one thread, the only one that appends to the ring. The counters may be read by any thread. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hub/ring.h"
#include "log/batch.h"
#include "log/writer.h"

/* Set WRITER, RING and the callbacks (none may be NULL); everything else is zero at first. */
struct dnc_pump {
	struct dnc_writer *writer; /* borrowed */
	struct dnc_ring *ring;     /* borrowed */
	/* Called in the pump's thread. */
	void (*release)(
		void *ctx); /* the ring is full: release what this thread's hub keeps in it */
	void (*blocked)(
		void *ctx); /* other threads' hubs keep it full: wake them, then run the pump again */
	void (*appended)(
		void *ctx); /* a slice was appended: deliver it, and run the pump again soon */
	void *ctx;
	/* The pump's own. */
	struct dnc_batch batch;
	size_t position; /* first event of the batch that is not in the ring */
	atomic_uint_fast64_t events, event_bytes; /* appended */
};

/* Appends a slice of what is committed. Returns false if nothing is committed or the ring has no room. Allocates
 * nothing. */
bool dnc_pump_run(struct dnc_pump *p);

/* Drops all that is committed, instead of appending it: the ring is of no use any more. */
void dnc_pump_discard(struct dnc_pump *p);

/* True while a part of a committed batch is not yet in the ring. */
bool dnc_pump_pending(const struct dnc_pump *p);

/* Frees what the pump owns, not P itself. */
void dnc_pump_finish(struct dnc_pump *p);
