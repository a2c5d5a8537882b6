/* cells.h - what a row of a table says: cells under the names of its columns.
 *
 * The rows of a file differ in most cells, but not in what these mean. The events of suppressions are therefore written once
 * for each kind of row (priv/mold.h), and after that cells, number, times and id are put in, which is several times as fast as
 * dnc_event_normalize() of a record. */
#pragma once
#include "event.h"

/* What the value of a cell may change in an event, beside where it is written. */
enum dnc_cell_role {
	DNC_CELL_FIXED, /* other members: rows with other values are of another kind */
	DNC_CELL_TEXT,  /* nothing */
	DNC_CELL_TIME,  /* what distinguishes equal records (suppressed_at), or nothing */
	DNC_CELL_STAMP, /* the timestamp of the event */
	DNC_CELL_SINGLE, /* more than can be known before: rows with such a cell are normalized one by one */
};

/* The name of a column, which is the name of a field. */
struct dnc_cell_name {
	struct dnc_str text; /* borrowed */
	uint64_t hash;
	enum dnc_cell_role role; /* in a suppression */
};

/* Text in a cell is UTF-8, without NUL bytes. */
struct dnc_cell {
	const struct dnc_cell_name *name;
	struct dnc_str value; /* not empty */
	bool timed;           /* it is what dnc_clock_format() writes for at_ms */
	int64_t at_ms;
};

struct dnc_cells {
	enum dnc_type type;
	struct dnc_str number; /* as the table has it; p is NULL if it has none */
	const struct dnc_cell *cell;
	size_t count;
};

/* Makes NAME of TEXT, which must stay as long as NAME is used. */
void dnc_cell_name_set(struct dnc_cell_name *name, const char *text);

/* Appends ROW as a record that dnc_event_normalize() reads. */
void dnc_cells_write(struct dnc_buf *b, const struct dnc_cells *row);

/* Makes the event of ROW: the same one, and the same errors, as dnc_event_normalize() of its record. OUT's line is memory of
 * R that is valid until its next use. */
int dnc_event_from_cells(struct dnc_event_reader *r, const struct dnc_cells *row,
	struct dnc_event *out, struct dnc_error *err);
