/* The sorter: order, stability, runs on disk, merges in several levels, failures of the disk. */
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/sorter.h"
#include "child.h"

/* What a record of any size begins with; the rest repeats it. */
struct record {
	uint64_t key, turn;
};

enum { SMALL = 4096 }; /* bytes of memory: 65 records of 64 bytes, 256 of 8 */

static uint64_t seed;

/* xorshift64*. */
static uint64_t random64(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(2685821657736338717);
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static struct dnc_sorter *sorter(size_t record_bytes, size_t memory_bytes, unsigned fan_in)
{
	struct dnc_error err;
	struct dnc_sorter *s =
		dnc_sorter_new(&(struct dnc_sorter_options){.record_bytes = record_bytes,
				       .memory_bytes = memory_bytes,
				       .fan_in = fan_in},
			&err);

	assert_non_null(s);
	return s;
}

static int by_key_and_turn(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->turn > y->turn) - (x->turn < y->turn);
}

/* Sorts COUNT records of BYTES with these keys and compares with qsort(3). */
static void check(const uint64_t *keys, size_t count, size_t bytes, size_t memory, unsigned fan_in)
{
	struct dnc_sorter *s = sorter(bytes, memory, fan_in);
	struct record *model = calloc(count + 1, sizeof *model);
	struct dnc_error err;
	const void *record;

	assert_non_null(model);
	for (size_t i = 0; i < count; i++) {
		uint64_t words[8];

		model[i] = (struct record){keys[i], bytes > 8 ? i : 0};
		words[0] = keys[i];
		for (size_t w = 1; w < bytes / 8; w++)
			words[w] = i;
		assert_int_equal(dnc_sorter_add(s, words, &err), 0);
	}
	qsort(model, count, sizeof *model, by_key_and_turn);
	assert_int_equal(dnc_sorter_count(s), count);
	assert_int_equal(dnc_sorter_finish(s, &err), 0);
	for (size_t i = 0; i < count; i++) {
		const uint64_t *words =
			(assert_int_equal(dnc_sorter_next(s, &record, &err), 1), record);

		assert_int_equal(words[0], model[i].key);
		for (size_t w = 1; w < bytes / 8; w++)
			assert_int_equal(words[w], model[i].turn);
	}
	assert_int_equal(dnc_sorter_next(s, &record, &err), 0);
	assert_int_equal(dnc_sorter_next(s, &record, &err), 0);
	assert_int_equal(dnc_sorter_spilled_bytes(s) > 0, count * bytes > memory / 2 && count > 65);
	dnc_sorter_free(s);
	free(model);
}

static const struct {
	const char *what;
	uint64_t mask, base;
} kinds[] = {
	{"any key", UINT64_MAX, 0},
	{"few keys, most of them equal", 3, 7},
	{"numbers of one country", (UINT64_C(1) << 34) - 1, UINT64_C(12000000000)},
	{"one bit", UINT64_C(1) << 63, 0},
	{"the highest key", 1, UINT64_MAX - 1},
	{"all equal", 0, 42},
};

static void records_come_in_order(void **state)
{
	static const size_t counts[] = {0, 1, 2, 65, 66, 256, 257, 1000, 5000};
	uint64_t keys[5000];

	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
			for (size_t bytes = 8; bytes <= 64; bytes += 8) {
				seed = 88172645463325252 + k;
				for (size_t i = 0; i < counts[c]; i++)
					keys[i] = kinds[k].base + (random64() & kinds[k].mask);
				check(keys, counts[c], bytes, SMALL, c % 2 ? 3 : 0);
				check(keys, counts[c], bytes, 1 << 20, 0);
			}
}

/* 10,000 records are 40 runs of 256: with two or three at once, there are several levels. */
static void many_runs_are_merged_in_levels(void **state)
{
	static const unsigned fan_ins[] = {2, 3, 5, 39, 40, 64};
	enum { COUNT = 10000 };
	uint64_t *keys = calloc(COUNT, sizeof *keys);

	(void)state;
	assert_non_null(keys);
	seed = 1;
	for (size_t i = 0; i < COUNT; i++)
		keys[i] = random64() % 500;
	for (size_t f = 0; f < sizeof fan_ins / sizeof fan_ins[0]; f++) {
		check(keys, COUNT, 8, SMALL, fan_ins[f]);
		check(keys, COUNT, 16, SMALL, fan_ins[f]);
		check(keys, COUNT - 1, 24, SMALL, fan_ins[f]);
	}
	free(keys);
}

