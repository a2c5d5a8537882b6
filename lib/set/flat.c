#include "priv/flat.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/array.h"

/* A block with more numbers than ARRAY_MAX is a bitmap, which then takes less. */
enum {
	BLOCK_BITS = 16,
	BITMAP_WORDS = 4096,
	ARRAY_MAX = 4096,
	FIRST_SLOTS = 16,
	NEAR = 8,
	LARGE_PAGE = 2 << 20
};

/* Numbers of blocks start at multiples of UNIT, so that 32 bits say where. */
enum { UNIT = 4 };

static size_t hash(uint64_t upper)
{
	uint64_t h = upper * UINT64_C(0x9E3779B97F4A7C15);

	return (size_t)(h ^ h >> 32);
}

static struct flat_block *find(const struct flat *f, uint64_t upper)
{
	size_t at = hash(upper) & f->mask;

	while (f->slots[at].upper && f->slots[at].upper != upper + 1)
		at = (at + 1) & f->mask;
	return &f->slots[at];
}

/* Memory that has large pages if it is large: with small ones the processor looks up most pages in memory, which takes as long as
 * the look-up itself. NULL without memory. */
static void *allocate(size_t bytes)
{
	void *p;

	if (bytes < LARGE_PAGE)
		return malloc(bytes);
	bytes = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
	p = aligned_alloc(LARGE_PAGE, bytes);
	if (p)
		madvise(p, bytes, MADV_HUGEPAGE); /* it works without, too */
	return p;
}

/* At least half of the slots stay free. */
static bool make_room(struct flat *f)
{
	size_t count = f->slots ? f->mask + 1 : 0, more = count ? count * 2 : FIRST_SLOTS;
	struct flat old = *f;
	struct flat_block *slots;

	if ((f->blocks + 1) * 2 <= count)
		return true;
	slots = allocate(more * sizeof *slots);
	if (!slots)
		return false;
	f->slots = memset(slots, 0, more * sizeof *slots);
	f->mask = more - 1;
	for (size_t i = 0; i < count; i++)
		if (old.slots[i].upper)
			*find(f, old.slots[i].upper - 1) = old.slots[i];
	free(old.slots);
	return true;
}

bool flat_add(struct flat *f, uint64_t upper, const uint16_t *lower, size_t count)
{
	size_t words = count > ARRAY_MAX ? BITMAP_WORDS : (count + UNIT - 1) / UNIT * UNIT;
	uint16_t *to;

	if (f->lower_count / UNIT > UINT32_MAX || !make_room(f) ||
		!dnc_array_grow(&f->lower, &f->lower_room, f->lower_count + words))
		return false;
	to = f->lower + f->lower_count;
	memset(to, 0, words * sizeof *to);
	if (count <= ARRAY_MAX)
		memcpy(to, lower, count * sizeof *to);
	for (size_t i = 0; count > ARRAY_MAX && i < count; i++)
		to[lower[i] / 16] |= (uint16_t)(1u << lower[i] % 16);
	*find(f, upper) =
		(struct flat_block){upper + 1, (uint32_t)count, (uint32_t)(f->lower_count / UNIT)};
	f->lower_count += words;
	f->blocks++;
	return true;
}

/* Numbers are often spread evenly: the search starts where LOW then is, and widens from there. FROM is the last one that is not above
 * LOW, or the first of all. */
static bool is_among(const uint16_t *lower, size_t count, unsigned low)
{
	size_t from = low * count >> BLOCK_BITS, to = from + 1, step = NEAR;

	while (from && lower[from] > low) {
		to = from;
		from -= step < from ? step : from;
		step *= 2;
	}
	while (to < count && lower[to] <= low) {
		from = to;
		to += step < count - to ? step : count - to;
		step *= 2;
	}
	while (to - from > 1) {
		size_t middle = (from + to) / 2;
		bool above = lower[middle] > low;

		to = above ? middle : to;
		from = above ? from : middle;
	}
	return lower[from] == low;
}

bool flat_has(const struct flat *f, uint64_t value)
{
	unsigned low = (unsigned)(value & 0xFFFF);
	const struct flat_block *block;
	const uint16_t *lower;

	if (!f->slots)
		return false;
	block = find(f, value >> BLOCK_BITS);
	if (!block->upper)
		return false;
	lower = f->lower + (size_t)block->at * UNIT;
	if (block->count > ARRAY_MAX)
		return lower[low / 16] >> low % 16 & 1;
	return is_among(lower, block->count, low);
}

void flat_trim(struct flat *f)
{
	uint16_t *less = f->lower_count ? allocate(f->lower_count * sizeof *less) : NULL;

	if (!less)
		return;
	memcpy(less, f->lower, f->lower_count * sizeof *less);
	free(f->lower);
	f->lower = less;
	f->lower_room = f->lower_count;
}

uint64_t flat_bytes(const struct flat *f)
{
	return (f->slots ? (f->mask + 1) * sizeof *f->slots : 0) + f->lower_room * sizeof *f->lower;
}

void flat_finish(struct flat *f)
{
	free(f->slots);
	free(f->lower);
	*f = (struct flat){0};
}
