/* summary.h - the dnc.list.synced event that ends a run with --summary: what was read, and what became of it. */
#pragma once
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include "link/link.h"

struct ingest;

struct summary {
	crypto_generichash_state digest; /* of the text of all inputs */
	bool cut;                        /* a line was not read as a whole */
	int64_t started_ms, started_ns;  /* by the wall clock, by the monotonic clock */
	bool delta_seen, full_seen;      /* streams of changes, whole lists */
	const char *provider; /* of the records, if the streams agree and say it; borrowed */
	bool mixed;           /* they do not agree */
};

/* Exits if an event can't be made with these options. */
void summary_begin(struct ingest *in);

/* The inputs are read again. */
void summary_restart(struct summary *s);

/* A line was read from stream S. */
void summary_line(struct summary *summary, const struct dnc_stream *s, const struct dnc_line *line);

/* A stream has ended. FULL: it is a whole list. PROVIDER: that of its records, static or of the options; NULL: not known. */
void summary_stream(struct summary *s, bool full, const char *provider);

/* Publishes the summary of a run that ended with the exit code CODE, and waits until it is acknowledged. ENDED_EARLY: not all
 * of the input was read. Nothing is published if in->output_failed. Returns the new exit code; prints why the summary could not be
 * published. */
int summary_publish(struct ingest *in, int code, bool ended_early);
