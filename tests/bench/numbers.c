/* numbers FILE - loads a list of numbers and asks it; prints what both cost in processor time. */
#include <stdio.h>
#include <time.h>
#include "set/table.h"

enum { ASKED = 1 << 16, ROUNDS = 64 };

static char asked[ASKED][16];

/* Of this process: others do not count. */
static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Numbers of a national plan, in a random order that is always the same. */
static void choose(void)
{
	uint64_t seed = 7;

	for (size_t i = 0; i < ASKED; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		snprintf(asked[i], sizeof asked[i], "+1%010llu",
			2000000000ull + (unsigned long long)(seed >> 31) % 7999999999ull);
	}
}

int main(int argc, char **argv)
{
	struct dnc_error err;
	struct dnc_number_table *table;
	uint64_t found = 0;
	int64_t start = cpu_ns(), loaded, end;

	if (argc != 2 || !(table = dnc_number_table_load(argv[1], &err))) {
		fprintf(stderr, "numbers: %s\n", argc == 2 ? err.message : "usage: numbers FILE");
		return 2;
	}
	loaded = cpu_ns();
	choose();
	end = cpu_ns();
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ASKED; i++)
			found += dnc_number_table_has(
				table, (struct dnc_str){asked[i], sizeof "+12025550143" - 1});
	printf("count=%llu bytes=%llu load_s=%.2f lookup_ns=%.0f found=%llu\n",
		(unsigned long long)dnc_number_table_count(table),
		(unsigned long long)dnc_number_table_bytes(table), (double)(loaded - start) / 1e9,
		(double)(cpu_ns() - end) / ((double)ASKED * ROUNDS),
		(unsigned long long)(found / ROUNDS));
	dnc_number_table_unref(table);
	return 0;
}
