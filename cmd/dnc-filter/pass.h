/* pass.h - the way of one line: read, selected by the options, decided by the rules, written. */
#pragma once
#include "cli/stage.h"
#include "absence.h"
#include "options.h"
#include "program.h"
#include "routing.h"
#include "rules/rules.h"

struct pass {
	struct options options;
	struct dnc_event_reader *reader;
	const struct dnc_filter *filter;
	struct dnc_rules *rules; /* NULL: none */
	struct routing routing;
	struct absence absence;
	struct dnc_stream absent; /* of its events: --jq may fail on one after pass_made() */
	struct program program;
	struct dnc_stage stage;
	struct dnc_cli_progress progress;
	uint64_t matched;
	struct dnc_error err; /* why the run ended early */
	bool enough;
};

/* Deals with LINE of S: the `line` of struct dnc_input_events, with a struct pass as CTX. */
int pass_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line);

/* Writes LINE, an event that was made because none came: the `write` of struct absence. */
int pass_made(void *ctx, struct dnc_str line);

/* Its `drain`. */
int pass_drain(void *ctx);

/* Prints what the rules did so far; without rules, how many events have matched. */
void pass_stats(const struct pass *p);
