/* run.h - one run of dnc-ingest: from its first line to the exit code. These functions print. */
#pragma once
#include "ingest.h"

/* Opens output, inputs and rejects for all runs of the process, and begins the first one. The options, the reader and the
 * map of IN are there. Exits if that fails. */
void run_open(struct ingest *in);

/* Begins a run of its own: all of its counts are 0, and the same file gets the same ids in each. */
void run_begin(struct ingest *in);

/* Reads and publishes everything. Returns 0, or -1 if the run must end early. */
int run_read(struct ingest *in);

/* After run_read() returned RC: writes what is left and waits for its acknowledgement, whatever ended the run. Returns
 * DNC_EXIT_OK, or the code of the error, which is printed. */
int run_settle(struct ingest *in, int rc);

/* After run_read() returned RC: settles, says what became of the records, and publishes the summary. Returns the exit
 * code. */
int run_finish(struct ingest *in, int rc);

void run_close(struct ingest *in);
