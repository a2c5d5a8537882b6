/* run.h - which run the records of a stream belong to (dnc-ingest(1), "Identity"). */
#pragma once
#include "event/event.h"
#include "link/link.h"

struct runs {
	const char *given; /* by --run, or NULL */
	struct seen *seen; /* files of this process, to tell those apart that look the same */
	size_t count, room;
};

/* The run of stream S, to be freed with dnc_event_run_free(). NULL in *OUT when its records are live. -1
 * when there is no memory. */
int runs_open(struct runs *runs, const struct dnc_stream *s, struct dnc_event_run **out);

void runs_finish(struct runs *runs);
