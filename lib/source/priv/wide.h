/* wide.h - integers that jq would change, because it holds numbers as doubles. */
#pragma once
#include "base/buf.h"
#include "base/str.h"

/* The first integer in the JSON text that jq would write with other digits; p is NULL if there is
 * none. */
struct dnc_str wide_find(struct dnc_str json);

/* The first number beyond 2^53 in the JSON text RESULT that is not in RECORD in the same form; p is
 * NULL if there is none. */
struct dnc_str wide_made(struct dnc_str record, struct dnc_str result);

/* The first number in the jq program that a double can't hold; p is NULL if there is none. */
struct dnc_str wide_in_program(struct dnc_str program);

/* Appends the JSON text with each integer of wide_find() replaced by the nearest double, or with
 * STEP -1 or 1 by the double below or above that one. */
void wide_replace(struct dnc_buf *b, struct dnc_str json, int step);
