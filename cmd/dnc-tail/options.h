/* options.h - what dnc-tail was asked to do. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "cli/cli.h"

struct options {
	const char *url;
	char host[256], path[512];
	int port;
	struct dnc_cli_filter filter;
	uint64_t lines, max_count;
	struct start {
		enum { START_LINES, START_SINCE, START_TIME } from;
		uint64_t seq;
		int64_t ms;
		const char *epoch; /* of seq; NULL when it is not known */
		bool known;        /* seq is where the last run was */
	} start;
	const char *state;
	const char *exec; /* NULL: standard output */
	uint64_t batch;
	int64_t grace_ms;
	const char *token_file, *ca_file; /* NULL: none; the system's */
	unsigned output, color_when;      /* index of the word */
	bool tls, insecure, lines_given;
	bool json, no_follow, no_reconnect, color, terminal, batch_given;
};

void options_read(struct options *o, int argc, char **argv);
