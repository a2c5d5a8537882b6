/* Lists of numbers in memory. */
#include "unit.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include "set/set.h"
#include "set/table.h"

static char path[] = "/tmp/dnc-table-XXXXXX";

static struct dnc_number_table *load(const char *text, struct dnc_error *err)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return dnc_number_table_load(path, err);
}

static void numbers_and_starts_are_found(void **state)
{
	static const struct {
		const char *number;
		bool has;
	} cases[] = {
		{"+12025550143", true},
		{"+12025550144", false},
		{"+1202555014", false},
		{"+120255501430", false},
		{"12025550143", false},
		{"+493012345678", true},
		{"+19005550143", true},
		{"+1900", true},
		{"+190", false},
		{"+999999999999999", true},
		{"+9999999999999999", false},
		{"+4", false},
		{"+", false},
		{"", false},
		{"+1202555014x", false},
	};
	struct dnc_error err;
	struct dnc_number_table *t =
		load("(202) 555-0143 # a comment\n\n# another\n+49 30 12345678\n"
		     "+1900*\n+999999999999999*\n202.555.0143\r\n",
			&err);

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (dnc_number_table_has(t, dnc_str(cases[i].number)) != cases[i].has)
			fail_msg("%s", cases[i].number);
	assert_int_equal(dnc_number_table_count(t), 5);
	dnc_number_table_unref(t);
}

static void lines_that_are_no_numbers_are_named(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"+12025550143\n12\n", ":2: too short"},
		{"1900*\n", ":1: a start must be"},
		{"+19x0*\n", ":1: a start must be \"+\", digits alone"},
		{"+*\n", ":1: a start must be"},
		{"+0123*\n", ":1: no country code starts with 0"},
		{"+1234567890123456*\n", ":1: a start must be"},
		{"202-555-0143 or 202-555-0144\n", ":1: not a telephone number"},
		{"+12025550143\n+1303555", ":2: the last line does not end with a line feed"},
		{"+12025550143\n+13035550199", ":2: the last line does not end with a line feed"},
		{"+12025550143\n# c", ":2: the last line does not end with a line feed"},
		{"", " has no numbers: if that is right, write a line"},
		{"\n  \n", " has no numbers: if that is right, write a line"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_error err;

		assert_null(load(cases[i].text, &err));
		assert_int_equal(err.code, EINVAL);
		if (!strstr(err.message, cases[i].part))
			fail_msg("%s not in %s", cases[i].part, err.message);
	}
	assert_null(dnc_number_table_load("/nonexistent", NULL));
}

static void a_list_may_be_empty_if_it_says_so(void **state)
{
	struct dnc_error err;
	struct dnc_number_table *t = load("# nobody yet\n", &err);

	(void)state;
	assert_non_null(t);
	assert_int_equal(dnc_number_table_count(t), 0);
	assert_false(dnc_number_table_has(t, DNC_STR("+12025550143")));
	dnc_number_table_unref(t);
}

struct writing {
	atomic_bool begun, ended;
};

static void *write_on(void *ctx)
{
	struct writing *w = ctx;
	FILE *f = fopen(path, "a");

	while (f && !w->ended) {
		fputs("+12025550143\n", f);
		fflush(f);
		w->begun = true;
	}
	return f ? (void *)(intptr_t)fclose(f) : (void *)-1;
}

static void a_list_that_is_written_to_is_refused(void **state)
{
	struct writing w = {0};
	struct dnc_number_table *t = NULL;
	struct dnc_error err;
	pthread_t thread;

	(void)state;
	dnc_number_table_unref(load("+12025550143\n", &err));
	assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
	while (!w.begun)
		;
	/* The thread may get no time while a small list is read. */
	for (unsigned tries = 0; tries < 10000; tries++) {
		t = dnc_number_table_load(path, &err);
		if (!t)
			break;
		dnc_number_table_unref(t);
	}
	assert_null(t);
	w.ended = true;
	pthread_join(thread, NULL);
	assert_int_equal(err.code, EAGAIN);
	assert_non_null(strstr(err.message, " was written to while it was read: write a new file"));
}

/* What --against keeps is a list, too; and many numbers take little memory. */
static void sets_are_lists(void **state)
{
	enum { COUNT = 1000000 };
	struct dnc_set_about about = {.list = DNC_STR("x")};
	struct dnc_set_writer *w;
	struct dnc_number_table *t;
	struct dnc_error err;
	char number[32];

	(void)state;
	w = dnc_set_create(path, &about, &err);
	assert_non_null(w);
	for (uint64_t i = 0; i < COUNT; i++)
		assert_int_equal(dnc_set_add(w, 12000000000 + i * 37, &err), 0);
	assert_int_equal(dnc_set_complete(w, NULL, &err), 0);
	dnc_set_writer_free(w);
	t = dnc_number_table_load(path, &err);
	assert_non_null(t);
	assert_int_equal(dnc_number_table_count(t), COUNT);
	for (uint64_t i = 0; i < COUNT * 37; i += 7) {
		snprintf(number, sizeof number, "+%llu", (unsigned long long)(12000000000 + i));
		if (dnc_number_table_has(t, dnc_str(number)) != (i % 37 == 0))
			fail_msg("%s", number);
	}
	assert_in_range(dnc_number_table_bytes(t), COUNT, COUNT * 10);
	dnc_number_table_unref(t);
	assert_int_equal(truncate(path, 100000), 0);
	assert_null(dnc_number_table_load(path, &err));
	assert_int_equal(err.code, DNC_SET_DAMAGED);
}

static int make_file(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_starts_are_found),
		cmocka_unit_test(lines_that_are_no_numbers_are_named),
		cmocka_unit_test(a_list_may_be_empty_if_it_says_so),
		cmocka_unit_test(a_list_that_is_written_to_is_refused),
		cmocka_unit_test(sets_are_lists),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
