/* Each opening of the log is an epoch, and the log knows where each ended. */
#include "log_dir.h"
#include <errno.h>

static void each_start_is_an_epoch_and_the_log_knows_where_each_ended(void **state)
{
	char first[DNC_EPOCH_LEN + 1], idle[DNC_EPOCH_LEN + 1], third[DNC_EPOCH_LEN + 1],
		last[DNC_EPOCH_LEN + 1];
	struct dnc_journal *j = open_epoch(first);

	(void)state;
	assert_int_equal(dnc_journal_epoch(j).first, 1);
	assert_true(end_of(j, first) == UINT64_MAX);
	add_events(j, 1, 33);
	dnc_journal_close(j);
	j = open_epoch(idle);
	assert_string_not_equal(first, idle);
	dnc_journal_close(j);
	j = open_epoch(third);
	assert_int_equal(dnc_journal_epoch(j).first, 34);
	add_events(j, 34, 50);
	dnc_journal_close(j);
	j = open_epoch(last);
	assert_int_equal(end_of(j, first), 33);
	assert_int_equal(end_of(j, idle), 33);
	assert_int_equal(end_of(j, third), 50);
	assert_true(end_of(j, last) == UINT64_MAX);
	assert_int_equal(end_of(j, "0123456789abcdef"), 0);
	assert_int_equal(end_of(j, "x"), 0);
	dnc_journal_close(j);
	/* The newest events are deleted: no epoch has their numbers any more. */
	run_sql("DELETE FROM events WHERE seq > 20");
	j = open_epoch(idle);
	assert_int_equal(end_of(j, first), 20);
	assert_int_equal(end_of(j, third), 20);
	dnc_journal_close(j);
}

static void a_restored_backup_is_known_by_its_end(void **state)
{
	char before[DNC_EPOCH_LEN + 1], after[DNC_EPOCH_LEN + 1], path[128], backup[128];
	struct dnc_journal *j = open_epoch(before);

	(void)state;
	add_events(j, 1, 33);
	run_sql("VACUUM INTO '%s/backup.db'"); /* while it is open */
	add_events(j, 34, 38);
	dnc_journal_close(j);
	snprintf(path, sizeof path, "%s/events.db", dir);
	snprintf(backup, sizeof backup, "%s/backup.db", dir);
	assert_int_equal(rename(backup, path), 0);
	j = open_epoch(after);
	assert_int_equal(dnc_journal_last(j), 33);
	assert_int_equal(end_of(j, before), 33);
	assert_int_equal(dnc_journal_epoch(j).first, 34);
	dnc_journal_close(j);
}

static void the_list_of_epochs_is_bounded(void **state)
{
	char first[DNC_EPOCH_LEN + 1], now[DNC_EPOCH_LEN + 1];
	struct dnc_error err;
	struct dnc_journal *j = open_epoch(first);
	int64_t start;

	(void)state;
	add_events(j, 1, 10);
	dnc_journal_close(j);
	run_sql("WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 150000) "
		"INSERT INTO epochs (epoch, first_seq, started_at) "
		"SELECT printf('%%016x', i), 11, 0 FROM c");
	start = dnc_clock_mono_ms();
	j = open_epoch(now);
	print_message("opened with 150,000 epochs in %d ms\n", (int)(dnc_clock_mono_ms() - start));
	dnc_journal_close(j);
	start = dnc_clock_mono_ms();
	j = open_epoch(now);
	print_message("opened with 100,000 epochs in %d ms\n", (int)(dnc_clock_mono_ms() - start));
	assert_int_equal(end_of(j, first), 0);
	assert_int_equal(end_of(j, "000000000000c350"), 0);  /* 50000 */
	assert_int_equal(end_of(j, "00000000000249f0"), 10); /* 150000 */
	/* What it held is gone: some are still known. */
	add_events(j, 11, 20);
	dnc_journal_close(j);
	run_sql("DELETE FROM events WHERE seq < 20");
	j = dnc_journal_open(&(struct dnc_journal_options){.dir = dir}, &err);
	dnc_journal_close(j);
	j = open_epoch(now);
	assert_int_equal(end_of(j, "0000000000024000"), 0);
	assert_int_equal(end_of(j, "00000000000249f0"), 10);
	dnc_journal_close(j);
}

static void a_log_of_an_older_layout_keeps_its_epoch(void **state)
{
	char epoch[DNC_EPOCH_LEN + 1];
	struct dnc_journal *j = open_epoch(epoch);

	(void)state;
	add_events(j, 1, 5);
	dnc_journal_close(j);
	run_sql("DROP TABLE epochs; DROP TABLE rates; DROP TABLE providers; DROP TABLE log; CREATE TABLE log (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		"INSERT INTO log VALUES ('epoch', '0123456789abcdef'), ('closed', 'yes');"
		"PRAGMA user_version = 2");
	j = open_epoch(epoch);
	assert_string_not_equal(epoch, "0123456789abcdef");
	assert_int_equal(end_of(j, "0123456789abcdef"), 5);
	dnc_journal_close(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(each_start_is_an_epoch_and_the_log_knows_where_each_ended),
		log_test(a_restored_backup_is_known_by_its_end),
		log_test(the_list_of_epochs_is_bounded),
		log_test(a_log_of_an_older_layout_keeps_its_epoch),
	};

	return cmocka_run_group_tests_name("epochs", tests, make_reader, free_reader);
}
