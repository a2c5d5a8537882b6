/* reader.h - what the formats share. */
#pragma once
#include <csv.h>
#include "event/event.h"
#include "json/json.h"
#include "source/source.h"

struct format;

enum { CSV_MAX_COLUMNS = 256 };

/* A CSV file on its way: fields of the row being read, and which column holds what. */
struct csv_state {
	struct csv_parser parser;
	bool ready, header_done, row_done;
	char delimiter;               /* 0 until it is known */
	struct dnc_buf raw;           /* lines as received; the row being read starts at `row` */
	size_t row, lines;            /* lines of the row parsed so far */
	struct dnc_buf fields;        /* the bytes of the row's fields */
	size_t ends[CSV_MAX_COLUMNS]; /* where each field ends in `fields` */
	size_t count;
	uint64_t first_line;            /* of the row */
	uint64_t rows;                  /* behind the header, without those that hold nothing */
	char *headers[CSV_MAX_COLUMNS]; /* the event field of each column, owned */
	size_t columns;
};

struct dnc_source {
	struct dnc_source_options options;
	struct dnc_source_events events;
	const struct format *format; /* NULL until it is known */
	struct dnc_buf event;        /* the raw event being written */
	struct dnc_json_parser *parser;
	struct csv_state csv;
	struct dnc_record record; /* of the line under way, for callbacks */
	bool started, refused;    /* a line that is not blank was seen; the stream is passed over */
	bool any;                 /* some line came */
	char why[600];            /* it was refused */
};

struct format {
	const char *name;
	bool (*detect)(struct dnc_str first_line);
	int (*line)(struct dnc_source *s, const struct dnc_line *line);
	int (*end)(struct dnc_source *s); /* may be NULL */
};

/* Hands on the raw event in S's buffer, or rejects the record. */
int source_give(struct dnc_source *s);
int source_reject(struct dnc_source *s, enum dnc_reject code, const char *place, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/* Passes over the whole stream from here on. */
int source_refuse(struct dnc_source *s, enum dnc_refusal kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What a stream is that starts with these bytes and is no text that a format could read, as the end of
 * a sentence; NULL for all else. */
const char *source_probe(struct dnc_str start);

/* Starts a raw event, appends members to it. Members with a missing value are left out. */
void source_begin(struct dnc_source *s, enum dnc_type type);
void source_add(struct dnc_source *s, const char *key, struct dnc_str value);

/* Adds provider, reason and source: what the options say, else the defaults. */
void source_add_origin(
	struct dnc_source *s, const char *provider, const char *reason, const char *source);

/* Adds the phone number of a CSV field, which a spreadsheet may have written as 12025550143.0. */
void source_add_cell_number(struct dnc_source *s, struct dnc_str cell);

bool ndjson_detect(struct dnc_str first_line);
int ndjson_line(struct dnc_source *s, const struct dnc_line *line);

/* Gives a change captured from a database; 1 when the record has another shape. */
int capture_record(struct dnc_source *s, const struct dnc_json *doc);

bool csv_detect(struct dnc_str first_line);
int csv_line(struct dnc_source *s, const struct dnc_line *line);
int csv_end(struct dnc_source *s);
void csv_finish(struct csv_state *csv);

/* A line is too long to be read: the row under way ends here. */
int csv_cut(struct dnc_source *s);

/* What separates the fields of a header. */
char csv_guess_delimiter(struct dnc_str header);

/* Takes the row just read as the header: which column holds which field. Refuses the stream when that
 * is not sure. */
int csv_read_header(struct dnc_source *s);

/* Is this header known to mean a phone number? */
bool csv_is_number_header(struct dnc_str header);

static inline struct dnc_str field_at(const struct csv_state *csv, size_t i)
{
	size_t from = i ? csv->ends[i - 1] : 0;

	return (struct dnc_str){csv->fields.p ? csv->fields.p + from : "", csv->ends[i] - from};
}

bool reported_detect(struct dnc_str first_line);
int reported_line(struct dnc_source *s, const struct dnc_line *line);
bool change_detect(struct dnc_str first_line);
int change_line(struct dnc_source *s, const struct dnc_line *line);
bool full_detect(struct dnc_str first_line);
int full_line(struct dnc_source *s, const struct dnc_line *line);
bool numbers_detect(struct dnc_str first_line);
int numbers_line(struct dnc_source *s, const struct dnc_line *line);
