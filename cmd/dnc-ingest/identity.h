/* identity.h - what the ids of a stream's records without a time are made of (dnc-ingest(1), "Identity"). */
#pragma once
#include "event/event.h"
#include "link/link.h"

struct identities {
	const char *given; /* with --run, or NULL */
	struct seen *seen; /* files of this run, to distinguish those of the same name */
	size_t count, room;
};

/* Sets *OUT to what identifies the records of stream S, to be freed with dnc_event_run_free(), or to NULL if they are live.
 * Returns -1 if there is no memory. */
int identity_open(struct identities *known, const struct dnc_stream *s, struct dnc_event_run **out);

void identity_finish(struct identities *known);
