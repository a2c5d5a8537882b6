/* options.h - the command line of dnc-ingest. */
#pragma once
#include "cli/stage.h"
#include "source/source.h"
#include "unpack/encoding.h"

enum { MAX_COLUMNS = 64, MAX_PLACES = 256 };

struct options {
	struct dnc_source_options source;
	struct dnc_column columns[MAX_COLUMNS];
	const char *files[MAX_PLACES], *inputs[MAX_PLACES];
	struct dnc_stage_options stage; /* files and inputs point at the arrays above */
	const char *map, *map_file;
	uint64_t map_timeout_ms, map_memory;
	const char *run; /* NULL if not given */
	bool strict, strict_phone;
	uint64_t max_rejects;     /* UINT64_MAX: no limit */
	double max_rejects_share; /* 1: no limit */
	uint64_t min_records;     /* 0: no limit */
	double rate;              /* events a second; 0: no limit */
	unsigned encoding;        /* an enum dnc_encoding */
	uint64_t max_unpacked;    /* bytes of one file */
	bool summary;             /* ends the run with a dnc.list.synced */
	const char *sync_type;    /* of it; NULL: follows from the format */
	const char *watch;        /* the directory; NULL: none */
	bool once;
	int64_t watch_max_age_ms; /* 0: no limit */
	uint64_t watch_max_size;  /* bytes; 0: no limit */
	const char *against;      /* NULL if not given */
	bool baseline, publish_all, release_despite_rejects;
	const char *release_reason;
	uint64_t max_removed;     /* UINT64_MAX: no limit */
	double max_removed_share; /* 1: no limit */
	bool max_removed_given;
};

/* Reads the command line. Exits if it is wrong. */
void options_read(struct options *o, int argc, char **argv);
