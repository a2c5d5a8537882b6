/* Copying and comparing logs whose source is in use. */
#include "unit.h"
#include "log_dir.h"
#include "log/copy.h"

static char other[80]; /* the target's directory */
static int looks;

/* A copy of the log's file, in a directory of its own. */
static void copy_file(void)
{
	char path[128], sql[160];

	snprintf(other, sizeof other, "%s-copy", dir);
	assert_int_equal(mkdir(other, 0700), 0);
	snprintf(path, sizeof path, "%s/events.db", other);
	snprintf(sql, sizeof sql, "VACUUM INTO '%s'", path);
	run_sql(sql);
}

static void remove_copy(void)
{
	static const char *const names[] = {"events.db", "events.db-wal", "events.db-shm", "lock"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", other, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(other), 0);
}

/* Ten events, and more audit records than are read at once. */
static void make_log(void)
{
	struct dnc_batch b = {0};
	struct dnc_error err;
	struct dnc_journal *j = open_log(&err);

	append(j, &b, 1, 10);
	dnc_batch_free(&b);
	dnc_journal_close(j);
	run_sql("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 12000) "
		"INSERT INTO access SELECT n, 1000, '{}' FROM c");
}

/* Asked before each piece: one of events, and then of audit records. */
static bool remove_oldest_records(void *ctx)
{
	(void)ctx;
	if (++looks == 3)
		run_sql("DELETE FROM access WHERE n <= 7000");
	return false;
}

static void audit_records_that_the_source_removes_meanwhile_are_no_difference(void **state)
{
	struct dnc_copy_options options = {
		.from = dir, .to = other, .stopped = remove_oldest_records};
	struct dnc_copy_compared compared;
	struct dnc_error err;

	(void)state;
	make_log();
	copy_file();
	looks = 0;
	if (dnc_copy_compare(&options, &compared, &err) < 0)
		fail_msg("%s", err.message);
	assert_true(looks >= 3);
	if (compared.differ)
		fail_msg("%s", compared.difference);
	assert_int_equal(compared.records, 10000);
	/* The other way round they are. */
	options = (struct dnc_copy_options){.from = other, .to = dir};
	assert_int_equal(dnc_copy_compare(&options, &compared, &err), 0);
	assert_true(compared.differ);
	assert_string_equal(compared.difference, "audit record 1 is missing in the target");
	remove_copy();
}

/* Asked before each batch. */
static bool remove_all_records(void *ctx)
{
	(void)ctx;
	if (++looks == 2)
		run_sql("DELETE FROM access");
	return looks > 10;
}

static void a_copy_ends_although_the_source_removes_its_newest_audit_records(void **state)
{
	struct dnc_copy_options options = {.from = dir, .to = other, .stopped = remove_all_records};
	struct dnc_copied copied;
	struct dnc_error err;

	(void)state;
	make_log();
	snprintf(other, sizeof other, "%s-copy", dir);
	looks = 0;
	if (dnc_copy(&options, &copied, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(copied.events, 10);
	assert_int_equal(copied.records, 5000);
	remove_copy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			audit_records_that_the_source_removes_meanwhile_are_no_difference, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_copy_ends_although_the_source_removes_its_newest_audit_records, make_dir,
			remove_dir),
	};

	return cmocka_run_group_tests(tests, make_reader, free_reader);
}
