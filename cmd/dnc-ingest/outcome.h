/* outcome.h - what a run has come to so far. */
#pragma once
#include "ingest.h"

/* Refuses the input of the run as a whole: CODE is its exit code, and the text is why. The first refusal counts. Returns
 * CODE. */
int outcome_refuse(struct ingest *in, enum dnc_exit code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What the reader of the output has reported of the events of this run. */
struct dnc_outcome outcome_events(const struct ingest *in);
