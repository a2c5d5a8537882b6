/* Ledgers of routes, and the ids that a file remembers. */
#include "unit.h"
#include <stdio.h>
#include "link/priv/ledger.h"
#include "link/priv/recent.h"

/* The lowest number that is not safe; UINT64_MAX if there is none. */
static uint64_t lowest(const struct ledger *l)
{
	uint64_t low = 0, high = UINT64_MAX; /* none up to LOW, one up to HIGH */

	if (!ledger_has(l, 0, UINT64_MAX))
		return UINT64_MAX;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (ledger_has(l, 0, middle))
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* Whatever runs the numbers make, and however many are safe. */
static void each_number_is_known_to_be_safe_or_not(void **state)
{
	enum { NUMBERS = 300 };
	struct ledger l = {0};
	bool unsafe[NUMBERS + 2] = {false};
	uint64_t next = 1;

	(void)state;
	for (uint64_t n = 1; n <= NUMBERS; n++) {
		if (n % 7 == 3 || n % 11 == 0 || (n > 100 && n < 130))
			continue;
		assert_true(ledger_add(&l, n));
		unsafe[n] = true;
		if (n % 5)
			continue;
		while (!unsafe[next])
			next++;
		unsafe[next] = false;
		ledger_remove(&l, 1);
	}
	for (uint64_t after = 0; after <= NUMBERS; after++) {
		bool any = false;

		assert_false(ledger_has(&l, after, after));
		for (uint64_t upto = after + 1; upto <= NUMBERS + 1; upto++) {
			any |= unsafe[upto];
			assert_int_equal(ledger_has(&l, after, upto), any);
		}
	}
	ledger_finish(&l);
}

static void the_lowest_unsafe_number_is_known(void **state)
{
	struct ledger l = {0};
	uint64_t numbers[5000], n = 0, number = 0, safe = 0;

	(void)state;
	assert_int_equal(lowest(&l), UINT64_MAX);
	for (int i = 0; i < 5000; i++) {
		number += i % 7 == 0 || i / 500 % 2 ? 2 : 1;
		numbers[n++] = number;
		assert_true(ledger_add(&l, number));
		if (i % 3 == 0) {
			uint64_t some = (uint64_t)i % 5;

			safe = safe + some > n ? n : safe + some;
			ledger_remove(&l, some);
		}
		assert_int_equal(ledger_lines(&l), n - safe);
		assert_int_equal(lowest(&l), safe < n ? numbers[safe] : UINT64_MAX);
	}
	ledger_remove(&l, UINT64_MAX);
	assert_int_equal(lowest(&l), UINT64_MAX);
	assert_int_equal(ledger_lines(&l), 0);
	ledger_finish(&l);
}

static void lines_in_a_row_take_one_run(void **state)
{
	struct ledger l = {0};

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++)
		assert_true(ledger_add(&l, i));
	assert_int_equal(l.count, 1);
	ledger_remove(&l, 99999);
	assert_int_equal(lowest(&l), 100000);
	ledger_finish(&l);
}

static struct dnc_str id_of(int n)
{
	static char text[40];

	snprintf(text, sizeof text, "0198f0a0-0000-7000-8000-%012d", n);
	return dnc_str(text);
}

/* The last ones are remembered, and no others; what is forgotten can be added again. */
static void the_last_ids_are_remembered(void **state)
{
	enum { BYTES = 100, KEPT = 5000, LINES = 20000 };
	struct recent r;

	(void)state;
	recent_start(&r, BYTES * KEPT);
	for (int i = 0; i < LINES; i++) {
		assert_int_equal(recent_add(&r, id_of(i), BYTES), 1);
		assert_int_equal(recent_add(&r, id_of(i), BYTES), 0);
		assert_int_equal(recent_add(&r, id_of(i < KEPT ? 0 : i - KEPT + 1), BYTES), 0);
	}
	assert_int_equal(r.count, KEPT);
	recent_forget_last(&r, 10);
	for (int i = LINES - KEPT; i < LINES - 10; i++)
		assert_int_equal(recent_add(&r, id_of(i), BYTES), 0);
	for (int i = LINES - 10; i < LINES; i++)
		assert_int_equal(recent_add(&r, id_of(i), BYTES), 1);
	assert_int_equal(recent_add(&r, id_of(0), BYTES), 1);
	recent_forget_last(&r, SIZE_MAX);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.bytes, 0);
	for (size_t i = 0; i < 2 * r.room; i++)
		assert_int_equal(r.table[i].bytes, 0);
	recent_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_is_known_to_be_safe_or_not),
		cmocka_unit_test(the_lowest_unsafe_number_is_known),
		cmocka_unit_test(lines_in_a_row_take_one_run),
		cmocka_unit_test(the_last_ids_are_remembered),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
