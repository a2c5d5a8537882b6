/* sorter.h - sorts more records than fit in memory, by a number.
 *
 * Records have one size; their first 8 bytes are the key, a uint64_t in host order. They are added in any order and
 * come back in ascending order of keys; records with the same key come back in the order in which they were added.
 *
 * Up to the given memory is used. Records beyond it go to temporary files without a name, which are gone with
 * the process whatever ends it, and take as many bytes as the records (twice as many for a moment, when there are many).
 * Records that are added in order cost no sorting.
 *
 * Functions return -1 with ERR when a file can't be written or read (the errno in ERR's code, ENOSPC included; the message
 * names the directory) or memory runs out; the sorter is then good only for dnc_sorter_free(). SIGXFSZ must be ignored for
 * a limit on file sizes to be such an error. Not safe for use by two threads at once. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "err.h"

struct dnc_sorter_options {
	size_t record_bytes; /* a multiple of 8, from 8 to 64 */
	size_t memory_bytes; /* 0: 64 MiB */
	const char *dir;     /* of temporary files; borrowed; NULL: $TMPDIR, or else /tmp */
	unsigned fan_in;     /* runs that are merged at once; 0: 64; fewer only to test */
};

struct dnc_sorter;

/* To be freed with dnc_sorter_free(). NULL with ERR when there is no memory, EINVAL if an option is wrong. Files are not
 * opened before they are needed. */
struct dnc_sorter *dnc_sorter_new(const struct dnc_sorter_options *options, struct dnc_error *err);

/* Frees S, its memory and its files; NULL is allowed. */
void dnc_sorter_free(struct dnc_sorter *s);

/* Adds a copy of RECORD, which is aligned as a uint64_t. Not after dnc_sorter_finish(). */
int dnc_sorter_add(struct dnc_sorter *s, const void *record, struct dnc_error *err);

/* There are no more records: sorts them. */
int dnc_sorter_finish(struct dnc_sorter *s, struct dnc_error *err);

/* After dnc_sorter_finish(). Returns 1 with the next record in *RECORD, which is valid until the next call; 0 at the end. */
int dnc_sorter_next(struct dnc_sorter *s, const void **record, struct dnc_error *err);

/* How many records were added. */
uint64_t dnc_sorter_count(const struct dnc_sorter *s);

/* How many bytes were written to temporary files so far. */
uint64_t dnc_sorter_spilled_bytes(const struct dnc_sorter *s);
