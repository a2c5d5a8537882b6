/* wide.h - integers that jq would change, because it holds numbers as doubles. */
#pragma once
#include "base/buf.h"
#include "base/str.h"

/* The first integer in the JSON text that jq would write with other digits; p is NULL when there is none. */
struct dnc_str wide_find(struct dnc_str json);

/* The first number in the JSON text RESULT from 2^53 that does not stand so in
 * RECORD; p is NULL when there is none. */
struct dnc_str wide_made(struct dnc_str record, struct dnc_str result);

/* The first number in the jq program that a double does not hold; p is NULL when there is none. */
struct dnc_str wide_in_program(struct dnc_str program);

/* Appends the JSON text with each such integer replaced by what a double makes of it: STEP 0 is
 * the nearest double, -1 and 1 are the doubles beside that one. */
void wide_replace(struct dnc_buf *b, struct dnc_str json, int step);
