/* output.h - events in the format that was asked for, on their way to the sink. For the loop's thread only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "options.h"
#include "program.h"
#include "show/show.h"
#include "sink.h"
#include "state.h"

struct output {
	struct dnc_show *show;
	struct program program;
	struct sink *sink;
	/* All of the event at this position was added to the sink. */
	void (*done)(void *ctx, const char *epoch, uint64_t seq);
	void *ctx;
	struct dnc_buf line;
	char epoch[EPOCH_SIZE]; /* of the events that the program has */
	bool terminal, raw, pending;
	uint64_t left_out; /* events that the format can't show */
	struct dnc_error err;
};

/* DONE and CTX of O are set; FILTER is JSON. Exits if a field, a template or a program is wrong. */
void output_open(struct output *o, const struct options *options, const char *filter);

/* Events go to SINK from here on. Adds the header, unless the sink continues what another run has written. -1 with
 * O->err. */
int output_start(struct output *o, struct sink *sink, bool header);

/* Adds the event TEXT. 1: it is no event. -1 with O->err. */
int output_event(struct output *o, struct dnc_str text, const char *epoch, uint64_t seq);

/* Waits until all events are in the sink. -1 with O->err. */
int output_settle(struct output *o);

/* True if events were not printed that should have been; that was told. */
bool output_failed(const struct output *o);

void output_close(struct output *o);
