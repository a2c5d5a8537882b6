/* differences.h - publishes what FILE.next differs in from FILE (compare.h). */
#pragma once
#include "compare.h"

enum differences_result {
	DIFFERENCES_FAILED = -1, /* the ingest's error says why */
	DIFFERENCES_DONE,
	DIFFERENCES_STOPPED,  /* by a signal */
	DIFFERENCES_REJECTED, /* a later stage rejected some */
};

struct differences {
	uint64_t published; /* events */
	uint64_t unchanged; /* numbers of both sets */
};

/* Waits until what was published is on disk, if the output is a file: before the set that says so is. -1 with the ingest's
 * error. */
int differences_sync(struct ingest *in);

/* Publishes all differences, and waits until they are acknowledged. *D is how many, however it ends. */
enum differences_result differences_publish(struct ingest *in, struct differences *d);
