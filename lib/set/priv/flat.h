/* flat.h - a set of whole numbers that was built once, laid out so that a look-up touches two places in memory.
 *
 * Numbers with the same upper bits are a block of 65,536, of which the lower 16 bits are kept: in order, or as a bitmap if they
 * are many. A hash table finds the block. (CRoaring finds both by binary search, which mispredicts some 20 branches,
 * and takes several times as long.) */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flat_block {
	uint64_t upper; /* of the numbers, plus one; 0: the slot is free */
	uint32_t count; /* of numbers */
	uint32_t at;    /* of the first in `lower`, in units of four */
};

/* All zero is empty. */
struct flat {
	struct flat_block *slots; /* owned; a power of two */
	size_t mask, blocks;
	uint16_t *lower; /* owned */
	size_t lower_count, lower_room;
};

/* Adds the COUNT numbers whose upper bits are UPPER, and whose lower ones LOWER has in order. Each UPPER comes once. False without
 * memory. */
bool flat_add(struct flat *f, uint64_t upper, const uint16_t *lower, size_t count);

bool flat_has(const struct flat *f, uint64_t value);

/* Gives back what was reserved and is not used. */
void flat_trim(struct flat *f);

uint64_t flat_bytes(const struct flat *f);

void flat_finish(struct flat *f);
