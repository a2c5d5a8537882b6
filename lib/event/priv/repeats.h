/* repeats.h - counts equal records of one stream.
 *
 * Two equal records may be two facts, such as a number that is added, deleted and added again within one
 * second. Counting distinguishes them. The memory is bounded (16 MiB): equal records are counted among
 * consecutive records of one moment, and among the last half million distinct records. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct repeats_table {
	uint64_t *slots; /* 48 bits of a fingerprint and 16 bits of a count; 0 is free */
	uint32_t size;   /* of slots, a power of two */
	uint32_t used;
};

/* All zero is an empty one. */
struct repeats {
	struct repeats_table recent, older;
	uint64_t moment;
	uint64_t in_moment; /* records stored since the moment began */
	bool full;          /* the moment has more records than can be remembered */
};

/* *COUNT is the number of records with FINGERPRINT before this one, which happened at MOMENT. Returns false if
 * it is not known: there were too many records at one moment, or there is no memory. */
bool repeats_count(struct repeats *r, uint64_t fingerprint, uint64_t moment, uint32_t *count);

void repeats_finish(struct repeats *r);
