/* format.h - one input format: what a file in this folder exports, and a row of the table in source.c. */
#pragma once
#include "record.h"

struct format {
	struct dnc_format about;
	/* True when a stream that starts with LINE has this format; NULL: "auto" never takes it. */
	bool (*detect)(struct dnc_str line);
	/* Reads one line. */
	enum dnc_source_result (*line)(struct dnc_source *s, const struct dnc_line *line);
	/* Reads on in the lines so far; NULL: none has more than one record. */
	enum dnc_source_result (*next)(struct dnc_source *s);
	/* With DNC_FORMAT_HEADER: makes an event of one row. */
	enum dnc_source_result (*row)(struct dnc_source *s);
};

extern const struct format format_ndjson, format_ftc_reported, format_ftc_change, format_ftc_full,
	format_numbers, format_csv, format_tsv;
