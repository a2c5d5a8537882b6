/* options.h - the command line of dnc-filter. */
#pragma once
#include "cli/cli.h"
#include "cli/stage.h"

enum { MAX_PLACES = 256 };

struct options {
	struct dnc_filter_draft filter;
	const char *files[MAX_PLACES], *inputs[MAX_PLACES];
	struct dnc_stage_options stage; /* files and inputs point at the arrays above */
	const char *jq;
	uint64_t jq_timeout_ms, jq_memory;
	const char *rules, *test, *metrics; /* of --rules, --test and --metrics; NULL: none */
	bool check, stats;
	bool explain, mark; /* which rule decided: on standard error; in metadata.rule */
	bool invert, count, strict;
	uint64_t max_count; /* UINT64_MAX: no limit */
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
