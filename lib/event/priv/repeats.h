/* repeats.h - how often records of one stream have said the same.
 *
 * Two records may be equal in all that they say and still be two facts, as a number that is added,
 * deleted and added again within one second. They are told apart by counting. The memory is bounded
 * (16 MiB): what is counted are the equal records among those of one moment that follow each other, and
 * among the last half million distinct records. */
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
	uint64_t in_moment; /* records put down since the moment began */
	bool full;          /* the moment has more records than can be remembered */
};

/* How many records with FINGERPRINT there were before this one, which happened at MOMENT. False when
 * that can't be told any more: there were too many at one moment, or there is no memory. */
bool repeats_count(struct repeats *r, uint64_t fingerprint, uint64_t moment, uint32_t *count);

void repeats_finish(struct repeats *r);
