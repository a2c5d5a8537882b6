/* program.h - the jq program of --jq, which runs in a process of its own (source/mapper.h). For the loop's thread
 * only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "options.h"
#include "source/mapper.h"

struct program {
	struct dnc_map *map;
	struct dnc_mapper *mapper; /* NULL if there is none */
	/* A result of an event. -1 ends the call that waits for it. */
	int (*result)(void *ctx, struct dnc_str json);
	/* All results of event SEQ were handed on. */
	void (*done)(void *ctx, uint64_t seq);
	void *ctx;
	uint64_t at;       /* the event whose results come; 0: none yet */
	uint64_t failures; /* events on which the program failed; each is told, up to a limit */
	struct dnc_error err;
};

/* Starts the process, if there is a program; RESULT, DONE and CTX of P are set. Exits if the program is wrong, or
 * the process can't be started. */
void program_start(struct program *p, const struct options *o);

/* The results of the event TEXT come soon: at the latest during program_drain(). -1 with P->err. */
int program_add(struct program *p, struct dnc_str text, uint64_t seq);

/* Waits for the results of all events: for each of them as long as --jq-timeout at most. -1 with P->err. */
int program_drain(struct program *p);

void program_finish(struct program *p);
