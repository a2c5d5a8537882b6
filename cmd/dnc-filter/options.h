/* options.h - what dnc-filter was asked to do. */
#pragma once
#include "cli/cli.h"

enum { MAX_PLACES = 256 };

struct options {
	struct dnc_cli_filter filter;
	const char *files[MAX_PLACES], *inputs[MAX_PLACES];
	size_t file_count, input_count;
	const char *rejects, *output, *jq;
	bool invert, count, strict;
	uint64_t max_count; /* UINT64_MAX when there is no limit */
};

/* Reads the command line; exits when it is wrong. */
void options_read(struct options *o, int argc, char **argv);
