/* records.h - splits the body of a request into records: the elements of a JSON array, one JSON object, or
 * lines. No sockets in here. */
#pragma once
#include <sys/types.h>
#include "base/err.h"
#include "json/json.h"

/* Calls EACH with the records in TEXT and their index from 0, until it returns false. The index counts elements of
 * an array, else lines; empty lines are counted, but not passed. TEXT must be followed by DNC_JSON_PADDING readable
 * bytes, and so is each record. Elements are found by their brackets: they need not be valid JSON. Returns the number of
 * records, or -1 with ERR for an array whose brackets do not match or if there is no memory (DNC_ERROR_NO_MEMORY);
 * then EACH was not called. */
ssize_t records_each(struct dnc_json_parser *parser, struct dnc_str text,
	bool (*each)(void *ctx, size_t index, struct dnc_str record), void *ctx,
	struct dnc_error *err);
