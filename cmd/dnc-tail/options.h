/* options.h - what dnc-tail was asked to do. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "cli/cli.h"
#include "hubs.h"

struct options {
	const char *urls[HUBS_MAX];
	size_t url_count;
	struct hubs hubs;
	struct dnc_filter_draft filter;
	uint64_t lines, max_count;
	struct start {
		enum { START_LINES, START_SINCE, START_TIME } from;
		uint64_t seq;
		int64_t ms;
		const char *epoch; /* of seq; NULL when it is not known */
		bool known;        /* seq is where the last run was */
	} start;
	struct until {
		enum { UNTIL_NONE, UNTIL_SEQ, UNTIL_TIME } by;
		uint64_t seq;
		int64_t ms;
	} until;
	int64_t timeout_ms; /* 0: none */
	const char *state;
	const char *exec; /* NULL: standard output */
	uint64_t batch;
	int64_t grace_ms;
	const char *token_file, *ca_file; /* NULL: none; the system's */
	unsigned color_when;              /* index of the word */
	bool insecure, follow_hubs, lines_given;
	bool no_follow, no_reconnect, fail_on_gap, stats, color_messages, batch_given;
	/* The output. */
	unsigned output;                    /* enum dnc_show_format */
	const char *fields, *template, *jq; /* NULL: none */
	uint64_t jq_timeout_ms, jq_memory;
	bool output_given, jq_timeout_given, jq_memory_given;
	bool no_header, raw_output, utc, local_given, local;
	bool color, terminal; /* what is printed goes to a terminal */
};

void options_read(struct options *o, int argc, char **argv);
