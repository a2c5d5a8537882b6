/* How many events were logged lately, as the log counts and keeps them. */
#include "log_dir.h"
#include <stdlib.h>
#include "log/priv/rates.h"

/* 2026-01-31T12:00:00Z */
#define NOON_MS   INT64_C(1769860800000)
#define NOON_STEP (NOON_MS / DNC_RATE_STEP_MS)

static int64_t now_ms;

static int64_t tell_ms(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static const struct dnc_journal_clock test_clock = {.wall_ms = tell_ms, .boot_ms = tell_ms};

static struct dnc_journal *open_at(int64_t ms, uint64_t retain_bytes)
{
	struct dnc_error err;
	struct dnc_journal *j;

	now_ms = ms;
	j = dnc_journal_open(
		&(struct dnc_journal_options){
			.dir = dir, .clock = &test_clock, .retain_bytes = retain_bytes},
		&err);
	if (!j)
		fail_msg("%s", err.message);
	return j;
}

/* Logs events number FROM to TO, of type dnc.compliance.violation, at MS. */
static void log_at(struct dnc_journal *j, int64_t ms, int from, int to)
{
	now_ms = ms;
	add_events(j, from, to);
}

/* What was counted in a step, and since when. */
static uint64_t counted(struct dnc_journal *j, int64_t step, int64_t *from_ms)
{
	uint64_t sums[1][DNC_TYPES];
	int64_t from = dnc_rates_sum(dnc_journal_rates(j), step, 1, 1, sums);

	if (from_ms)
		*from_ms = from;
	for (int i = 0; i < DNC_TYPES; i++)
		assert_true(i == DNC_COMPLIANCE_VIOLATION || sums[0][i] == 0);
	return sums[0][DNC_COMPLIANCE_VIOLATION];
}

static void events_count_in_the_step_in_which_they_were_logged(void **state)
{
	struct dnc_journal *j = open_at(NOON_MS, 0);
	uint64_t sums[3][DNC_TYPES];
	int64_t from;

	(void)state;
	log_at(j, NOON_MS, 1, 3);
	log_at(j, NOON_MS + 9999, 4, 4);
	log_at(j, NOON_MS + 9999, 1, 4); /* duplicates */
	log_at(j, NOON_MS + 10000, 5, 9);
	log_at(j, NOON_MS + 50000, 10, 10);
	assert_int_equal(counted(j, NOON_STEP - 1, &from), 0);
	assert_int_equal(from, NOON_MS);
	assert_int_equal(counted(j, NOON_STEP, NULL), 4);
	assert_int_equal(counted(j, NOON_STEP + 1, NULL), 5);
	assert_int_equal(counted(j, NOON_STEP + 2, NULL), 0);
	assert_int_equal(counted(j, NOON_STEP + 5, NULL), 1);
	dnc_rates_sum(dnc_journal_rates(j), NOON_STEP - 2, 2, 3, sums);
	assert_int_equal(sums[0][DNC_COMPLIANCE_VIOLATION], 0);
	assert_int_equal(sums[1][DNC_COMPLIANCE_VIOLATION], 9);
	assert_int_equal(sums[2][DNC_COMPLIANCE_VIOLATION], 0);
	dnc_journal_close(j);
}

static void counts_are_those_of_a_day(void **state)
{
	struct dnc_journal *j = open_at(NOON_MS, 0);

	(void)state;
	for (int day = 0; day < 3; day++) {
		log_at(j, NOON_MS + day * DNC_DAY_MS, day * 10 + 1, day * 10 + 2 + day);
		log_at(j, NOON_MS + day * DNC_DAY_MS + 20000, day * 10 + 6, day * 10 + 6);
	}
	dnc_journal_close(j);
	j = open_at(NOON_MS + 2 * DNC_DAY_MS + 30000, 0);
	assert_int_equal(counted(j, NOON_STEP, NULL), 0);
	assert_int_equal(counted(j, NOON_STEP + DNC_RATE_STEPS, NULL), 0);
	assert_int_equal(counted(j, NOON_STEP + 2 * DNC_RATE_STEPS, NULL), 4);
	assert_int_equal(counted(j, NOON_STEP + 2 * DNC_RATE_STEPS + 2, NULL), 1);
	dnc_journal_close(j);
}

/* Runs SQL, which must give one number. */
static int64_t query(const char *sql)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t value;

	snprintf(path, sizeof path, "%s/events.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return value;
}

/* The counts that were not stored are those of the events after the last row: closing writes none. */
static void counts_are_exact_after_the_log_was_opened_again(void **state)
{
	struct dnc_journal *j = open_at(NOON_MS, 0);
	int64_t from;

	(void)state;
	log_at(j, NOON_MS, 1, 3);
	dnc_journal_close(j);
	assert_int_equal(query("SELECT count(*) FROM rates"), 0);
	j = open_at(NOON_MS + 5000, 0);
	assert_int_equal(counted(j, NOON_STEP, &from), 3);
	assert_int_equal(from, NOON_MS);
	log_at(j, NOON_MS + 6000, 4, 4);
	log_at(j, NOON_MS + 10000, 5, 6);
	dnc_journal_close(j);
	assert_int_equal(query("SELECT violations FROM rates"), 4);
	assert_int_equal(query("SELECT last_seq FROM rates"), 4);
	for (int i = 0; i < 2; i++) {
		j = open_at(NOON_MS + 11000, 0);
		assert_int_equal(counted(j, NOON_STEP, &from), 4);
		assert_int_equal(counted(j, NOON_STEP + 1, NULL), 2);
		assert_int_equal(from, NOON_MS);
		dnc_journal_close(j);
	}
}

static void many_events_of_one_step_are_stored_before_it_ends(void **state)
{
	struct dnc_journal *j = open_at(NOON_MS, 0);

	(void)state;
	for (int i = 0; i < 20; i++)
		log_at(j, NOON_MS, i * 1000 + 1, (i + 1) * 1000);
	dnc_journal_close(j);
	assert_int_equal(query("SELECT last_seq FROM rates"), 17000);
	j = open_at(NOON_MS, 0);
	assert_int_equal(counted(j, NOON_STEP, NULL), 20000);
	dnc_journal_close(j);
}

static void events_that_retention_removes_are_still_counted(void **state)
{
	struct dnc_journal *j = open_at(NOON_MS, 1 << 20);
	uint64_t kept;

	(void)state;
	for (int i = 0; i < 10; i++) {
		log_at(j, NOON_MS, i * 1000 + 1, (i + 1) * 1000);
		prune(j);
	}
	kept = dnc_journal_last(j) - dnc_journal_oldest(j) + 1;
	assert_true(kept < 5000);
	dnc_journal_close(j);
	j = open_at(NOON_MS + 100, 1 << 20);
	assert_int_equal(counted(j, NOON_STEP, NULL), 10000);
	dnc_journal_close(j);
}

static void a_clock_that_is_set_back_begins_the_counts_anew(void **state)
{
	const int64_t before = NOON_MS - 3600000;
	struct dnc_journal *j = open_at(NOON_MS, 0);
	int64_t from;

	(void)state;
	log_at(j, NOON_MS, 1, 3);
	log_at(j, NOON_MS - 30000, 4, 4); /* a small step: it stands still */
	assert_int_equal(counted(j, NOON_STEP, &from), 4);
	assert_int_equal(from, NOON_MS);
	log_at(j, NOON_MS + 20000, 5, 5);
	log_at(j, before, 6, 7);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(counted(j, before / DNC_RATE_STEP_MS, &from), 2);
		assert_int_equal(from, before);
		assert_int_equal(counted(j, NOON_STEP, NULL), 0);
		dnc_journal_close(j);
		assert_int_equal(query("SELECT count(*) FROM rates"), 0);
		j = open_at(before + 1000, 0);
	}
	log_at(j, before + 10000, 8, 8);
	assert_int_equal(counted(j, before / DNC_RATE_STEP_MS + 1, NULL), 1);
	/* The time that comes again is counted as any other. */
	log_at(j, NOON_MS, 9, 9);
	assert_int_equal(counted(j, NOON_STEP, &from), 1);
	assert_int_equal(from, before);
	dnc_journal_close(j);
}

