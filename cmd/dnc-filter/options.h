/* options.h - the command line of dnc-filter. */
#pragma once
#include "cli/cli.h"
#include "cli/stage.h"

enum { MAX_PLACES = 256 };

struct options {
	struct dnc_cli_filter filter;
	const char *files[MAX_PLACES], *inputs[MAX_PLACES];
	struct dnc_stage_options stage; /* files and inputs point at the arrays above */
	const char *jq;
	uint64_t jq_timeout_ms, jq_memory;
	bool invert, count, strict;
	uint64_t max_count; /* UINT64_MAX: no limit */
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
