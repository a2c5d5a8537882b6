/* repeats.h - counts the equal records of one run.
 *
 * Two records may be equal and still be two facts: a number may be added, deleted and added again
 * within one second. Their number distinguishes them. Memory is bounded (16 MiB): equal records are
 * counted among consecutive records of one moment, and among the last half million different
 * records. If they come in the order of their moments, equal ones are of one moment: then the table is emptied
 * from time to time and stays in the CPU's cache. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct repeats_table {
	uint64_t *slots; /* 48 bits of a fingerprint and 16 bits of a count; 0 is free */
	uint32_t size;   /* of slots, a power of two */
	uint32_t used;
};

/* Empty when all zero. */
struct repeats {
	struct repeats_table recent, older;
	uint64_t moment;
	uint64_t in_moment; /* different records since the moment began */
	bool full;          /* the moment has more records than the tables hold */
	bool ordered;       /* records come in the order of their moments */
	uint32_t
		passed; /* if so: those of earlier moments that were removed from the recent table */
};

/* Sets *COUNT to the number of records with FINGERPRINT before this one, which happened at MOMENT.
 * Returns false if it is not known: there were too many at one moment, or there is no memory. */
bool repeats_count(struct repeats *r, uint64_t fingerprint, uint64_t moment, uint32_t *count);

/* Forgets all records; the memory of a small table is kept. */
void repeats_restart(struct repeats *r);

void repeats_finish(struct repeats *r);