static void a_log_of_an_older_layout_counts_from_now_on(void **state)
{
	struct dnc_journal *j = open_at(NOON_MS, 0);
	int64_t from;

	(void)state;
	log_at(j, NOON_MS, 1, 3);
	assert_int_equal(dnc_providers_since(dnc_journal_providers(j)), 0);
	dnc_journal_close(j);
	run_sql("DROP TABLE rates; DROP TABLE providers; DELETE FROM log WHERE key = 'counted';"
		"PRAGMA user_version = 3");
	j = open_at(NOON_MS + 7000, 0);
	assert_int_equal(counted(j, NOON_STEP, &from), 0);
	assert_int_equal(from, NOON_MS + 7000);
	assert_int_equal(dnc_providers_since(dnc_journal_providers(j)), NOON_MS + 7000);
	log_at(j, NOON_MS + 8000, 4, 5);
	dnc_journal_close(j);
	j = open_at(NOON_MS + 9000, 0);
	assert_int_equal(counted(j, NOON_STEP, &from), 2);
	assert_int_equal(from, NOON_MS + 7000);
	assert_int_equal(dnc_providers_since(dnc_journal_providers(j)), NOON_MS + 7000);
	dnc_journal_close(j);
}

static void a_log_in_memory_counts(void **state)
{
	struct dnc_error err;
	int64_t start = dnc_clock_now_ms(), from;
	struct dnc_journal *j = dnc_journal_open(&(struct dnc_journal_options){0}, &err);
	uint64_t all = 0;

	(void)state;
	assert_non_null(j);
	add_events(j, 1, 5);
	add_events(j, 4, 6);
	for (int64_t step = start / DNC_RATE_STEP_MS; step <= dnc_clock_now_ms() / DNC_RATE_STEP_MS;
		step++)
		all += counted(j, step, &from);
	assert_int_equal(all, 6);
	assert_true(from >= start);
	dnc_journal_close(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(events_count_in_the_step_in_which_they_were_logged),
		log_test(counts_are_those_of_a_day),
		log_test(counts_are_exact_after_the_log_was_opened_again),
		log_test(many_events_of_one_step_are_stored_before_it_ends),
		log_test(events_that_retention_removes_are_still_counted),
		log_test(a_clock_that_is_set_back_begins_the_counts_anew),
		log_test(a_log_of_an_older_layout_counts_from_now_on),
		cmocka_unit_test(a_log_in_memory_counts),
	};

	return cmocka_run_group_tests_name("rates", tests, make_reader, free_reader);
}
