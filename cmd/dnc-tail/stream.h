/* stream.h - a dnc.v1 client that comes back by itself and goes on where it was. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "options.h"

struct stream_events {
	/* An event as received; DNC_JSON_PADDING readable bytes follow. EPOCH and SEQ are its place. -1
	 * ends the stream. */
	int (*event)(void *ctx, struct dnc_str text, const char *epoch, uint64_t seq);
	/* Nothing more has come for now: flush. -1 ends the stream. */
	int (*idle)(void *ctx);
	void *ctx;
};

/* Runs until the end that the options ask for, an error, or stream_stop(). FILTER is JSON. Returns
 * an exit code; errors have been told. */
enum dnc_exit stream_run(
	const struct options *options, struct dnc_str filter, const struct stream_events *events);

/* Safe in signal handlers. */
void stream_stop(void);
