/* source.h - the formats that upstream systems write, as records that may become events.
 *
 * The caller feeds a source the lines of one stream, and after each line asks for the records that it
 * completes, as raw events (JSON) or as facts (event/fact.h), until there is none:
 *
 *	dnc_source_feed(source, &line);
 *	while ((result = dnc_source_next(source, &record, &err)) > DNC_SOURCE_MORE)
 *		...
 *
 * It does the same once more after dnc_source_end(), and after dnc_source_settle() when the input pauses: with
 * the format "auto" a source keeps the first lines until it knows the format. A source belongs to one stream and
 * one thread. The formats are described in dnc-ingest(1). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/lines.h"
#include "event/cells.h"
#include "event/fact.h"

/* A column of a CSV file that holds a field of the event; HEADER may be its number, from 1. */
struct dnc_column {
	const char *field, *header;
};

/* Values for records that have none. Strings are borrowed; NULL if not set. */
struct dnc_source_options {
	const char *format; /* the name of a format, or "auto" */
	const char *provider, *provider_id, *reason, *source;
	const char *region;
	const struct dnc_column *columns;
	size_t column_count;
	char delimiter; /* of the fields of CSV; 0: told from the first line */
	bool no_header; /* a CSV file starts with a row; its columns have numbers instead of names */
	size_t max_record;
	bool map; /* records are for a map (mapper.h): JSON as received, or objects whose keys are the headers */
	/* Reject each line of a stream that can't be read as a whole; otherwise the stream is refused, and the
	 * rest of it passed over. */
	bool reject_lines;
	/* Deliver only the number of a record where the format can do that without an event (see struct dnc_record).
	 * Without a map. A stream that says what has changed, and is no full list, is refused. */
	bool numbers;
	bool strict_phone; /* for these: accept valid numbers only */
};

/* One record. The strings are valid until the next call for its source; those of a fact, but for its number, are of the options or
 * of the program, and stay valid when the source is freed. */
struct dnc_record {
	struct dnc_str
		event; /* raw event; DNC_JSON_PADDING readable bytes follow; not of a reject */
	/* Of a row of a list: what it says, instead of `event`. Else NULL. */
	const struct dnc_fact *fact;
	const struct dnc_cells *cells; /* of a row under a header, instead of `event`; else NULL */
	uint64_t line;                 /* where the record starts */
	uint64_t item;                 /* from 1 if the line has several, else 0 */
	struct dnc_str raw;            /* the record as received */
	/* With the option numbers: the digits of the E.164 number that the record suppresses; there is no event then. 0: there
	 * is an event. */
	uint64_t number;
};

enum dnc_source_result {
	DNC_SOURCE_FAILED = -1, /* no memory */
	DNC_SOURCE_MORE,        /* the next line is needed; after the last one: the end */
	DNC_SOURCE_RECORD,
	DNC_SOURCE_REJECT, /* a record that can't become an event */
	DNC_SOURCE_DROPPED, /* a record that says nothing, by a rule of its format: it is no event and no reject */
	DNC_SOURCE_REFUSED, /* the stream can't be read as a whole */
	DNC_SOURCE_CHOSEN, /* no record: "auto" has chosen a format; not of a stream that rejects lines */
};

/* Why it can't. */
enum dnc_refusal {
	DNC_REFUSED_CONTENT, /* it is not text, or text in another encoding */
	DNC_REFUSED_REST, /* it is damaged: its records before that are read, what follows is not */
	DNC_REFUSED_HEADER, /* its header is missing or does not fit the options */
};

/* Flags of a format, for the command line. */
enum {
	DNC_FORMAT_HEADER = 1,       /* its first line names the columns */
	DNC_FORMAT_LIST = 2,         /* the type of every record is known, and none has a reason */
	DNC_FORMAT_NAMELESS = 4,     /* fields have no names: no map can be run on its records */
	DNC_FORMAT_NEEDS_REASON = 8, /* the reason of suppressions must be an option */
	DNC_FORMAT_CHANGES = 16,     /* its records are changes or calls, never a full list */
	/* Other lists have its layout, too: a provider and a source in the options name them, if the format was given. */
	DNC_FORMAT_LAYOUT = 32,
	DNC_FORMAT_ORDERED = 64, /* which of a number's records holds follows from their order */
};

