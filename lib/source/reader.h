/* reader.h - inside lib/source: what the formats share. */
#pragma once
#include <csv.h>
#include "../event/event.h"
#include "../json/json.h"
#include "source.h"

struct format;

enum { CSV_MAX_COLUMNS = 256 };

/* A CSV file on its way: fields of the row being read, and which column holds what. */
struct csv_state {
	struct csv_parser parser;
	bool ready, header_done, row_done;
	struct dnc_buf raw, fields;   /* the row as received, and its fields' bytes */
	size_t ends[CSV_MAX_COLUMNS]; /* where each field ends in `fields` */
	size_t count;
	uint64_t first_line;            /* of the row */
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

/* Starts a raw event, appends members to it. Members with a missing value are left out. */
void source_begin(struct dnc_source *s, enum dnc_type type);
void source_add(struct dnc_source *s, const char *key, struct dnc_str value);

/* Adds provider, reason and source: what the options say, else the defaults. */
void source_add_origin(
	struct dnc_source *s, const char *provider, const char *reason, const char *source);

/* Adds the phone number of a list row and the id made of provider, number, date and action. -1
 * when the number is none (the record has been rejected; its result is in *RC). */
int source_add_row_number(struct dnc_source *s, struct dnc_str number, struct dnc_str date,
	const char *action, const char *provider, int *rc);

bool ndjson_detect(struct dnc_str first_line);
int ndjson_line(struct dnc_source *s, const struct dnc_line *line);
bool csv_detect(struct dnc_str first_line);
int csv_line(struct dnc_source *s, const struct dnc_line *line);
int csv_end(struct dnc_source *s);
void csv_finish(struct csv_state *csv);
bool reported_detect(struct dnc_str first_line);
int reported_line(struct dnc_source *s, const struct dnc_line *line);
bool change_detect(struct dnc_str first_line);
int change_line(struct dnc_source *s, const struct dnc_line *line);
bool full_detect(struct dnc_str first_line);
int full_line(struct dnc_source *s, const struct dnc_line *line);
bool numbers_detect(struct dnc_str first_line);
int numbers_line(struct dnc_source *s, const struct dnc_line *line);
