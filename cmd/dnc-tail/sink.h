/* sink.h - where events go: standard output, or a command. For the loop's thread only.
 *
 * A sink never waits: what its reader does not take stays in memory, and who fills it stops when
 * there is too much (`waiting`). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "base/err.h"
#include "base/str.h"

struct sink {
	const struct sink_acts {
		/* One event, without its newline. */
		void (*add)(struct sink *sink, struct dnc_str line);
		/* Hands on what can be handed on now, and finds out what was taken. LAST: nothing
		 * more comes. -1 with ERR ends the program; GONE is no error. */
		int (*push)(struct sink *sink, bool last, struct dnc_error *err);
		/* Puts on disk what was taken, when it is there that it goes. -1 with ERR. */
		int (*sync)(struct sink *sink, struct dnc_error *err);
		/* The program was asked to stop: tries nothing again. True while there is something to
		 * wait for. */
		bool (*stopping)(struct sink *sink);
		/* Ends, says what is left over, and closes its handles of the loop. False when events
		 * were left over that nobody else will hand on. */
		bool (*close)(struct sink *sink);
	} * acts;
	uint64_t added; /* bytes */
	uint64_t taken; /* of these, how many are the reader's for certain */
	size_t waiting; /* bytes in memory */
	bool ask;       /* no event of the loop tells when TAKEN grows: push again after a while */
	bool gone;      /* the reader has left */
};

/* Writes to standard output. TAKEN is kept only when it is to be REMEMBERed. -1 with ERR. */
int printer_open(struct sink **sink, uv_loop_t *loop, bool remember, struct dnc_error *err);

/* Runs COMMAND with the shell for at most BATCH events at a time; they are taken when it ends with
 * status 0. COMMAND is borrowed. REMEMBER: what is not acknowledged comes again. NULL without memory. */
struct sink *command_new(uv_loop_t *loop, const char *command, uint64_t batch, bool remember);
