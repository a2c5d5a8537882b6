/* tally.h - counts of what a run did with the records that it read. */
#pragma once
#include "event/event.h"
#include "link/link.h"

/* Each record is counted by one member; a record is an event, or what was rejected instead of one. */
struct tally {
	uint64_t suppressed, released, others; /* events that were written to the output */
	uint64_t rejected;                     /* here */
	uint64_t no_events;                    /* by a rule of their format, or by the map */
	uint64_t unchanged;                    /* numbers of a full list that need no event */
	uint64_t repeated;                     /* whose number the full list had already */
	uint64_t withheld;                     /* accepted, but not written before the run ended */
	uint64_t unmapped; /* those of no_events of which the map made nothing */
};

/* An event of TYPE was written. */
void tally_event(struct tally *t, enum dnc_type type);

/* The records that became of this in the log. Without acknowledgements written events count as new. */
struct tally_result {
	uint64_t total;          /* of all records */
	uint64_t processed;      /* those that are not withheld */
	uint64_t added, removed; /* numbers that are suppressed, released by events that are new */
	uint64_t others;         /* new events of other types */
	uint64_t duplicates;     /* known to the log, or to the list, before */
	uint64_t dropped;        /* by a rule of a later stage */
	uint64_t skipped; /* duplicates, dropped, and all records that became no event here */
	uint64_t invalid; /* rejected here or by a later stage */
	uint64_t unclear; /* whose outcome is not known exactly (link.h) */
};

/* OUTCOME is what the reader of the output has reported of all events of T. */
struct tally_result tally_result(const struct tally *t, const struct dnc_outcome *outcome);
