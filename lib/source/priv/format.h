/* format.h - one input format: what a file in this folder exports, and a row of the table in source.c. */
#pragma once
#include "record.h"

struct format {
	struct dnc_format about;
	/* True when a stream that starts with LINE has this format; NULL: "auto" never takes it. */
	bool (*detect)(struct dnc_str line);
	/* Reads one line. 0, or -1 when a callback said so. */
	int (*line)(struct dnc_source *s, const struct dnc_line *line);
	int (*end)(struct dnc_source *s); /* the stream is at its end; may be NULL */
	int (*cut)(struct dnc_source *s); /* a line is too long to be read; may be NULL */
	int (*row)(struct dnc_source *s); /* with DNC_FORMAT_HEADER: hands on one row */
};

extern const struct format format_ndjson, format_ftc_reported, format_ftc_change, format_ftc_full,
	format_numbers, format_csv, format_tsv;
