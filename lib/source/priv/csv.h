/* csv.h - files with a header: their rows, and which column holds which field. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/lines.h"
#include "base/str.h"
#include "event/cells.h"
#include "phone/beside.h"
#include "phone/phone.h"
#include "header_names.h"

struct dnc_source;
struct dnc_source_options;
struct sample;

/* Whether a column may hold another number of the consumer. */
enum csv_second {
	SECOND_NEVER,
	SECOND_NAMED, /* by its header: each of its fields decides */
	SECOND_WRITTEN, /* if nearly all of its fields are telephone numbers that are written as such */
	SECOND_PLAIN, /* the same, and digits alone count as well */
};
struct verdict;

/* Columns of a file, digits of a number in a cell, options that stand for missing columns, values that are kept, and their bytes. */
enum {
	CSV_MAX_COLUMNS = 256,
	CSV_CELL_DIGITS = 40,
	CSV_GIVEN = 4,
	CSV_MEANT = 64,
	CSV_MEANT_MAX = 29
};

/* What the rows of csv_read_row() have in a column. */
struct csv_column {
	struct dnc_cell_name name;
	bool time;
	bool cell; /* a cell of the event; else its type, its number, or nothing */
};

/* A number of a row as it is read with the fields beside it; it stays where it is. */
struct csv_number {
	struct dnc_str read;
	struct dnc_beside_number beside;
	char digits[CSV_CELL_DIGITS]; /* of a cell that a spreadsheet wrote */
};

/* A CSV file that is being read: the fields of the current row, and the columns. */
struct csv_state {
	bool header_done;
	bool quoted;           /* a line ended in quoted text, which goes on in the next one */
	bool ended;            /* the row being read can have no more lines */
	char delimiter;        /* 0 until it is known */
	struct dnc_buf raw;    /* lines as received; the row being read starts at `row` */
	size_t at;             /* how far it was parsed: a line starts here */
	size_t row, lines;     /* lines of the row parsed so far */
	struct dnc_buf fields; /* the bytes of the row's fields */
	size_t ends[CSV_MAX_COLUMNS]; /* where each field ends in `fields` */
	size_t count;
	uint64_t first_line;            /* of the row */
	uint64_t rows;                  /* after the header, without empty ones */
	char *headers[CSV_MAX_COLUMNS]; /* the event field of each column, owned */
	size_t columns;
	uint8_t second[CSV_MAX_COLUMNS]; /* enum csv_second */
	size_t seconds;                  /* how many of them are SECOND_NAMED */
	bool asks;    /* a second number is looked for: --column does not say which one counts */
	size_t phone; /* then the column of the number, from 0 */
	unsigned kinds_beside;           /* of the columns, one bit each */
	uint8_t beside[CSV_MAX_COLUMNS]; /* enum dnc_beside, of those that --column does not name */
	uint8_t contrary
		[CSV_MAX_COLUMNS]; /* csv_contrary_header() of those that --column does not name, and of released_at */
	/* Short values of such columns that were seen, and what they mean: a table by a hash. */
	struct {
		char text[CSV_MEANT_MAX];
		uint8_t n, kind, meaning; /* kind: of contrary[]; 0: free */
	} meant[CSV_MEANT];
	/* Of csv_read_row(). */
	bool planned; /* what follows is set up to `cells` */
	struct csv_column plan[CSV_MAX_COLUMNS];
	size_t type, number; /* their columns, from 1; 0: none */
	struct {
		struct dnc_cell_name name;
		struct dnc_str value; /* p is NULL if it was not given */
		size_t column;        /* that has it, from 1; 0: none */
	} given[CSV_GIVEN];
	struct dnc_cells cells; /* the current row */
	struct dnc_cell cell[CSV_MAX_COLUMNS + CSV_GIVEN];
	char time[CSV_MAX_COLUMNS][DNC_TIME_LEN];
	struct csv_number read;
};

static inline struct dnc_str field_at(const struct csv_state *csv, size_t i)
{
	size_t from = i ? csv->ends[i - 1] : 0;

	return (struct dnc_str){csv->fields.p ? csv->fields.p + from : "", csv->ends[i] - from};
}

/* The field of the current row whose column has this name; p is NULL if there is none. */
struct dnc_str csv_column(const struct csv_state *csv, const char *field);

enum csv_scanned {
	CSV_WRONG, /* a quote is misplaced */
	CSV_OPEN,  /* quoted text goes on in the next line */
	CSV_ROW,   /* the row is whole */
};

/* Adds the fields of LINE, which ends with its line end, to those of the row (RFC 4180). Blanks around fields are no part of
 * them, and a quote is only in a field that is quoted. Of the last field CSV_OPEN has added a part. Memory that ran out is
 * seen in csv->fields. */
