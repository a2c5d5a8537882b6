/* mapping.h - records go through the map of --map or --map-file before they become events. */
#pragma once
#include "ingest.h"
#include "source/source.h"

/* Starts the process of the map, if there is one: events go to ACCEPT, records on which it fails to REJECT. Exits if
 * the program is wrong or the process can't be started. */
void mapping_start(struct ingest *in, mapping_accept *accept, mapping_reject *reject);

/* Before each run: a process whose records were not all dealt with is replaced. Exits if it can't be started. */
void mapping_begin(struct ingest *in);

/* What the map makes of R becomes events of S, soon: at the latest when mapping_drain() returns. -1 ends the run. */
int mapping_add(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r);

/* Waits for what the map makes of all records so far. -1 ends the run. */
int mapping_drain(struct ingest *in);

/* The same for streams whose lines must be dealt with when they were read, because they are acknowledged. */
int mapping_settle(struct ingest *in);

void mapping_finish(struct ingest *in);
