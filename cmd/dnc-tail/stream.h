/* stream.h - a dnc.v1 client that connects again by itself and resumes. For the loop's thread only. */
#pragma once
#include <stdbool.h>
#include <uv.h>
#include "base/err.h"
#include "base/str.h"
#include "options.h"

struct stream;

struct stream_events {
	/* An event as received; DNC_JSON_PADDING readable bytes follow. EPOCH and SEQ are its place. -1
	 * ends the stream. */
	int (*event)(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq);
	/* The subscription begins after SEQ, or all events up to SEQ do not match or are gone. */
	void (*passed)(void *ctx, const char *epoch, uint64_t seq);
	void *ctx;
};

/* Connects to the hub. OPTIONS, FILTER (JSON) and EVENTS are borrowed. NULL without memory. */
struct stream *stream_new(uv_loop_t *loop, const struct options *options, struct dnc_str filter,
	const struct stream_events *events);

/* While HELD nothing is read from the hub, and a connection that is lost stays so. Events that were read
 * already, a few KiB, may still come. */
void stream_hold(struct stream *s, bool held);

/* True when the end that the options ask for was reached, or an error, which has been told; RC
 * is the exit code. */
bool stream_ended(const struct stream *s, enum dnc_exit *rc);

/* Closes the connection; the loop must run until its handles are closed. No event comes any more. */
void stream_close(struct stream *s);

/* After the loop has run. NULL is allowed. */
void stream_free(struct stream *s);
