/* ingest.h - a run of dnc-ingest. main.c begins and ends it, reading.c turns the lines of its streams into events. */
#pragma once
#include "cli/cli.h"
#include "cli/stage.h"
#include "event/event.h"
#include "options.h"
#include "run.h"
#include "source/fill.h"
#include "source/mapper.h"
#include "source/source.h"

struct compare;

/* Events that a map made of one line. */
struct items {
	uint64_t stream, line, count;
};

struct ingest {
	struct options options;
	struct dnc_event_reader *reader;
	struct dnc_stage stage;
	struct dnc_cli_progress progress;
	struct dnc_map *map; /* NULL: records are not mapped */
	struct dnc_mapper *mapper;
	struct items items;    /* of the last line */
	struct dnc_fill *fill; /* NULL if no option gives a value */
	bool settles;          /* see mapping_settle() */
	struct runs runs;
	struct compare *compare; /* with --against, or NULL */
	/* Takes the records, of the input format FORMAT, in place of publishing them as events; NULL: none. -1 with err, which
	 * ends the run. */
	int (*take)(struct ingest *in, struct dnc_stream *s, const struct dnc_record *r,
		const char *format);
	uint64_t accepted;  /* records that became events, or numbers of a full list */
	uint64_t published; /* events that were written */
	uint64_t dropped;   /* records that are no events by a rule of their format */
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
