#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "cli/cli.h"

struct options {
	const char *url;
	char host[256], path[512];
	int port;
	struct dnc_cli_filter filter;
	uint64_t lines, since, max_count;
	bool has_since, json, no_follow, no_reconnect, color;
};

void options_read(struct options *o, int argc, char **argv);
