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
struct ingest;

/* Where the events and the failures of a map go; -1 ends the run. */
typedef int mapping_accept(struct ingest *in, struct dnc_stream *s, const struct dnc_record *event);
typedef int mapping_reject(
	struct ingest *in, struct dnc_stream *s, const struct dnc_record *r, struct dnc_error *err);

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
	mapping_accept *accept_mapped;
	mapping_reject *reject_unmapped;
	bool mapper_failed;      /* a run has ended while records were mapped */
	struct dnc_fill *fill;   /* NULL if no option gives a value */
	bool settles;            /* see mapping_settle() */
	struct items items;      /* of the last line */
	struct compare *compare; /* with --against, or NULL */
	int64_t due_ns; /* by dnc_clock_mono_ns(): when the next event may be written, with --rate */
	/* Takes the records in place of publishing them as events; NULL: none. FORMAT is that of the input, as
	 * dnc_source_format() returns it. -1 with err, which ends the run. */
	int (*take)(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r,
		const char *format);
	struct reading *readings; /* the streams that are open, without producers */
	bool doubted;             /* the doubt of a producer's source was said */

	/* Of the run; see run_begin(). */
	struct dnc_cli_progress progress;
	struct identities identities;
	struct order order; /* of changes that wait */
	struct check check;
	struct tally tally;
	struct summary summary;
	struct dnc_outcome outcome_before; /* of the events of runs before */
	/* With --watch: the name of the file of the run (borrowed), which is open as file_fd (borrowed). NULL: without --watch; the
	 * files are those of the options. */
	const char *file;
	int file_fd;
	bool hold_changes;    /* a change list is refused; set before each run */
	bool changes;         /* the run has read one */
	uint64_t accepted;    /* records that became events, or numbers of a full list */
	uint64_t published;   /* events that were written */
	struct dnc_error err; /* why the run ended early */
	bool output_failed;   /* that is why */
	int stopped_by;       /* the signal that ended it before all was published, or 0 */
	enum check_limit broken;
	enum dnc_exit
		refused; /* the exit code of input that was refused as a whole, or DNC_EXIT_OK */
	char refusal[REFUSAL_BYTES]; /* why; the first of them */
	bool partial;           /* a file was refused behind records that it has before its fault */
	bool whole;             /* all was read to its end, or until it failed */
	unsigned failed_before; /* inputs that could not be read when the stream was opened */
	uint64_t refusals;      /* streams that were refused */
	uint64_t results_before; /* events, rejects and refusals when the stream was opened */
};
