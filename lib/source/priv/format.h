/* format.h - one input format: what a file in this folder exports, and a row of the table in
 * source.c. */
#pragma once
#include "record.h"

struct format {
	struct dnc_format about;
	/* True if a stream that starts with LINE has this format; NULL: "auto" never chooses it. */
	bool (*detect)(struct dnc_str line);
	/* Reads one line. */
	enum dnc_source_result (*line)(struct dnc_source *s, const struct dnc_line *line);
	/* Continues with the lines that were read before; NULL: a line has at most one record. */
	enum dnc_source_result (*next)(struct dnc_source *s);
	/* With DNC_FORMAT_HEADER: makes the event of one row. */
	enum dnc_source_result (*row)(struct dnc_source *s);
};

extern const struct format format_ndjson, format_ftc_reported, format_ftc_change, format_ftc_full,
	format_numbers, format_csv, format_tsv;
