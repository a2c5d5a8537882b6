/* clause.h - one compiled filter object. */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>
#include "phone/phone.h"
#include "filter/filter.h"

struct values {
	struct dnc_str *v;
	size_t n;
};

/* Lists that an event is compared with, by the place where its value stands. */
enum clause_list {
	LIST_PROVIDERS,
	LIST_PROVIDER_IDS,
	LIST_SEVERITIES,
	LIST_CHECK_REASONS,
	LIST_SUPPRESS_REASONS,
	LIST_RELEASE_REASONS,
	LIST_SYNC_TRIGGERS,
	LIST_SYNC_STATUSES,
	LISTS,
};

enum clause_flag {
	FLAG_COMPLIANCE_ONLY = 1,
	FLAG_HIGH_RISK_ONLY = 2,
	FLAG_ERRORS_ONLY = 4,
	FLAG_BLOCKED_ONLY = 8,
};

struct custom {
	struct dnc_str path;
	struct values values;
};

struct clause {
	unsigned types; /* a bit each; all when the filter names none */
	pcre2_code **patterns;
	size_t pattern_count;
	struct values list[LISTS];
	int min_rank;
	unsigned flags;
	int64_t start_ms, end_ms; /* INT64_MIN and INT64_MAX when open */
	int64_t relative_ms;      /* 0, or how far back from now */
	struct custom *customs;
	size_t custom_count;
};

struct dnc_filter {
	atomic_uint refs;
	struct clause *clauses;
	size_t count;
	struct dnc_buf text; /* canonical; the values point into strings of their own */
	char **strings;      /* owned texts of values */
	size_t string_count;
	char (*prefixes)[DNC_PHONE_MAX]; /* digits that start whatever any clause matches */
	size_t prefix_count;
	atomic_bool struck; /* a pattern took too much work: nothing is matched any more */
	bool open;          /* some clause matches numbers that start with anything, or none */
};

/* The own type of a list that constrains only events of that type, and where the value stands. */
struct list_spec {
	struct dnc_str name; /* in the filter object */
	bool own_type;
	enum dnc_type type;
	struct dnc_str field; /* in event_data */
};

extern const struct list_spec dnc_list_specs[LISTS];

/* What one pattern says of a number. */
enum pattern_verdict { PATTERN_MATCHES, PATTERN_DIFFERS, PATTERN_TOO_MUCH };
enum pattern_verdict filter_try_pattern(const pcre2_code *re, struct dnc_str number);

/* Writes the digits that whatever PATTERN matches must start with; how many. Careful: what is not
 * plainly literal ends them. */
size_t filter_literal_start(struct dnc_str pattern, char out[DNC_PHONE_MAX]);
