#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "web/web.h"

enum { MAX_INPUTS = 64, MAX_ORIGINS = 32 };

struct options {
	const char *listen[DNC_WEB_MAX_LISTEN];
	size_t listen_count;
	const char *inputs[MAX_INPUTS];
	size_t input_count;
	const char *origins[MAX_ORIGINS];
	size_t origin_count;
	const char *rejects;
	bool exit_on_eof, by_the_book;
	unsigned max_connections;
	uint64_t max_lag, buffer_bytes;
	int64_t grace_ms;
};

void options_read(struct options *o, int argc, char **argv);
