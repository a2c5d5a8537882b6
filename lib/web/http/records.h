/* records.h - the records in the body of a request: a JSON array's elements, one JSON object, or one
 * a line. No sockets in here. */
#pragma once
#include <sys/types.h>
#include "base/err.h"
#include "json/json.h"

/* Calls TAKE with each record and its place, counted from 0: in an array its elements, else its lines, where empty ones
 * are counted and left out. DNC_JSON_PADDING readable bytes must follow TEXT, and follow each record. The elements
 * of an array are told apart by their brackets alone: each may still be no JSON. Stops when TAKE says false.
 * Returns how many records there were, or -1 with ERR for an array whose brackets do not match. */
ssize_t records_each(struct dnc_json_parser *parser, struct dnc_str text,
	bool (*take)(void *ctx, size_t index, struct dnc_str record), void *ctx,
	struct dnc_error *err);