/* Records that come in order are one run: each is written once, whatever their number. */
static void sorted_records_are_written_once(void **state)
{
	struct dnc_sorter *s = sorter(8, SMALL, 2);
	struct dnc_error err;
	const void *record;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t key = i / 2;

		assert_int_equal(dnc_sorter_add(s, &key, &err), 0);
	}
	assert_int_equal(dnc_sorter_finish(s, &err), 0);
	assert_int_equal(dnc_sorter_spilled_bytes(s), 800000);
	for (uint64_t i = 0; i < 100000; i++) {
		assert_int_equal(dnc_sorter_next(s, &record, &err), 1);
		assert_int_equal(*(const uint64_t *)record, i / 2);
	}
	assert_int_equal(dnc_sorter_next(s, &record, &err), 0);
	dnc_sorter_free(s);
}

/* What is not asked for any more is closed. */
static void files_are_closed_and_have_no_name(void **state)
{
	char dir[] = "/tmp/dnc-sorter-XXXXXX";
	unsigned before = open_descriptors();
	struct dnc_error err;
	struct dnc_sorter *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	s = dnc_sorter_new(
		&(struct dnc_sorter_options){
			.record_bytes = 8, .memory_bytes = SMALL, .dir = dir, .fan_in = 2},
		&err);
	assert_non_null(s);
	seed = 5;
	for (size_t i = 0; i < 5000; i++) {
		uint64_t key = random64();

		assert_int_equal(dnc_sorter_add(s, &key, &err), 0);
	}
	assert_true(open_descriptors() > before);
	assert_int_equal(rmdir(dir), 0); /* empty although files are open in it */
	dnc_sorter_free(s);
	assert_int_equal(open_descriptors(), before);
	dnc_sorter_free(NULL);
}

/* Adds records until that fails, or finishes. */
static int fill(struct dnc_sorter *s, size_t count, struct dnc_error *err)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t key = random64();

		if (dnc_sorter_add(s, &key, err) < 0)
			return -1;
	}
	return dnc_sorter_finish(s, err);
}

/* A limit on the size of files stands for a disk without space. */
static void limited(void *arg)
{
	const rlim_t *bytes = arg;
	struct dnc_sorter *s = sorter(8, SMALL, 2);
	struct dnc_error err;

	signal(SIGXFSZ, SIG_IGN);
	seed = 3;
	if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){*bytes, *bytes}) < 0)
		_exit(1);
	if (fill(s, 3000, &err) == 0)
		_exit(2);
	printf("%d %s\n", err.code, err.message);
	dnc_sorter_free(s);
	exit(0);
}

static void a_full_disk_is_an_error(void **state)
{
	/* In the first run, in the middle of a run, in a merge. */
	rlim_t limits[] = {0, 2048, 3000, 4095, 9000, 16000};

	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct child c;

		child_run(&c, limited, &limits[i]);
		child_expect(&c, 0, "unable to write a temporary file in /");
		child_expect(&c, 0, "File too large (TMPDIR names another directory)");
	}
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
	struct dnc_error err = {0};
	struct dnc_sorter *s = dnc_sorter_new(
		&(struct dnc_sorter_options){
			.record_bytes = 8, .memory_bytes = SMALL, .dir = "/nonexistent/tmp"},
		&err);

	(void)state;
	assert_non_null(s);
	assert_int_equal(fill(s, 3000, &err), -1);
	assert_int_equal(err.code, EIO);
	assert_non_null(strstr(err.message, "/nonexistent/tmp"));
	dnc_sorter_free(s);
}

static void wrong_options_are_refused(void **state)
{
	static const struct dnc_sorter_options wrong[] = {
		{.record_bytes = 0},
		{.record_bytes = 4},
		{.record_bytes = 12},
		{.record_bytes = 72},
		{.record_bytes = 8, .fan_in = 1},
		{.record_bytes = 8, .fan_in = 65},
	};
	struct dnc_error err;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		err.code = 0;
		assert_null(dnc_sorter_new(&wrong[i], &err));
		assert_int_equal(err.code, EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_in_order),
		cmocka_unit_test(many_runs_are_merged_in_levels),
		cmocka_unit_test(sorted_records_are_written_once),
		cmocka_unit_test(files_are_closed_and_have_no_name),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(a_directory_that_is_not_there_is_an_error),
		cmocka_unit_test(wrong_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
