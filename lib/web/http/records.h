/* records.h - splits the body of a request into records: the elements of a JSON array, one JSON object, or
 * lines. It goes on step by step, so that a large body need not be read at once. No sockets in here. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "json/json.h"

enum { RECORDS_STEP = 64 << 10 }; /* bytes of an array that one step looks at */

enum records_form {
	RECORDS_LINES,
	RECORDS_MAYBE_ONE, /* several lines: they may be one event */
	RECORDS_UNCHECKED, /* an array whose brackets have yet to be checked */
	RECORDS_ARRAY,
	RECORDS_ENDED,
};

/* The position in a body; it refers to nothing that other bodies use. */
struct records {
	struct dnc_str text; /* trimmed; borrowed */
	enum records_form form;
	size_t at;       /* offset of the byte that is read next */
	size_t start;    /* of the element that is being read */
	size_t index;    /* of the record that is read next */
	uint64_t arrays; /* a bit for each open bracket of an element, the innermost lowest */
	unsigned depth;  /* how many they are */
	bool string;     /* in a string */
};

/* Begins to split TEXT. It must be followed by DNC_JSON_PADDING readable bytes, and so is each record; it must stay
 * where it is. */
void records_open(struct records *r, struct dnc_str text);

enum records_verdict {
	RECORDS_RECORD, /* *RECORD and *INDEX are set */
	RECORDS_MORE,   /* none yet: call again */
	RECORDS_END,
	RECORDS_BAD, /* with ERR; there was no record before */
};

/* Goes on to the next record, for RECORDS_STEP bytes or a line at most, or for the whole text once if that may be one
 * event. The index counts elements of an array, else lines, from 0; empty lines are counted, but not passed. Elements are
 * found by their brackets: they need not be valid JSON. RECORDS_BAD is for an array whose brackets do not match, or if there
 * is no memory (DNC_ERROR_NO_MEMORY). PARSER keeps nothing of R from call to call. */
enum records_verdict records_next(struct records *r, struct dnc_json_parser *parser, size_t *index,
	struct dnc_str *record, struct dnc_error *err);