enum csv_scanned csv_scan(struct csv_state *csv, struct dnc_str line);

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

/* 0, or what kind of column that may say that its row is no suppression HEADER is that of. */
uint8_t csv_contrary_header(struct dnc_str header);

/* What a value says of its row: nothing against a suppression, perhaps something, or that it is none. */
enum csv_meaning { MEANS_NOTHING, MEANS_UNCLEAR, MEANS_CONTRARY };

/* What VALUE means; HEADER is csv_contrary_header() of its column or member. */
enum csv_meaning csv_column_means(uint8_t header, struct dnc_str value);

/* What the row means, and unless that is nothing, by which column AT. */
enum csv_meaning csv_row_means(struct csv_state *csv, size_t *at);

/* What a value says of when something has happened: it is no time, a time that means "never" (0001-01-01, 9999-12-31, 0), or
 * another one. */
enum csv_moment { MOMENT_NONE, MOMENT_NEVER, MOMENT_PAST };

/* Reads a date in any usual order, or a count since some day zero in any unit. *NUMBER is the value if it is a number, else not
 * a number (NAN). */
enum csv_moment csv_moment(struct dnc_str value, double *number);

/* Marks the columns that may hold another number, unless --column says which one counts: those that are CHOSEN. The fields
 * are the header, and all columns have their names. Without a header these are all columns but the chosen ones. */
void csv_mark_seconds(struct dnc_source *s, const bool chosen[CSV_MAX_COLUMNS]);

/* Of the current row: a column SECOND_NAMED that holds a number that differs from that of the row, or starts with one: it
 * would be lost. Both are read alike. The count of columns if there is none. */
size_t csv_find_second(struct dnc_source *s);

/* Refuses the stream because COLUMN holds a second number in LINE. */
enum dnc_source_result csv_refuse_second(struct dnc_source *s, size_t column, uint64_t line);

/* Refuses the stream if that is the first row, else rejects it. DNC_SOURCE_MORE if the row has no second number. */
enum dnc_source_result csv_check_second(struct dnc_source *s);

/* After the header: refuses the stream if one of the rows that were kept has a second number, or if nearly all fields of a
 * column are telephone numbers. DNC_SOURCE_MORE, or there is no memory. The fields of the row are lost. */
enum dnc_source_result csv_check_sample(struct dnc_source *s);

/* Reads a number that is WRITTEN so in the row with the columns beside it. DNC_SOURCE_MORE, or the row is rejected. */
enum dnc_source_result csv_read_number(
	struct dnc_source *s, struct dnc_str written, struct csv_number *number);

/* True if FIELD starts with what can be a number: "2025550143, x4", or "2025550143 / 2025550144". */
bool csv_starts_with_number(const struct dnc_source *s, struct dnc_str field);

/* Makes a suppression of the row, or an event of the type in its column "type". */
enum dnc_source_result csv_read_row(struct dnc_source *s);

/* A field as it looks in a line of a sample, with its quotes removed. */
struct csv_cut {
	struct dnc_str rest, field;
	char delimiter;
	bool more;
};

/* Cuts the next field off; false after the last one. Delimiters in quotes do not count. */
bool csv_cut_field(struct csv_cut *c);
size_t csv_count_fields(struct dnc_str line, char delimiter);

/* True if LINE, whose fields are separated by commas, has a header that means a phone number. */
bool csv_names_number(struct dnc_str line);

/* `detect` of a struct format with a header. */
void csv_detect(const struct sample *sample, struct verdict *v);

/* The separator of a line "sep=;", which spreadsheets write and read before the header; 0 if LINE is another one. */
char csv_read_separator(struct dnc_str line);

/* The character that separates the fields of a header: one by which a field means a phone number, else the most frequent. */
char csv_guess_delimiter(struct dnc_str header);

/* Reads the row as the header: which column holds which field. Refuses the stream if that is not
 * certain. */
enum dnc_source_result csv_read_header(struct dnc_source *s);

/* True if rows of a stream with these options must tell which column holds the phone number, or whether another one does. */
bool csv_tells_by_rows(const struct dnc_source_options *options);

/* Reads the names of the columns from their numbers (--no-header). Refuses the stream if it is not certain which one holds
 * the phone number: the rows that were kept tell, else the first one. */
enum dnc_source_result csv_name_by_number(struct dnc_source *s);

/* Names the columns of --column. */
enum dnc_source_result csv_name_chosen(struct dnc_source *s);

/* Refuses the stream with the text BEFORE, HEADER, BETWEEN, OTHER (may be missing) and AFTER, and the list of all headers
 * if LIST. */
enum dnc_source_result csv_refuse_header(struct dnc_source *s, const char *before,
	struct dnc_str header, const char *between, struct dnc_str other, const char *after,
	bool list);
