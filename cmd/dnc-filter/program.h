/* program.h - the jq program of --jq: what it makes of events goes to the output. */
#pragma once
#include "cli/stage.h"
#include "options.h"
#include "source/mapper.h"

struct program {
	struct dnc_map *map;
	struct dnc_mapper *mapper; /* NULL if there is none */
	struct dnc_stage *stage;
	struct dnc_error *err;     /* why the run ends, if a function returns -1 */
	uint64_t results, refused; /* lines written; events on which it failed */
	bool settles;              /* see program_settle() */
};

/* Starts the process of the program, if there is one; STAGE, which is open later, and ERR are borrowed. Exits if the program is wrong
 * or the process can't be started. */
void program_start(
	struct program *p, const struct options *o, struct dnc_stage *stage, struct dnc_error *err);

/* The results of EVENT, LINE of S, are written soon: at the latest when program_drain() returns. */
int program_add(
	struct program *p, struct dnc_stream *s, const struct dnc_line *line, struct dnc_str event);

/* Waits for the results of all events so far. */
int program_drain(struct program *p);

/* The same for streams whose lines must be dealt with when they were read, because they are acknowledged. */
int program_settle(struct program *p);

void program_finish(struct program *p);
