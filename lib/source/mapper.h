/* mapper.h - a map that runs in a process of its own, beside its caller, so that a program that loops, takes all memory
 * or ends its process costs one record.
 *
 * Records are added; what the program makes of each is handed to the callbacks, in the order of the records, during
 * later calls: dnc_mapper_drain() waits for all of them. All results of a record are handed on, or, if the program
 * fails on it, none. The program has failed if it ends with an error, takes longer or more memory than the limits, or
 * ends its process (libjq aborts on some values).
 *
 * The process is started with the mapper, and again when it has ended; a record that was at work is then run again,
 * and fails when the process has ended on it once more (after a signal from elsewhere: twice more). Records whose answers were lost
 * are run again, too: nothing is lost or handed on twice. A mapper belongs to one thread, the one that lives longest. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "map.h"

struct dnc_mapper;

/* What limits are unless options say otherwise: milliseconds and bytes. */
#define DNC_MAPPER_TIMEOUT_MS 1000
#define DNC_MAPPER_MEMORY     (512u << 20)

/* A record. */
struct dnc_map_job {
	void *user;            /* for the caller */
	uint64_t line, item;   /* for the caller */
	struct dnc_str record; /* JSON text */
	struct dnc_str raw;    /* the record as received */
};

struct dnc_mapper_options {
	const char *name; /* borrowed; failures name the options --NAME-timeout and --NAME-memory */
	int64_t timeout_ms; /* processor time for each record */
	uint64_t memory;    /* bytes that the process may take in addition to what it starts with */
	bool objects;       /* a record fails if one of its results is not an object */
	/* The result number NUMBER, from 1, of JOB, followed by DNC_JSON_PADDING readable bytes; and why there is none,
	 * with the code 0. The strings are valid during the call. -1 ends dnc_mapper_add() or dnc_mapper_drain(). */
	int (*result)(
		void *ctx, const struct dnc_map_job *job, struct dnc_str result, uint64_t number);
	int (*failed)(void *ctx, const struct dnc_map_job *job, const struct dnc_error *err);
	/* The program ended well on JOB, but made no result of it; called in the place of both. NULL: nobody wants to know. */
	void (*nothing)(void *ctx, const struct dnc_map_job *job);
	/* True when the caller is to end soon: then a call that waits gives up after five seconds, with EAGAIN. */
	bool (*stopped)(void *ctx);
	void *ctx;
};

/* Starts the process of MAP, which is borrowed. SIGCHLD is set to its default for the whole process, so that it can be waited
 * for. OPTIONS is copied. NULL with ERR, whose code is an errno or
 * DNC_ERROR_NO_MEMORY. */
struct dnc_mapper *dnc_mapper_new(
	struct dnc_map *map, const struct dnc_mapper_options *options, struct dnc_error *err);

/* Ends the process and frees M; NULL is allowed. Records that wait are dropped. */
void dnc_mapper_free(struct dnc_mapper *m);

/* Adds a record, whose strings are copied. Waits while many are at work. -1 with ERR, or if a callback returned -1, which
 * leaves ERR alone; after that each call returns -1 and calls no callback, but for dnc_mapper_reset() and dnc_mapper_free().
 * Callbacks must not call this. */
int dnc_mapper_add(struct dnc_mapper *m, const struct dnc_map_job *job, struct dnc_error *err);

/* Waits until the callbacks have been called for all records. Returns as dnc_mapper_add() does. */
int dnc_mapper_drain(struct dnc_mapper *m, struct dnc_error *err);

/* Drops the records that wait, and starts a new process: M is as new. -1 with ERR. */
int dnc_mapper_reset(struct dnc_mapper *m, struct dnc_error *err);
