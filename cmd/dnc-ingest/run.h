/* run.h - one run of dnc-ingest: from opening its inputs to the exit code. These functions print. */
#pragma once
#include "ingest.h"

/* Opens output, inputs and rejects. OPTIONS is copied, READER is borrowed until run_finish(). Exits if that
 * fails. */
void run_begin(struct ingest *in, const struct options *options, struct dnc_event_reader *reader);

/* Reads and publishes everything. Returns 0, or -1 if the run must end early. */
int run_read(struct ingest *in);

/* After run_read() returned RC: writes what is left, waits for its acknowledgement, publishes the summary, and closes
 * everything. Returns the exit code; the error is printed. The counts in IN stay. */
int run_finish(struct ingest *in, int rc);
