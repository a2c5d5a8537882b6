/* sink.h - where events go: standard output or a command. For the loop's thread only.
 *
 * A sink never blocks: what its reader does not take stays in memory, and the caller stops adding when `waiting` is too
 * large. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "base/err.h"
#include "base/str.h"

struct sink {
	const struct sink_acts {
		/* Adds what is printed of one event, one line or several, without the newline at its end. */
		void (*add)(struct sink *sink, struct dnc_str lines);
		/* Before the first event: the line that stands before all events, unless they continue a file that has some. */
		void (*header)(struct sink *sink, struct dnc_str line);
		/* Writes what can be written now, and updates `taken`. LAST: no more events come. Returns -1 with
		 * ERR to end the program; `gone` is not an error. */
		int (*push)(struct sink *sink, bool last, struct dnc_error *err);
		/* Syncs what was taken if it is written to a file. Returns -1 with ERR. */
		int (*sync)(struct sink *sink, struct dnc_error *err);
		/* The program was asked to stop: nothing is tried again. Returns true while there is something to
		 * wait for. */
		bool (*stopping)(struct sink *sink);
		/* Ends the sink, warns of events that are left, and closes its handles of the loop. Returns false
		 * if events are lost or must come again. */
		bool (*close)(struct sink *sink);
	} * acts;
	uint64_t added; /* bytes */
	uint64_t taken; /* of these, how many the reader has for certain */
	size_t waiting; /* bytes in memory */
	bool ask; /* no event of the loop reports that taken has grown: call push again after a while */
	bool gone; /* the reader has left */
};

/* Writes to standard output. `taken` is kept only if REMEMBER. Returns -1 with ERR. */
int printer_open(struct sink **sink, uv_loop_t *loop, bool remember, struct dnc_error *err);

/* Runs COMMAND (borrowed) with the shell for at most BATCH events at a time; they are taken when it exits with 0.
 * REMEMBER: a state file makes events that were not taken come again. Returns NULL if there is no memory. */
struct sink *command_new(uv_loop_t *loop, const char *command, uint64_t batch, bool remember);
