/* test_flat.c - sets of numbers of all densities. */
#include <stdlib.h>
#include "set/priv/flat.h"
#include "unit.h"

enum { BLOCK = 65536, BLOCKS = 40 };

static uint32_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Chooses one of ONE_OF numbers from FROM on, and sets HAS. Returns how many. */
static size_t choose(uint32_t from, uint32_t one_of, bool has[BLOCK], uint16_t lower[BLOCK])
{
	size_t n = 0;

	for (uint32_t i = 0; i < BLOCK; i++) {
		has[i] = i >= from && next_random() % one_of == 0;
		if (has[i])
			lower[n++] = (uint16_t)i;
	}
	return n;
}

static void numbers_of_all_densities_are_found(void **state)
{
	static const struct {
		uint32_t from, one_of;
	} rows[] = {{0, 1}, {0, 2}, {0, 15}, {0, 17}, {0, 100}, {0, 5000}, {0, 65000}, {65535, 1},
		{65000, 1}, {65000, 30}, {32768, 12}};
	static bool has[BLOCK];
	static uint16_t lower[BLOCK];

	(void)state;
	for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
		struct flat f = {0};
		size_t n = choose(rows[r].from, rows[r].one_of, has, lower);

		assert_false(flat_has(&f, 0));
		/* The same in blocks that are far from each other; the last ones are the largest that there can be. */
		for (uint64_t b = 0; n && b < BLOCKS; b++)
			assert_true(flat_add(&f, b * b * b * 123457, lower, n));
		flat_trim(&f);
		for (uint64_t b = 0; n && b < BLOCKS; b++)
			for (uint64_t i = 0; i < BLOCK; i++)
				if (flat_has(&f, b * b * b * 123457 << 16 | i) != has[i])
					fail_msg("row %zu block %d number %d", r, (int)b, (int)i);
		assert_false(flat_has(&f, UINT64_C(777) << 16 | lower[0]));
		/* Two bytes a number, at most one bit each in large blocks, and the table of blocks. */
		assert_in_range(flat_bytes(&f), 0,
			BLOCKS * ((n < 4096 ? n + 4 : 4096) * sizeof lower[0] +
					 4 * sizeof(struct flat_block)) +
				256);
		flat_finish(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_all_densities_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
