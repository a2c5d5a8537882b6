/* csv.h - files with a header: their rows, and which column holds which field. */
#pragma once
#include <csv.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/lines.h"
#include "base/str.h"
#include "event/event.h"
#include "header_names.h"

struct dnc_source;
struct sample;
struct verdict;

enum { CSV_MAX_COLUMNS = 256 };

/* A CSV file that is being read: the fields of the current row, and the columns. */
struct csv_state {
	struct csv_parser parser;
	bool ready, header_done, row_done;
	bool ended;                   /* the row being read can have no more lines */
	char delimiter;               /* 0 until it is known */
	struct dnc_buf raw;           /* lines as received; the row being read starts at `row` */
	size_t at;                    /* how far it was parsed: a line starts here */
	size_t row, lines;            /* lines of the row parsed so far */
	struct dnc_buf fields;        /* the bytes of the row's fields */
	size_t ends[CSV_MAX_COLUMNS]; /* where each field ends in `fields` */
	size_t count;
	uint64_t first_line;            /* of the row */
	uint64_t rows;                  /* after the header, without empty ones */
	char *headers[CSV_MAX_COLUMNS]; /* the event field of each column, owned */
	size_t columns;
	size_t country; /* number of the column with the country of the number, from 1; 0: none */
	uint8_t contrary
		[CSV_MAX_COLUMNS]; /* csv_contrary_header() of those that --column does not name */
};

static inline struct dnc_str field_at(const struct csv_state *csv, size_t i)
{
	size_t from = i ? csv->ends[i - 1] : 0;

	return (struct dnc_str){csv->fields.p ? csv->fields.p + from : "", csv->ends[i] - from};
}

/* The field of the current row whose column has this name; p is NULL if there is none. */
struct dnc_str csv_column(const struct csv_state *csv, const char *field);

/* `line` and `next` of a struct format whose rows follow RFC 4180. */
enum dnc_source_result csv_line(struct dnc_source *s, const struct dnc_line *line);
enum dnc_source_result csv_next(struct dnc_source *s);

void csv_finish(struct csv_state *csv);

/* Reads the row whose fields were split: the first one as the header, others with the format's row
 * function. A row whose fields are all empty is skipped. */
enum dnc_source_result csv_row(struct dnc_source *s);

/* Adds the field of a column of an event of TYPE unchanged, except that dates and times become RFC 3339. Empty fields are
 * left out. False if it is no time that can be read, and the event needs one; then csv_reject_time() rejects the row. */
bool csv_add_field(
	struct dnc_source *s, enum dnc_type type, const char *field, struct dnc_str value);
enum dnc_source_result csv_reject_time(struct dnc_source *s, const char *field);

/* Reads a date, or a date and a time, of UTC unless it has an offset: ISO 8601 and its usual variants. */
bool csv_read_time(struct dnc_str text, int64_t *ms);

/* 0, or which values of a column under HEADER say that its row is no suppression. */
uint8_t csv_contrary_header(struct dnc_str header);

/* True if column AT of the row has such a value. */
bool csv_is_contrary(const struct csv_state *csv, size_t *at);

/* Makes a suppression of the row, or an event of the type in its column "type". */
enum dnc_source_result csv_read_row(struct dnc_source *s);

/* True if LINE, whose fields are separated by commas, has a header that means a phone number. */
bool csv_names_number(struct dnc_str line);

/* `detect` of a struct format with a header. */
void csv_detect(const struct sample *sample, struct verdict *v);

/* The separator of a line "sep=;", which spreadsheets write and read before the header; 0 if LINE is another one. */
char csv_read_separator(struct dnc_str line);

/* The character that separates the fields of a header. */
char csv_guess_delimiter(struct dnc_str header);

/* Reads the row as the header: which column holds which field. Refuses the stream if that is not
 * certain. */
enum dnc_source_result csv_read_header(struct dnc_source *s);

/* True if FIELD is a phone number, with or without an extension. */
bool csv_holds_number(const struct dnc_source *s, struct dnc_str field);

/* Reads the names of the columns from their numbers (--no-header). Refuses the stream if it is not certain which one holds
 * the phone number. */
enum dnc_source_result csv_name_by_number(struct dnc_source *s);

/* Names the columns of --column. */
enum dnc_source_result csv_name_chosen(struct dnc_source *s);

/* Refuses the stream with the text BEFORE, HEADER, BETWEEN, OTHER (may be missing) and AFTER, and the list of all headers
 * if LIST. */
enum dnc_source_result csv_refuse_header(struct dnc_source *s, const char *before,
	struct dnc_str header, const char *between, struct dnc_str other, const char *after,
	bool list);
