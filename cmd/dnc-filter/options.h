/* options.h - what dnc-filter was asked to do. */
#pragma once
#include "cli/cli.h"
#include "cli/stage.h"

enum { MAX_PLACES = 256 };

struct options {
	struct dnc_cli_filter filter;
	const char *files[MAX_PLACES], *inputs[MAX_PLACES];
	struct dnc_stage_options stage; /* points at the two */
	const char *jq;
	bool invert, count, strict;
	uint64_t max_count; /* UINT64_MAX when there is no limit */
};

/* Reads the command line; exits when it is wrong. */
void options_read(struct options *o, int argc, char **argv);
