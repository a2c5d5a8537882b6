/* radix.c - least significant digit first. Digits are taken only from bits in which keys differ: the numbers of one country
 * need four passes, not eight. */
#include "priv/radix.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* More buckets than 2^11 cost more misses of the cache and of the TLB than they save passes. */
enum { DIGIT_BITS_MAX = 11, BUCKETS_MAX = 1 << DIGIT_BITS_MAX };

struct digit {
	unsigned shift;
	uint64_t mask;
};

static inline uint64_t key_at(const unsigned char *records, size_t i, size_t bytes)
{
	uint64_t key;

	memcpy(&key, records + i * bytes, sizeof key);
	return key;
}

/* Returns the bits in which keys differ; 0 also if they are sorted already. */
static uint64_t differing_bits(const unsigned char *records, size_t count, size_t bytes)
{
	uint64_t first = key_at(records, 0, bytes), previous = first, bits = 0;
	bool sorted = true;

	for (size_t i = 1; i < count; i++) {
		uint64_t key = key_at(records, i, bytes);

		bits |= key ^ first;
		sorted &= previous <= key;
		previous = key;
	}
	return sorted ? 0 : bits;
}

/* One pass. BYTES is a constant in each place where this is inlined. */
static inline __attribute__((always_inline)) void scatter(const unsigned char *from,
	unsigned char *to, size_t count, struct digit digit, size_t bytes)
{
	size_t starts[BUCKETS_MAX] = {0}, sum = 0;

	for (size_t i = 0; i < count; i++)
		starts[key_at(from, i, bytes) >> digit.shift & digit.mask]++;
	for (size_t b = 0; b <= digit.mask; b++) {
		size_t n = starts[b];

		starts[b] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = starts[key_at(from, i, bytes) >> digit.shift & digit.mask]++;

		memcpy(to + at * bytes, from + i * bytes, bytes);
	}
}

static void pass(const unsigned char *from, unsigned char *to, size_t count, struct digit digit,
	size_t bytes)
{
	switch (bytes) {
	case 8:
		scatter(from, to, count, digit, 8);
		break;
	case 16:
		scatter(from, to, count, digit, 16);
		break;
	case 24:
		scatter(from, to, count, digit, 24);
		break;
	case 32:
		scatter(from, to, count, digit, 32);
		break;
	default:
		scatter(from, to, count, digit, bytes);
	}
}

void *radix_sort(void *records, void *scratch, size_t count, size_t bytes)
{
	uint64_t bits = count ? differing_bits(records, count, bytes) : 0;
	unsigned lowest, span, passes, width;
	unsigned char *from = records, *to = scratch;

	if (!bits)
		return records;
	lowest = (unsigned)__builtin_ctzll(bits);
	span = 64 - (unsigned)__builtin_clzll(bits) - lowest;
	passes = (span + DIGIT_BITS_MAX - 1) / DIGIT_BITS_MAX;
	width = (span + passes - 1) / passes;
	for (unsigned i = 0; i < passes; i++) {
		struct digit digit = {lowest + i * width, (UINT64_C(1) << width) - 1};
		unsigned char *was = from;

		pass(from, to, count, digit, bytes);
		from = to;
		to = was;
	}
	return from;
}