/* What a format says about all of its records; NULL: nothing. With the format "auto" it stands before the options; with a
 * format that was given, too, except for DNC_FORMAT_LAYOUT. */
struct dnc_origin {
	const char *provider, *source, *reason;
	const char *release_reason; /* of those that have left the list */
};

struct dnc_format {
	const char *name, *help;
	unsigned flags;
};

/* The format number INDEX, in the order in which "auto" tries them; NULL after the last one. */
const struct dnc_format *dnc_format_at(size_t index);

/* NULL if there is no format of this name. */
const struct dnc_format *dnc_format_find(const char *name);

/* NULL if there is no format of this name. */
const struct dnc_origin *dnc_format_origin(const char *name);

struct dnc_source;

/* Creates a source, to be freed with dnc_source_free(). OPTIONS is copied. NULL with ERR if an
 * option does not fit the format. */
struct dnc_source *dnc_source_new(const struct dnc_source_options *options, struct dnc_error *err);

/* Frees S; NULL is allowed. */
void dnc_source_free(struct dnc_source *s);

/* The next LINE of the stream. Its text must stay until dnc_source_next() returns DNC_SOURCE_MORE,
 * and the 64 bytes after it must be readable (see base/lines.h). */
void dnc_source_feed(struct dnc_source *s, const struct dnc_line *line);

/* The input pauses: "auto" chooses the format from the lines so far, if they suffice, so that they do not wait for
 * lines that may come much later. */
void dnc_source_settle(struct dnc_source *s);

/* The stream is at its end. */
void dnc_source_end(struct dnc_source *s);

/* The stream was cut short: of a record that its last whole lines have begun nothing but one reject is made. */
void dnc_source_cut(struct dnc_source *s);

/* Returns the next record in RECORD. For a reject, the code in ERR is an enum dnc_reject. */
enum dnc_source_result dnc_source_next(
	struct dnc_source *s, struct dnc_record *record, struct dnc_error *err);

/* Makes the event of RECORD, which has no `number`, as dnc_event_normalize(). */
int dnc_record_event(struct dnc_event_reader *r, const struct dnc_record *record,
	struct dnc_event *out, struct dnc_error *err);

/* After DNC_SOURCE_REFUSED: what was seen and what to do, as the end of a sentence of one line. */
const char *dnc_source_refusal(const struct dnc_source *s, enum dnc_refusal *kind);

/* Of the first record that was taken for a suppression although it is not clear what one of its values means: which one, as the
 * end of a sentence of one line. Empty if there was none so far. */
const char *dnc_source_doubt(const struct dnc_source *s);

/* At the end: why there was no record ("is empty"); NULL if there was one or the stream was
 * refused. */
const char *dnc_source_nothing(const struct dnc_source *s);

/* After DNC_SOURCE_CHOSEN: the format and why, for a message: "csv: 3 columns ...". */
const char *dnc_source_choice(const struct dnc_source *s);

/* Appends the names of the columns that say something beside the number of a row, its country and its type, separated by
 * ", ". False if the stream has no columns, or they are a map's. */
bool dnc_source_other_columns(const struct dnc_source *s, struct dnc_buf *names);

/* The name of the format in use, which is a string of the program, "auto" until it is chosen. */
const char *dnc_source_format(const struct dnc_source *s);

/* Once the format is chosen: what records are of that do not say so themselves: as the options say, unless the format says
 * another thing. Members are NULL if they are not known, else static, or borrowed from the options. */
struct dnc_origin dnc_source_origin(const struct dnc_source *s);

/* At the end: true if the stream is a full list by its format, or says so itself; false if it has changes or does not say. */
bool dnc_source_is_full(const struct dnc_source *s);
