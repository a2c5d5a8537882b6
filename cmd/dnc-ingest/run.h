/* run.h - which run the records of a stream belong to (dnc-ingest(1), "Identity"). */
#pragma once
#include "event/event.h"
#include "link/link.h"

struct runs {
	const char *given; /* with --run, or NULL */
	struct seen *seen; /* files of this process, to distinguish those of the same name */
	size_t count, room;
};

/* Sets *OUT to the run of stream S, to be freed with dnc_event_run_free(), or to NULL if its records are live. Returns -1
 * if there is no memory. */
int runs_open(struct runs *runs, const struct dnc_stream *s, struct dnc_event_run **out);

void runs_finish(struct runs *runs);
