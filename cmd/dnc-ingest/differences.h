/* differences.h - publishes what FILE.next differs in from FILE, then replaces FILE (compare.h). */
#pragma once
#include "compare.h"

enum differences_result {
	DIFFERENCES_FAILED = -1, /* the ingest's error says why */
	DIFFERENCES_DONE,
	DIFFERENCES_STOPPED,  /* by a signal */
	DIFFERENCES_REJECTED, /* a later stage rejected some */
};

/* Publishes all differences, waits until they are acknowledged, and replaces FILE. *PUBLISHED is how many. */
enum differences_result differences_publish(
	struct ingest *in, struct compare *c, uint64_t *published);
