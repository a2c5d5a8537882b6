/* options.h - the command line of dnc-emit. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct options {
	const char *type, *socket,
		*spool; /* type: NULL if it is missing; spool: NULL if not given */
	char **fields;  /* KEY=VALUE */
	size_t field_count;
	int64_t timeout_ms;
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
