/* source.h - the formats that upstream systems write, as records that may become events.
 *
 * A source takes one stream's lines and gives a raw event (JSON) for each record, or the reason
 * why there is none. It belongs to one stream and one thread. The formats are described in
 * dnc-ingest(1). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/lines.h"
#include "map.h"

/* A column of a CSV file that holds a field of the event. */
struct dnc_column {
	const char *field, *header;
};

/* What the caller knows that the records do not say. Strings are borrowed; NULL when not given. */
struct dnc_source_options {
	const char *format; /* the name of a format, or "auto" */
	const char *provider, *provider_id, *reason, *source;
	const char *region;
	const struct dnc_column *columns;
	size_t column_count;
	size_t max_record;
	struct dnc_map *map; /* borrowed */
};

/* One record, or why it is none. */
struct dnc_record {
	struct dnc_str event; /* raw event; DNC_JSON_PADDING readable bytes follow */
	uint64_t line;        /* where the record starts */
	uint64_t item;        /* from 1 when a map made several of one line, else 0 */
	struct dnc_str raw;   /* the record as received */
};

/* Why a stream can't be read as a whole. */
enum dnc_refusal {
	DNC_REFUSED_CONTENT, /* what it holds is no text, or in another encoding */
	DNC_REFUSED_HEADER,  /* its header is missing, or does not fit the options */
};

struct dnc_source_events {
	/* A record. -1 stops the source with -1. */
	int (*record)(void *ctx, const struct dnc_record *r);
	/* A record that can't be one; ERR holds an enum dnc_reject. */
	int (*reject)(void *ctx, const struct dnc_record *r, const struct dnc_error *err);
	/* The stream as a whole can't be read: WHY, one line, says what was seen and what to do. The
	 * rest of it is passed over. NULL: its first bytes are not looked at, and each of its lines is
	 * rejected that can't be read. */
	int (*refuse)(void *ctx, enum dnc_refusal kind, const char *why);
	void *ctx;
};

/* What the command line has to know of a format. */
enum {
	DNC_FORMAT_HEADER = 1,   /* it names its columns */
	DNC_FORMAT_LIST = 2,     /* every record is of a known type, without a reason of its own */
	DNC_FORMAT_NAMELESS = 4, /* records have no names: no map can be run on them */
	DNC_FORMAT_NEEDS_REASON = 8, /* nothing says why a number is suppressed */
};

struct dnc_format {
	const char *name, *help;
	unsigned flags;
};

/* The format number INDEX, in the order in which "auto" tries them; NULL after the last. */
const struct dnc_format *dnc_format_at(size_t index);

/* NULL when there is no format of this name. */
const struct dnc_format *dnc_format_find(const char *name);

struct dnc_source;

/* NULL with ERR when an option does not fit the format. */
struct dnc_source *dnc_source_new(const struct dnc_source_options *options,
	const struct dnc_source_events *events, struct dnc_error *err);
void dnc_source_free(struct dnc_source *s);

/* The next line of the stream. 0, or -1 when a callback said so. */
int dnc_source_line(struct dnc_source *s, const struct dnc_line *line);

/* The stream is at its end. */
int dnc_source_end(struct dnc_source *s);

/* After that: why there was no record in it ("is empty"), NULL when there was one or when it was
 * refused. */
const char *dnc_source_nothing(const struct dnc_source *s);

/* The format in use, "auto" until the first line told it. */
const char *dnc_source_format(const struct dnc_source *s);
