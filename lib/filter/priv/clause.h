/* clause.h - a compiled filter: one clause for each filter object. */
#pragma once
#include <stdatomic.h>
#include "filter/filter.h"
#include "filter/words.h"
#include "pattern.h"
#include "phone/phone.h"

struct values {
	struct dnc_str *v;
	size_t n, room;
};

/* A DNC_FILTER_LIST, or a DNC_FILTER_FLAG that is true, of other values than types and severities: the event's value
 * must be one of VALUES. */
struct condition {
	const struct dnc_filter_word *word;
	struct values values;
};

struct custom {
	struct dnc_str path;
	struct values values;
};

struct clause {
	/* All fields about types or severities together: a bit for each type, and for each row of
	 * dnc_severities. */
	unsigned types, severities;
	int64_t start_ms, end_ms; /* INT64_MIN and INT64_MAX when open */
	int64_t relative_ms;      /* 0, or how far back from now */
	struct condition *conditions;
	size_t condition_count, condition_room;
	pcre2_code **patterns;
	size_t pattern_count, pattern_room;
	struct custom *customs;
	size_t custom_count, custom_room;
};

/* A row of enum dnc_filter_owner. */
struct filter_owner {
	const char *what,
		*fate; /* for messages: "a rule"; what becomes of events that take too much work */
	size_t max_values;
};

struct dnc_filter {
	atomic_uint refs;
	struct clause *clauses;
	size_t count;
	struct dnc_buf text; /* canonical; the values point into strings of their own */
	struct dnc_buf outline;
	char **strings; /* owned texts of values */
	size_t string_count, string_room;
	char (*prefixes)[DNC_PHONE_MAX]; /* digits that start whatever any clause matches */
	size_t prefix_count, prefix_room;
	unsigned pattern_count;           /* of all clauses */
	unsigned cheap_steps;             /* that each may take before the filter is costly */
	unsigned heavy_count;             /* of these need many steps on numbers of common shapes */
	const struct filter_owner *owner; /* from dnc_filter_compile_owned(), else NULL */
	atomic_bool over_budget;          /* this and the next alone change after compiling */
	atomic_bool costly;
	bool open; /* some clause matches numbers that start with anything, or events without one */
};

/* prefix.c. Writes the digits that every match of PATTERN must start with to OUT and returns how many.
 * Conservative: they end at the first character that is not plainly literal. */
size_t filter_literal_start(struct dnc_str pattern, char out[DNC_PHONE_MAX]);
