/* ingest.h - a run of dnc-ingest. run.c begins and ends it, reading.c turns the lines of its streams into events, summary.c
 * reports what became of them. A run is a value: a process may have several, one after the other. */
#pragma once
#include "check.h"
#include "cli/cli.h"
#include "cli/stage.h"
#include "event/event.h"
#include "identity.h"
#include "options.h"
#include "order.h"
#include "summary.h"
#include "tally.h"

struct ingest {
	struct options options;
	struct dnc_event_reader *reader; /* borrowed */
	struct dnc_stage stage;
	struct dnc_cli_progress progress;
	struct identities identities;
	struct order order; /* of changes that wait */
	struct check check;
	uint64_t accepted;  /* records that became events */
	uint64_t published; /* events that were written */
	struct tally tally;
	struct summary summary;
	int64_t started_ns;
	struct dnc_error err; /* why the run ended early */
	bool output_failed;   /* that is why */
	int stopped_by;       /* the signal that ended it before all was published, or 0 */
	bool too_many;        /* rejects, of --max-rejects */
	enum dnc_exit
		refused; /* the exit code of files that were rejected as a whole, or DNC_EXIT_OK */
	struct dnc_error refusal; /* the first of them */
	unsigned failed_before;   /* inputs that could not be read when the stream was opened */
	uint64_t refusals, results_before;
	struct reading *readings; /* the streams that are open, without producers */
};

/* Callbacks of the input; CTX is the ingest. */
int reading_open(void *ctx, struct dnc_stream *s);
int reading_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line);
int reading_close(void *ctx, struct dnc_stream *s);
int reading_idle(void *ctx);
