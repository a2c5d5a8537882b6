/* stream.h - a client of the dnc.v1 protocol that reconnects and resumes. For the loop's thread only. */
#pragma once
#include <stdbool.h>
#include <uv.h>
#include "base/err.h"
#include "base/str.h"
#include "options.h"
#include "status.h"

struct stream;

struct stream_events {
	/* An event was received; DNC_JSON_PADDING readable bytes follow TEXT. EPOCH and SEQ are its position.
	 * Returning -1 ends the stream; 1: TEXT is no event. */
	int (*event)(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq);
	/* The subscription starts after SEQ, or the events up to SEQ that were not received do not match or are
	 * gone. */
	void (*passed)(void *ctx, const char *epoch, uint64_t seq);
	/* The hub has answered stream_measure(). */
	void (*answered)(void *ctx);
	void *ctx;
};

/* Connects to the hub. OPTIONS, FILTER (JSON) and EVENTS are borrowed. Returns NULL if there is no memory. */
struct stream *stream_new(uv_loop_t *loop, const struct options *options, struct dnc_str filter,
	const struct stream_events *events);

/* While HELD nothing is read from the hub, and a lost connection is not made again. Events that were already read, a few
 * KiB, may still come. */
void stream_hold(struct stream *s, bool held);

/* Asks the hub for round trip and lag. False if there is no connection that can be asked. */
bool stream_measure(struct stream *s);

/* Returns the figures as they are now, which S owns. */
struct status *stream_status(struct stream *s);

/* True if the end that the options ask for is reached, or after an error, which was printed; RC is the exit code. */
bool stream_ended(const struct stream *s, enum dnc_exit *rc);

/* Closes the connection; the loop must run until its handles are closed. No callback is called any more. */
void stream_close(struct stream *s);

/* Frees S after the loop has run. NULL is allowed. */
void stream_free(struct stream *s);
