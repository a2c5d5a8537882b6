/* table.h - numbers, and starts of numbers, in memory: whether a number is in a list.
 *
 * Numbers are kept in blocks (priv/flat.h): ten million of a national plan take 25 MB, and a look-up takes 0.2 us. While a file
 * is read, they are compressed bitmaps (CRoaring), which takes some 50 MB more. A table does not change after it was loaded:
 * any thread may ask it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

struct dnc_number_table;

/* Loads the regular file PATH: a set (set.h), or text with a number on each line, in any notation of
 * dnc_phone_normalize() for the region US. "+1900*" stands for all numbers that start with +1900. Blank lines and
 * what follows a "#" are ignored. A last line without a line feed is an error, and so is text with neither numbers
 * nor a comment: somebody has cut or emptied the file. Returns a reference, to be dropped with
 * dnc_number_table_unref(). NULL with ERR: an errno, EINVAL for a line that is no number (its message names file and
 * line) or a list that may have been cut, EAGAIN if it was written to meanwhile (dnc_file_check_unchanged()),
 * DNC_SET_DAMAGED, or DNC_ERROR_NO_MEMORY. */
struct dnc_number_table *dnc_number_table_load(const char *path, struct dnc_error *err);

/* True if the file PATH is the one that T was loaded from, unchanged: device, inode, size and times are the same. */
bool dnc_number_table_is(const struct dnc_number_table *t, const char *path);

/* Adds a reference to T and returns it. For one thread. */
struct dnc_number_table *dnc_number_table_ref(struct dnc_number_table *t);

/* Drops a reference; the last one frees T. NULL is allowed. For one thread. */
void dnc_number_table_unref(struct dnc_number_table *t);

/* Whether E164, or a start of it, is in T. False if E164 is no number in E.164 ("+12025550143"). */
bool dnc_number_table_has(const struct dnc_number_table *t, struct dnc_str e164);

/* The numbers and starts in T. */
uint64_t dnc_number_table_count(const struct dnc_number_table *t);

/* About how many bytes T takes. */
uint64_t dnc_number_table_bytes(const struct dnc_number_table *t);
