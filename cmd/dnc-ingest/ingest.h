/* ingest.h - a process of dnc-ingest, and its run. run.c begins and ends a run, reading.c turns the lines of its streams into
 * events, publish.c writes them, check.c judges the rejects, summary.c reports what became of all. There is one run, or with
 * --watch one for each file, one after the other. */
#pragma once
#include "check.h"
#include "cli/cli.h"
#include "cli/stage.h"
#include "event/event.h"
#include "identity.h"
#include "options.h"
#include "order.h"
#include "source/fill.h"
#include "source/mapper.h"
#include "source/source.h"
#include "summary.h"
#include "tally.h"

struct compare;

/* Events that a map made of one line. */
struct items {
	uint64_t stream, line, count;
};

/* Of the text, which lists what formats a file may have. */
enum { REFUSAL_BYTES = 1024 };

struct ingest {
	/* Of the process. */
	struct options options;
	struct dnc_event_reader *reader; /* owned */
	struct dnc_stage stage;          /* a run begins with its `failed` at 0 */
	struct dnc_map *map;             /* NULL: records are not mapped */
	struct dnc_mapper *mapper;
	bool mapper_failed;      /* a run has ended while records were mapped */
	struct dnc_fill *fill;   /* NULL if no option gives a value */
	bool settles;            /* see mapping_settle() */
	struct items items;      /* of the last line */
	struct compare *compare; /* with --against, or NULL */
	/* Takes the records, of the input format FORMAT, in place of publishing them as events; NULL: none. -1 with err, which
	 * ends the run. */
	int (*take)(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r,
		const char *format);
	struct reading *readings; /* the streams that are open, without producers */

	/* Of the run; see run_begin(). */
	struct dnc_cli_progress progress;
	struct identities identities;
	struct order order; /* of changes that wait */
	struct check check;
	struct tally tally;
	struct summary summary;
	struct dnc_outcome outcome_before; /* of the events of runs before */
	const char
		*file; /* with --watch: the name of the file (borrowed), which is open as file_fd */
	int file_fd;   /* borrowed */
	uint64_t accepted;    /* records that became events, or numbers of a full list */
	uint64_t published;   /* events that were written */
	int64_t due_ns;       /* of the process: when the next event may be written, with --rate */
	struct dnc_error err; /* why the run ended early */
	bool output_failed;   /* that is why */
	int stopped_by;       /* the signal that ended it before all was published, or 0 */
	bool too_many;        /* rejects, of --max-rejects */
	enum dnc_exit
		refused; /* the exit code of input that was refused as a whole, or DNC_EXIT_OK */
	char refusal[REFUSAL_BYTES]; /* why; the first of them */
	bool whole;                  /* all was read to its end, or until it failed */
	unsigned failed_before;      /* inputs that could not be read when the stream was opened */
	uint64_t refusals, results_before;
};
