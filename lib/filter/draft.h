/* draft.h - a filter that is put together word by word, as options and rules give it, before it is compiled.
 *
 * All zero is an empty draft, which matches everything. Not safe for use by two threads at once. */
#pragma once
#include "base/buf.h"
#include "words.h"

struct dnc_filter_draft {
	struct dnc_buf
		field[DNC_FILTER_WORDS_MAX]; /* values, each ended by NUL, by row of the table */
	int64_t start_ms, end_ms;            /* of time_range; 0: open */
};

/* Checks a VALUE of W that somebody has typed, which must be a known word where there are such; events may have others.
 * DNC_FILTER_PATHS: "PATH=VALUE". False with the reason appended to WHY. WHERE is how custom_filters are written there:
 * "--where=". Patterns and flags are checked by the compiler alone. */
bool dnc_filter_check(
	const struct dnc_filter_word *w, const char *value, const char *where, struct dnc_buf *why);

/* Adds a value of W, as dnc_filter_check() has passed it; "" for a flag. False when there is no memory. */
bool dnc_filter_draft_add(
	struct dnc_filter_draft *d, const struct dnc_filter_word *w, const char *value);

/* Appends D as one JSON filter object. */
void dnc_filter_draft_json(const struct dnc_filter_draft *d, struct dnc_buf *json);

/* Frees the memory; D is empty then. */
void dnc_filter_draft_free(struct dnc_filter_draft *d);
