/* format.h - one input format: what a file in this folder exports, and a row of the table in
 * formats.c. */
#pragma once
#include "record.h"
#include "sample.h"

struct format {
	struct dnc_format about;
	struct dnc_origin origin;
	/* Says whether a stream that starts with SAMPLE has this format, and why; NULL: "auto" never chooses
	 * it. "auto" asks the formats in the order of the table, and takes the first one that is sure. The sample
	 * has a line that is not blank. */
	void (*detect)(const struct sample *sample, struct verdict *v);
	/* Reads one line. */
	enum dnc_source_result (*line)(struct dnc_source *s, const struct dnc_line *line);
	/* Continues with the lines that were read before; called until DNC_SOURCE_MORE before each line and, with
	 * s->at_end, after the last one. NULL: a line has at most one record. */
	enum dnc_source_result (*next)(struct dnc_source *s);
	/* With DNC_FORMAT_HEADER: the fields that columns must hold, separated by blanks; NULL: any. */
	const char *needs;
	/* Whether the stream is a list of all numbers; NULL: its format does not say so. */
	bool (*full)(const struct dnc_source *s);
	/* Frees what the format keeps in S; may be NULL. */
	void (*finish)(struct dnc_source *s);
	/* Adds the fields of a line to those of the row, as csv_scan(). NULL: second numbers are not looked for in a sample. */
	enum csv_scanned (*scan)(struct csv_state *csv, struct dnc_str line);
	/* With DNC_FORMAT_HEADER: makes the event of one row. */
	enum dnc_source_result (*row)(struct dnc_source *s);
	/* With documents_line(): makes the record of one JSON value, which DNC_JSON_PADDING readable bytes follow and
	 * which stays until the next call. */
	enum dnc_source_result (*text)(struct dnc_source *s, struct dnc_str json);
	/* The next record of that value; DNC_SOURCE_MORE after the last one. NULL: it is one record. */
	enum dnc_source_result (*more)(struct dnc_source *s);
};

extern const struct format format_ndjson, format_ftc_reported, format_ftc_change, format_ftc_full,
	format_ftc_xml, format_numbers, format_csv, format_tsv, format_optout, format_cloudevents,
	format_ftc_reported_page; /* what format_ftc_reported becomes; not in the table */

/* Drops the options that the format of S contradicts: the reason, and if ALL the provider and the source, too. Appends to
 * SAID, which may be NULL, those that differ. */
void source_drop_contradicted(struct dnc_source *s, bool all, struct dnc_buf *said);

/* The format number INDEX of the table; NULL after the last one. */
const struct format *format_at(size_t index);

/* NULL if there is no format of this name. */
const struct format *format_find(const char *name);
