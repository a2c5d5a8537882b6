/* ingest.h - a run of dnc-ingest. main.c begins and ends it, reading.c turns the lines of its streams into events. */
#pragma once
#include "cli/cli.h"
#include "cli/stage.h"
#include "event/event.h"
#include "options.h"
#include "run.h"

struct ingest {
	struct options options;
	struct dnc_event_reader *reader;
	struct dnc_stage stage;
	struct dnc_cli_progress progress;
	struct runs runs;
	uint64_t accepted;
	uint64_t dropped; /* records that are no events by a rule of their format */
	int64_t started_ns;
	struct dnc_error err; /* why the run ended early */
	bool too_many;        /* rejects, of --max-rejects */
	enum dnc_exit
		refused; /* the exit code of files that were rejected as a whole, or DNC_EXIT_OK */
	struct dnc_error refusal; /* the first of them */
	bool whole;               /* the last stream was read to its end */
	unsigned failed_before;   /* inputs that could not be read when the stream was opened */
	uint64_t refusals, results_before;
	struct reading *readings; /* the streams that are open, without producers */
};

/* Callbacks of the input; CTX is the ingest. */
int reading_open(void *ctx, struct dnc_stream *s);
int reading_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line);
int reading_close(void *ctx, struct dnc_stream *s);
int reading_idle(void *ctx);
