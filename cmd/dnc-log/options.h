/* options.h - the command line of dnc-log. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct options {
	const char *command, *from, *to; /* NULL if missing */
	uint64_t rate;
	bool rate_given, no_verify, json;
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
