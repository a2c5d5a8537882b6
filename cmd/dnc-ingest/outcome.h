/* outcome.h - what a run has come to so far. */
#pragma once
#include "ingest.h"

/* Refuses the input of the run as a whole: CODE is its exit code, and the text is why. The first refusal counts. Returns
 * CODE. */
int outcome_refuse(struct ingest *in, enum dnc_exit code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, and prints the text. */
int outcome_refuse_aloud(struct ingest *in, enum dnc_exit code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The exit code for an ERR of sets: one that can't be read is not a bad option. */
enum dnc_exit outcome_set_code(const struct dnc_error *err);

/* What the reader of the output has reported of the events of this run. */
struct dnc_outcome outcome_events(const struct ingest *in);

/* The exit status for an error of the system: temporary if what lacks now may be there later. */
enum dnc_exit outcome_exit(const struct dnc_error *err);

/* What became of the events before a fault, to be added to its message: "" if there were none. Changes are published together, or
 * not at all. Returns TEXT. */
enum { OUTCOME_REST_BYTES = 96 };
const char *outcome_rest(const struct ingest *in, char text[OUTCOME_REST_BYTES]);
