/* words.h - the fields of a filter, in one table.
 *
 * Each row describes a field: its names in JSON, in a query string and on a command line, the shape of its
 * value, and where an event holds the value that it is compared with. The compiler, the matcher, the
 * hub's query strings, the options of dnc-filter and dnc-tail and their --help follow the rows. A new
 * field of an existing shape is one row; a new shape also needs its compile function (compile.c) and its test
 * of an event (match.c). The table is constant: any thread may read it. */
#pragma once
#include <stddef.h>
#include "base/str.h"
#include "event/event.h"

/* What the value of a field looks like in JSON, and what it means. */
enum dnc_filter_shape {
	DNC_FILTER_LIST,     /* list of strings: the event's value equals one of them */
	DNC_FILTER_FLAG,     /* true: the event's value is one of the words in `means` */
	DNC_FILTER_TYPES,    /* list of event types, or globs of them */
	DNC_FILTER_PATTERNS, /* list of regular expressions, searched in the number */
	DNC_FILTER_RANK,     /* a severity: the event's is as high or higher */
	DNC_FILTER_TIMES,    /* object: start and end, or relative */
	DNC_FILTER_PATHS,    /* object: dotted paths and their values */
	DNC_FILTER_SHAPES,
};

/* Which value of an event a DNC_FILTER_LIST or DNC_FILTER_FLAG is compared with; the cheapest first. */
enum dnc_filter_source {
	DNC_FILTER_NO_SOURCE, /* the shape implies it */
	DNC_FILTER_OF_TYPE,
	DNC_FILTER_OF_PROVIDER,
	DNC_FILTER_OF_PROVIDER_ID,
	DNC_FILTER_OF_SEVERITY,
	DNC_FILTER_OF_EVENT_DATA, /* `field` of events of `type`; other types are not constrained */
	DNC_FILTER_OF_METADATA,   /* `field` */
};

struct dnc_filter_word {
	struct dnc_str name;       /* in JSON and in a query string: "provider_ids" */
	struct dnc_str short_name; /* also in a query string: "provider_id"; p NULL: none */
	const char *option;        /* "provider-id"; NULL: none */
	char letter;               /* of the option's short form; '\0': none */
	enum dnc_filter_shape shape;
	enum dnc_filter_source source;
	enum dnc_type type;
	struct dnc_str field;
	const char *means; /* separated by blanks */
	const char *value; /* the option's value in --help; NULL for a flag */
	const char *help;  /* one line of --help */
};

/* More rows than this need a larger number here. */
enum { DNC_FILTER_WORDS_MAX = 32 };

/* In the order of a filter's canonical text and of --help. */
extern const struct dnc_filter_word dnc_filter_words[];
extern const size_t dnc_filter_word_count;

/* The row with this name in JSON; NULL if there is none. */
const struct dnc_filter_word *dnc_filter_word(struct dnc_str name);

/* The row with this name or short name in a query string; NULL if there is none, or if its shape has no
 * form there (objects). */
const struct dnc_filter_word *dnc_filter_word_of_query(struct dnc_str name);

/* The known values of the event's field that W is compared with, separated by blanks; "" if any value is
 * possible. Severities, which match in any case, included. */
const char *dnc_filter_word_values(const struct dnc_filter_word *w);
