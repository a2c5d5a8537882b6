/* options.h - the command line of dnc-wsd. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "log/journal.h"
#include "web/web.h"

/* The ring serves no more hubs than this; each worker has one. */
enum { MAX_WORKERS = DNC_RING_HUBS, MAX_INPUTS = 64, MAX_ORIGINS = 32, MAX_KEYS = 16 };

struct options {
	const char *listen[DNC_WEB_MAX_LISTEN];
	size_t listen_count;
	const char *inputs[MAX_INPUTS];
	size_t input_count;
	const char *origins[MAX_ORIGINS];
	size_t origin_count;
	const char *keys[MAX_KEYS];
	struct dnc_auth_options auth;
	const char *tls_cert, *tls_key;
	const char *rejects;
	struct dnc_journal_options journal;
	char *data; /* the default directory of the log, owned */
	bool exit_on_eof, write_in_callback, compress, print_roles, trust_proxy, has_data;
	bool init_log, print_schema;
	bool default_role_given;
	struct dnc_web_limits limits;
	unsigned workers;
	uint64_t max_lag, buffer_bytes;
	int64_t grace_ms;
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);
