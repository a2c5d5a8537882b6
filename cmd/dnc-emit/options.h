/* options.h - the command line of dnc-emit. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	const char *type;   /* NULL with --lines */
	const char *socket; /* one or several, with commas between; unless url is set */
	const char *url;    /* one or several; NULL: the socket is used */
	const char *socket_before, *url_before; /* those that they have replaced; NULL: none */
	bool url_of_env;                        /* it is that of DNC_URL, which may be dnc-tail's */
	const char *token_file, *ca_file, *spool, *rejects; /* NULL if not given */
	bool lines;
	char **fields; /* KEY=VALUE */
	size_t field_count;
	int64_t timeout_ms;
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
