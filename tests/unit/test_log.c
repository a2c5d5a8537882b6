/* The event log on a real disk. */
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "log/journal.h"

static char dir[64];
static struct dnc_event_reader *events;

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-log-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"events.db", "events.db-wal", "events.db-shm",
		"events.db.new", "events.db.away", "lock", "reserve", "backup.db"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct dnc_journal *open_log(struct dnc_error *err)
{
	return dnc_journal_open(&(struct dnc_journal_options){.dir = dir}, err);
}

static struct dnc_journal *open_limited(off_t bytes, struct dnc_error *err)
{
	return dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .retain_bytes = (uint64_t)bytes}, err);
}

/* Events number FROM to TO; the number stands in id and phone number. */
static void fill(struct dnc_batch *b, int from, int to)
{
	dnc_batch_clear(b);
	for (int i = from; i <= to; i++) {
		char line[1024];
		struct dnc_event event;
		int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
			"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
			"\"phone_number\":\"+1303555%04d\",\"severity\":\"critical\","
			"\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
			"\"event_data\":{\"violation_type\":\"t\"},"
			"\"metadata\":{\"ingested_at\":\"2026-08-29T08:00:00.000Z\","
			"\"source_format\":\"ndjson\"}}",
			i, i % 10000);

		assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
		assert_true(dnc_batch_add(b, &event));
	}
}

/* One event of a batch: ID and number are those of NUMBER. */
static void add_one(
	struct dnc_batch *b, int number, const char *provider, const char *data, const char *rest)
{
	char line[1024];
	struct dnc_event event;
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.compliance.violation\","
		"\"phone_number\":\"+1303555%04d\"%s,\"severity\":\"critical\",%s,"
		"\"event_data\":{%s},"
		"\"metadata\":{\"ingested_at\":\"%.20s000Z\",\"source_format\":\"ndjson\"}}",
		number, number % 10000, provider, rest, data, strstr(rest, "20"));

	assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
	assert_true(dnc_batch_add(b, &event));
}

/* Against the event number 1 of the log, in a batch of its own, and in the same batch. */
static void an_id_with_other_content_is_a_conflict_not_a_duplicate(void **state)
{
	static const char then[] = "\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\"",
			  later[] = "\"timestamp\":\"2026-09-30T09:00:00.000Z\",\"summary\":\"z\"";
	static const struct {
		int number;
		const char *provider, *data, *rest;
		enum dnc_logged logged;
	} cases[] = {
		{1, "", "\"violation_type\":\"t\"", then, DNC_LOGGED_DUPLICATE},
		/* One time of arrival is another. */
		{1, "", "\"violation_type\":\"t\"", later, DNC_LOGGED_DUPLICATE},
		{1, "", "\"violation_type\":\"u\"", then, DNC_LOGGED_CONFLICT},
		{1, "", "\"violation_type\":\"u\"", later, DNC_LOGGED_CONFLICT},
		{1, "", "\"violation_type\":\"t\",\"n\":1", then, DNC_LOGGED_CONFLICT},
		{1, ",\"provider\":\"p\"", "\"violation_type\":\"t\"", then, DNC_LOGGED_CONFLICT},
		{1, ",\"provider\":\"p\\\"q\"", "\"violation_type\":\"t\"", then,
			DNC_LOGGED_CONFLICT},
		{2, "", "\"violation_type\":\"t\"", then, DNC_LOGGED_NEW},
	};
	struct dnc_error err;
	struct dnc_batch b = {0};

	for (int kind = 0; kind < 3; kind++) {
		struct dnc_journal *j =
			kind == 2 ? dnc_journal_open(&(struct dnc_journal_options){0}, &err)
				  : open_log(&err);
		bool together = kind == 1;
		uint64_t conflicts = 0;

		assert_non_null(j);
		dnc_batch_clear(&b);
		add_one(&b, 1, "", "\"violation_type\":\"t\"", then);
		if (!together)
			assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			if (!together)
				dnc_batch_clear(&b);
			add_one(&b, cases[i].number, cases[i].provider, cases[i].data,
				cases[i].rest);
			if (!together)
				assert_int_equal(dnc_journal_append(j, &b, &err), 0);
			if (!together && b.events[0].logged != cases[i].logged)
				fail_msg("journal %d, case %zu: %d", kind, i, b.events[0].logged);
		}
		if (together)
			assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			if (together && b.events[i + 1].logged != cases[i].logged)
				fail_msg("one batch, case %zu: %d", i, b.events[i + 1].logged);
			conflicts += cases[i].logged == DNC_LOGGED_CONFLICT;
		}
		assert_int_equal(dnc_journal_conflicts(j), conflicts);
		assert_int_equal(dnc_journal_duplicates(j), 2);
		assert_int_equal(dnc_journal_last(j), 2);
		dnc_journal_close(j);
		if (kind == 0) {
			remove_dir(NULL);
			assert_int_equal(make_dir(NULL), 0);
		}
	}
	dnc_batch_free(&b);
	(void)state;
}

/* An event at second AT of a minute that arrived at second ARRIVED. */
static void add_dated(struct dnc_batch *b, int number, int at, int arrived)
{
	char line[1024];
	struct dnc_event event;
	int n = snprintf(line, sizeof line - DNC_JSON_PADDING,
		"{\"id\":\"0198f0a0-0000-7000-8000-%012d\",\"type\":\"dnc.number.released\","
		"\"phone_number\":\"+13035550001\",\"severity\":\"low\","
		"\"timestamp\":\"2026-08-29T08:00:%02d.000Z\",\"summary\":\"s\","
		"\"event_data\":{\"reason\":\"expired\"},\"metadata\":{"
		"\"ingested_at\":\"2026-08-29T08:00:%02d.000Z\",\"source_format\":\"ndjson\"}}",
		number, at, arrived);

	assert_int_equal(dnc_event_parse(events, line, (size_t)n, &event), 0);
	assert_true(dnc_batch_add(b, &event));
}

static void a_time_that_the_source_gave_is_content(void **state)
{
	static const struct {
		int at, arrived, at_again, arrived_again;
		enum dnc_logged logged;
	} cases[] = {
		{1, 5, 1, 5, DNC_LOGGED_DUPLICATE},
		{1, 5, 1, 6, DNC_LOGGED_DUPLICATE},
		{1, 5, 2, 5, DNC_LOGGED_CONFLICT},
		{1, 5, 2, 6, DNC_LOGGED_CONFLICT},
		{5, 5, 6, 6, DNC_LOGGED_DUPLICATE}, /* not given, both times */
		{5, 5, 1, 6, DNC_LOGGED_CONFLICT},
		{1, 5, 6, 6, DNC_LOGGED_CONFLICT},
		/* Given, and by chance the time at which it arrived first or again. */
		{5, 5, 5, 6, DNC_LOGGED_DUPLICATE},
		{6, 5, 6, 6, DNC_LOGGED_DUPLICATE},
	};
	struct dnc_error err;
	struct dnc_batch b = {0};

	for (int kind = 0; kind < 2; kind++) {
		struct dnc_journal *j =
			kind ? dnc_journal_open(&(struct dnc_journal_options){0}, &err)
			     : open_log(&err);

		assert_non_null(j);
		for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
			dnc_batch_clear(&b);
			add_dated(&b, i, cases[i].at, cases[i].arrived);
			add_dated(&b, i, cases[i].at_again, cases[i].arrived_again);
			assert_int_equal(dnc_journal_append(j, &b, &err), 0);
			assert_int_equal(b.events[0].logged, DNC_LOGGED_NEW);
			if (b.events[1].logged != cases[i].logged)
				fail_msg("journal %d, case %d: %d", kind, i, b.events[1].logged);
		}
		dnc_journal_close(j);
	}
	dnc_batch_free(&b);
	(void)state;
}

static bool count_up(void *ctx, uint64_t seq, struct dnc_str line)
{
	uint64_t *next = ctx;

	assert_int_equal(seq, *next);
	assert_int_equal(line.p[line.n - 1], '}');
	++*next;
	return true;
}

static bool first_only(void *ctx, uint64_t seq, struct dnc_str line)
{
	(void)line;
	*(uint64_t *)ctx = seq;
	return false;
}

static void what_is_logged_is_there_after_a_restart_and_not_twice(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);
	struct dnc_journal_reader *r;
	uint64_t seq;
	int64_t before = dnc_clock_now_ms();

	(void)state;
	assert_non_null(j);
	fill(&b, 1, 100);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[99].seq, 100);
	fill(&b, 91, 110);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[9].seq, 0);
	assert_int_equal(b.events[10].seq, 101);
	assert_int_equal(dnc_journal_duplicates(j), 10);
	assert_null(open_log(&err));
	assert_int_equal(err.code, EADDRINUSE);
	dnc_journal_close(j);

	j = open_log(&err);
	assert_non_null(j);
	assert_int_equal(dnc_journal_last(j), 110);
	assert_int_equal(dnc_journal_oldest(j), 1);
	r = dnc_journal_reader_new(j, &err);
	assert_non_null(r);
	seq = 1;
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, count_up, &seq, &err), 0);
	assert_int_equal(seq, 111);
	assert_int_equal(
		dnc_journal_read(r, 50, true, (struct dnc_str){0}, first_only, &seq, &err), 0);
	assert_int_equal(seq, 50);
	assert_int_equal(
		dnc_journal_read(r, 1, false, DNC_STR("+13035550077"), first_only, &seq, &err), 0);
	assert_int_equal(seq, 77);
	assert_int_equal(dnc_journal_find_time(r, before, &seq, &err), 0);
	assert_int_equal(seq, 1);
	assert_int_equal(dnc_journal_find_time(r, dnc_clock_now_ms() + 1000, &seq, &err), 0);
	assert_int_equal(seq, 111);
	dnc_journal_reader_free(r);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* SQLite's own way to files, but for writes and reads that fail. */
static int failing_writes, failing_reads;
static sqlite3_io_methods failing_io[2]; /* of the database, and of its WAL */
static const sqlite3_io_methods *real_io[2];
static sqlite3_vfs failing_vfs;

static int write_or_fail(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (failing_writes > 0 && failing_writes--)
		return SQLITE_FULL;
	return real_io[f->pMethods - failing_io]->xWrite(f, p, n, at);
}

static int read_or_fail(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	if (failing_reads > 0 && failing_reads--)
		return SQLITE_IOERR_READ;
	return real_io[f->pMethods - failing_io]->xRead(f, p, n, at);
}

static bool fail_after_100(void *ctx, uint64_t seq, struct dnc_str line)
{
	if (seq == 100)
		failing_reads = 1;
	return count_up(ctx, seq, line);
}

static int open_failing(
	sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
	sqlite3_vfs *real = vfs->pAppData;
	int rc = real->xOpen(real, name, f, flags, out);
	int which = flags & SQLITE_OPEN_MAIN_DB ? 0 : 1;

	if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return rc;
	real_io[which] = f->pMethods;
	failing_io[which] = *f->pMethods;
	failing_io[which].xWrite = write_or_fail;
	failing_io[which].xRead = read_or_fail;
	f->pMethods = &failing_io[which];
	return rc;
}

static int fail_files(void **state)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	failing_vfs = *real;
	failing_vfs.zName = "failing";
	failing_vfs.pAppData = real;
	failing_vfs.xOpen = open_failing;
	failing_writes = failing_reads = 0;
	return sqlite3_vfs_register(&failing_vfs, 1) == SQLITE_OK ? make_dir(state) : -1;
}

static int mend_files(void **state)
{
	sqlite3_vfs_unregister(&failing_vfs);
	return remove_dir(state);
}

/* Runs SQL on the log, as an operator would at the shell. */
static void run_sql(const char *format)
{
	char path[128], *sql = sqlite3_mprintf(format, dir), *why = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof path, "%s/events.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_free(sql);
	sqlite3_close(db);
}

static struct dnc_journal *open_epoch(char epoch[DNC_EPOCH_LEN + 1])
{
	struct dnc_error err;
	struct dnc_journal *j = open_log(&err);

	if (!j)
		fail_msg("%s", err.message);
	strcpy(epoch, dnc_journal_epoch(j));
	return j;
}

static void add_events(struct dnc_journal *j, int from, int to)
{
	struct dnc_error err;
	struct dnc_batch b = {0};

	fill(&b, from, to);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	dnc_batch_free(&b);
}

static uint64_t end_of(const struct dnc_journal *j, const char *epoch)
{
	uint64_t end = 0;

	return dnc_journal_epoch_end(j, dnc_str(epoch), &end) ? end : 0;
}

static void each_start_is_an_epoch_and_the_log_knows_where_each_ended(void **state)
{
	char first[DNC_EPOCH_LEN + 1], idle[DNC_EPOCH_LEN + 1], third[DNC_EPOCH_LEN + 1],
		last[DNC_EPOCH_LEN + 1];
	struct dnc_journal *j = open_epoch(first);

	(void)state;
	assert_int_equal(dnc_journal_epoch_first(j), 1);
	assert_true(end_of(j, first) == UINT64_MAX);
	add_events(j, 1, 33);
	dnc_journal_close(j);
	j = open_epoch(idle);
	assert_string_not_equal(first, idle);
	dnc_journal_close(j);
	j = open_epoch(third);
	assert_int_equal(dnc_journal_epoch_first(j), 34);
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
	assert_int_equal(dnc_journal_epoch_first(j), 34);
	dnc_journal_close(j);
}

static void a_read_that_fails_half_way_is_an_error(void **state)
{
	char epoch[DNC_EPOCH_LEN + 1];
	struct dnc_error err;
	struct dnc_journal *j = open_epoch(epoch);
	struct dnc_journal_reader *r;
	uint64_t next = 1;

	(void)state;
	add_events(j, 1, 5000); /* more than SQLite's cache of the reader holds at once */
	r = dnc_journal_reader_new(j, &err);
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, fail_after_100, &next, &err),
		-1);
	assert_in_range(next, 100, 4000);
	assert_non_null(strstr(err.message, "unable to read"));
	failing_reads = 1;
	assert_int_equal(dnc_journal_find_time(r, 1, &next, &err), -1);
	next = 1;
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, count_up, &next, &err), 0);
	assert_int_equal(next, 5001);
	dnc_journal_reader_free(r);
	run_sql("UPDATE events SET event = '' WHERE seq = 7");
	r = dnc_journal_reader_new(j, &err);
	next = 1;
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, count_up, &next, &err), -1);
	assert_int_equal(next, 7);
	assert_non_null(strstr(err.message, "row 7"));
	dnc_journal_reader_free(r);
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

static void without_room_for_its_epoch_the_log_stores_it_before_the_first_event(void **state)
{
	char full[DNC_EPOCH_LEN + 1], next[DNC_EPOCH_LEN + 1];
	struct dnc_journal *j = open_epoch(next);
	struct dnc_error err;
	struct dnc_batch b = {0};

	(void)state;
	add_events(j, 1, 5);
	dnc_journal_close(j);
	failing_writes = 1;
	j = open_epoch(full);
	assert_int_equal(failing_writes, 0);
	fill(&b, 6, 9);
	failing_writes = 1;
	assert_int_equal(dnc_journal_append(j, &b, &err), -1);
	assert_int_equal(err.code, ENOSPC);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[3].seq, 9);
	dnc_batch_free(&b);
	dnc_journal_close(j);
	j = open_epoch(next);
	assert_int_equal(end_of(j, full), 9);
	dnc_journal_close(j);
	/* Nothing was appended: it is stored at the end. */
	failing_writes = 1;
	j = open_epoch(full);
	dnc_journal_close(j);
	j = open_epoch(next);
	assert_int_equal(end_of(j, full), 9);
	dnc_journal_close(j);
}

static void a_log_of_an_older_layout_keeps_its_epoch(void **state)
{
	char epoch[DNC_EPOCH_LEN + 1];
	struct dnc_journal *j = open_epoch(epoch);

	(void)state;
	add_events(j, 1, 5);
	dnc_journal_close(j);
	run_sql("DROP TABLE epochs; DROP TABLE log; CREATE TABLE log (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		"INSERT INTO log VALUES ('epoch', '0123456789abcdef'), ('closed', 'yes');"
		"PRAGMA user_version = 2");
	j = open_epoch(epoch);
	assert_string_not_equal(epoch, "0123456789abcdef");
	assert_int_equal(end_of(j, "0123456789abcdef"), 5);
	dnc_journal_close(j);
}

static void pruning_takes_the_oldest_and_never_the_newest(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(1 << 20, &err);
	uint64_t oldest;

	(void)state;
	assert_non_null(j);
	for (int i = 0; i < 10; i++) {
		fill(&b, i * 1000 + 1, i * 1000 + 1000);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		while (dnc_journal_prune(j, &err) > 0)
			;
	}
	oldest = dnc_journal_oldest(j);
	assert_int_equal(dnc_journal_last(j), 10000);
	assert_in_range(oldest, 5000, 9900);
	dnc_journal_close(j);
	j = dnc_journal_open(&(struct dnc_journal_options){.dir = dir, .retain_ms = 1}, &err);
	assert_int_equal(dnc_journal_oldest(j), oldest);
	for (int64_t until = dnc_clock_mono_ms() + 5; dnc_clock_mono_ms() < until;)
		;
	while (dnc_journal_prune(j, &err) > 0)
		;
	assert_int_equal(dnc_journal_oldest(j), 10000);
	fill(&b, 1, 1);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_last(j), 10001);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static off_t size_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static off_t size_of_all(void)
{
	return size_of("events.db") + size_of("events.db-wal") + size_of("events.db-shm") +
	       size_of("reserve");
}

static void append(struct dnc_journal *j, struct dnc_batch *b, int from, int to)
{
	struct dnc_error err;

	fill(b, from, to);
	if (dnc_journal_append(j, b, &err) < 0)
		fail_msg("%s", err.message);
}

static void prune(struct dnc_journal *j)
{
	struct dnc_error err;
	int rc;

	while ((rc = dnc_journal_prune(j, &err)) > 0)
		;
	if (rc < 0)
		fail_msg("%s", err.message);
}

static void under_load_the_log_keeps_its_limit_and_the_wal_is_short(void **state)
{
	const off_t limit = 4 << 20;
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(limit, &err);

	(void)state;
	assert_non_null(j);
	/* One turn of pruning after each commit, as when commits follow one another. */
	for (int i = 0; i < 100; i++) {
		append(j, &b, i * 500 + 1, i * 500 + 500);
		assert_true(dnc_journal_prune(j, &err) >= 0);
		assert_true(size_of("events.db-wal") < limit / 2);
		assert_true(size_of_all() < limit + limit / 2);
	}
	assert_true(dnc_journal_stats(j).checkpoints > 0);
	assert_true(dnc_journal_stats(j).pruned > 10000);
	prune(j);
	assert_int_equal(dnc_journal_idle(j, &err), 0);
	assert_int_equal(size_of("events.db-wal"), 0);
	assert_true(size_of_all() <= limit);
	assert_true(dnc_journal_last(j) - dnc_journal_oldest(j) > 1000);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_smaller_limit_gives_room_back(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(1 << 30, &err);

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 20000);
	dnc_journal_close(j);
	assert_true(size_of("events.db") > 8 << 20);
	j = open_limited(2 << 20, &err);
	assert_non_null(j);
	prune(j);
	assert_int_equal(dnc_journal_idle(j, &err), 0);
	assert_true(size_of_all() <= 2 << 20);
	assert_int_equal(dnc_journal_last(j), 20000);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* So much reading is noted that the records alone would be over the limit. */
static void add_access(struct dnc_journal *j, struct dnc_batch *b, int count)
{
	struct dnc_error err;

	dnc_batch_clear(b);
	for (int i = 0; i < count; i++)
		assert_true(dnc_batch_audit(b,
			DNC_STR("{\"what\":\"read\",\"subject\":\"desk\",\"address\":\"192.0.2.7\","
				"\"role\":\"compliance\",\"events\":0,\"first_seq\":0,\"last_seq\":0}")));
	if (dnc_journal_append(j, b, &err) < 0)
		fail_msg("%s", err.message);
}

static void access_records_never_push_events_out(void **state)
{
	const off_t limit = 2 << 20;
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(limit, &err);

	(void)state;
	assert_non_null(j);
	add_access(j, &b, 20000); /* before there is any event */
	prune(j);
	append(j, &b, 1, 1000);
	for (int i = 0; i < 10; i++) {
		add_access(j, &b, 2000);
		assert_true(dnc_journal_prune(j, &err) >= 0);
	}
	for (int i = 0; i < 20; i++)
		prune(j);
	assert_int_equal(dnc_journal_oldest(j), 1);
	assert_int_equal(dnc_journal_stats(j).pruned, 0);
	assert_int_equal(dnc_journal_idle(j, &err), 0);
	assert_true(size_of_all() <= limit);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void move(const char *from, const char *to)
{
	char a[128], b[128];

	snprintf(a, sizeof a, "%s/%s", dir, from);
	snprintf(b, sizeof b, "%s/%s", dir, to);
	assert_int_equal(rename(a, b), 0);
}

static void a_log_that_is_removed_or_replaced_takes_nothing_until_it_is_back(void **state)
{
	static const char *const names[] = {"events.db", "events.db-wal", "events.db-shm"};
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);
	char path[128];

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 10);
	for (int i = 0; i < 3; i++) {
		int fd;

		move(names[i], "events.db.away");
		fill(&b, 11 + i, 11 + i);
		assert_int_equal(dnc_journal_append(j, &b, &err), -1);
		assert_non_null(strstr(err.message, "removed"));
		assert_int_equal(dnc_journal_idle(j, &err), -1);
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(dnc_journal_append(j, &b, &err), -1);
		assert_non_null(strstr(err.message, "replaced"));
		assert_int_equal(dnc_journal_idle(j, &err), -1);
		assert_int_equal(dnc_journal_last(j), 10 + i);
		move("events.db.away", names[i]);
		assert_int_equal(dnc_journal_idle(j, &err), 0);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		assert_int_equal(b.events[0].seq, 11 + i);
		assert_int_equal(b.events[0].logged, DNC_LOGGED_NEW);
	}
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static const int64_t minute = 60000, day = 86400000, year = 365 * INT64_C(86400000);

/* A clock that is set by hand. */
static struct {
	int64_t wall, boot;
	const char *moved; /* looking at it moves this file away, once */
} hands;

static int64_t hands_wall(void *ctx)
{
	(void)ctx;
	if (hands.moved) {
		move(hands.moved, "events.db.away");
		hands.moved = NULL;
	}
	return hands.wall;
}

static int64_t hands_boot(void *ctx)
{
	(void)ctx;
	return hands.boot;
}

static const struct dnc_journal_clock by_hand = {hands_wall, hands_boot, NULL};

static void pass(int64_t ms)
{
	hands.wall += ms;
	hands.boot += ms;
}

static struct dnc_journal *open_by_hand(int64_t retain_ms, bool accept_clock)
{
	struct dnc_error err;
	struct dnc_journal *j = dnc_journal_open(&(struct dnc_journal_options){.dir = dir,
							 .retain_ms = retain_ms,
							 .accept_clock = accept_clock,
							 .clock = &by_hand},
		&err);

	assert_non_null(j);
	return j;
}

static void set_hands(void)
{
	hands.wall = INT64_C(1790000000000);
	hands.boot = 1000 * day;
	hands.moved = NULL;
}

static void a_batch_committed_to_a_file_that_is_gone_is_acknowledged_when_it_is_back(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j;

	(void)state;
	set_hands();
	j = open_by_hand(0, false);
	append(j, &b, 1, 5);
	fill(&b, 4, 10);
	hands.moved = "events.db";
	assert_int_equal(dnc_journal_append(j, &b, &err), -1);
	assert_null(hands.moved);
	assert_int_equal(dnc_journal_append(j, &b, &err), -1);
	assert_int_equal(dnc_journal_last(j), 5);
	move("events.db.away", "events.db");
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[0].logged, DNC_LOGGED_DUPLICATE);
	assert_int_equal(b.events[2].logged, DNC_LOGGED_NEW);
	assert_int_equal(b.events[2].seq, 6);
	assert_int_equal(dnc_journal_last(j), 10);
	assert_int_equal(dnc_journal_duplicates(j), 2);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* An event a day, for 30 days. */
static void fill_days(struct dnc_journal *j, struct dnc_batch *b)
{
	for (int i = 1; i <= 30; i++) {
		append(j, b, i, i);
		prune(j);
		pass(day);
	}
}

static void a_clock_that_jumps_ahead_removes_a_day_more_each_day(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;

	(void)state;
	set_hands();
	j = open_by_hand(90 * day, false);
	fill_days(j, &b);
	hands.wall += year;
	prune(j);
	assert_int_equal(dnc_journal_oldest(j), 1);
	assert_true(dnc_journal_stats(j).clock_held);
	assert_in_range(dnc_journal_stats(j).clock_ahead_ms, 363 * day, 365 * day);
	append(j, &b, 31, 31);
	/* A restart does not change it, nor do many. */
	for (int i = 0; i < 20; i++) {
		dnc_journal_close(j);
		pass(minute);
		j = open_by_hand(90 * day, false);
		prune(j);
		assert_int_equal(dnc_journal_oldest(j), 1);
		assert_true(dnc_journal_stats(j).clock_held);
	}
	/* Back again: as if nothing had been. */
	hands.wall -= year;
	prune(j);
	assert_false(dnc_journal_stats(j).clock_held);
	append(j, &b, 32, 32);
	for (int i = 0; i < 62; i++) {
		pass(day);
		prune(j);
	}
	assert_in_range(dnc_journal_oldest(j), 2, 4);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_clock_that_was_right_is_accepted(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;

	(void)state;
	set_hands();
	j = open_by_hand(90 * day, false);
	fill_days(j, &b);
	dnc_journal_close(j);
	hands.wall += year;
	j = open_by_hand(90 * day, false);
	prune(j);
	assert_int_equal(dnc_journal_oldest(j), 1);
	dnc_journal_close(j);
	j = open_by_hand(90 * day, true);
	prune(j);
	assert_int_equal(dnc_journal_oldest(j), 30);
	assert_false(dnc_journal_stats(j).clock_held);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void expect_time(struct dnc_journal *j, int64_t ms, uint64_t expected)
{
	struct dnc_error err;
	struct dnc_journal_reader *r = dnc_journal_reader_new(j, &err);
	uint64_t seq;

	assert_non_null(r);
	assert_int_equal(dnc_journal_find_time(r, ms, &seq, &err), 0);
	dnc_journal_reader_free(r);
	if (seq != expected)
		fail_msg("%lld: %llu, not %llu", (long long)ms, (unsigned long long)seq,
			(unsigned long long)expected);
}

/* Ten events a minute apart, five more after the clock went JUMP ahead, and ten after it came back. */
static void jump_and_return(int64_t jump, bool restart)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;
	int64_t start;

	set_hands();
	start = hands.wall;
	j = open_by_hand(0, false);
	for (int i = 1; i <= 25; i++) {
		if (i == 11 || i == 16) {
			hands.wall += i == 11 ? jump : -jump;
			if (restart) {
				dnc_journal_close(j);
				j = open_by_hand(0, false);
			}
		}
		append(j, &b, i, i);
		if (i == 1 || i == 10)
			expect_time(j, start, 1);
		pass(minute);
	}
	for (int turn = 0; turn < 2; turn++) {
		expect_time(j, start, 1);
		expect_time(j, start + 4 * minute, 5);
		expect_time(
			j, start + 10 * minute, 11); /* of the jump: with the first one after it */
		expect_time(j, start + 12 * minute, 11);
		expect_time(j, start + 15 * minute, 11);
		expect_time(j, start + 16 * minute, 17);
		expect_time(j, start + 24 * minute, 25);
		expect_time(j, start + 25 * minute, 26);
		expect_time(j, start + 2 * year, 26);
		dnc_journal_close(j);
		hands.wall += year; /* later */
		hands.boot += year;
		j = open_by_hand(0, false);
	}
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_clock_that_jumps_and_returns_spoils_no_times(void **state)
{
	static const int64_t jumps[] = {365 * INT64_C(86400000), -365 * INT64_C(86400000)};

	for (int i = 0; i < 4; i++) {
		jump_and_return(jumps[i / 2], i % 2);
		remove_dir(state);
		assert_int_equal(make_dir(state), 0);
	}
}

static void a_log_that_began_with_a_wrong_clock_recovers(void **state)
{
	struct dnc_batch b = {0};
	struct dnc_journal *j;
	int64_t start;

	(void)state;
	set_hands();
	start = hands.wall;
	hands.wall += year;
	j = open_by_hand(10 * day, false);
	append(j, &b, 1, 5);
	hands.wall -= year;
	for (int i = 6; i <= 20; i++) {
		append(j, &b, i, i);
		prune(j);
		pass(day);
	}
	expect_time(j, start, dnc_journal_oldest(j));
	expect_time(j, start + 12 * day, 18);
	/* The first events are as old as the first one after them. */
	assert_in_range(dnc_journal_oldest(j), 9, 11);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void overwrite(off_t at, const char *bytes, size_t n, off_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/events.db", dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	if (n)
		assert_int_equal(pwrite(fd, bytes, n, at), n);
	if (size >= 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void a_damaged_log_is_refused_with_a_way_out(void **state)
{
	static const struct {
		off_t at, size; /* where bytes are broken; the new size, or -1 */
		const char *message;
	} cases[] = {{0, -1, "damaged"}, {4096, -1, "damaged"}, {-1, 0, "the file is empty"},
		{-1, 8192, "damaged"}, {-1, 30000, "damaged"}};
	static const char junk[4096] = "junk";
	struct dnc_error err;
	struct dnc_batch b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_journal *j = open_log(&err);

		assert_non_null(j);
		fill(&b, 1, 1000);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
		dnc_journal_close(j);
		overwrite(cases[i].at, junk, cases[i].at < 0 ? 0 : sizeof junk, cases[i].size);
		j = open_log(&err);
		if (j || !strstr(err.message, cases[i].message) ||
			!strstr(err.message, "move it away"))
			fail_msg("case %zu: %s", i, j ? "opened" : err.message);
		remove_dir(NULL);
		assert_int_equal(make_dir(NULL), 0);
	}
	dnc_batch_free(&b);
}

static void without_a_directory_only_ids_are_known(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = dnc_journal_open(&(struct dnc_journal_options){0}, &err);

	(void)state;
	assert_non_null(j);
	for (int i = 0; i < 300; i++) { /* more than are remembered */
		fill(&b, i * 1000 + 1, i * 1000 + 1000);
		assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	}
	assert_int_equal(dnc_journal_last(j), 300000);
	fill(&b, 299000, 300010);
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_duplicates(j), 1001);
	assert_int_equal(dnc_journal_last(j), 300010);
	fill(&b, 1, 1000); /* forgotten */
	assert_int_equal(dnc_journal_append(j, &b, &err), 0);
	assert_int_equal(dnc_journal_last(j), 301010);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_logged_is_there_after_a_restart_and_not_twice, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			pruning_takes_the_oldest_and_never_the_newest, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			under_load_the_log_keeps_its_limit_and_the_wal_is_short, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_smaller_limit_gives_room_back, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			access_records_never_push_events_out, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_log_that_is_removed_or_replaced_takes_nothing_until_it_is_back, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_batch_committed_to_a_file_that_is_gone_is_acknowledged_when_it_is_back,
			make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_clock_that_jumps_ahead_removes_a_day_more_each_day, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_clock_that_was_right_is_accepted, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_clock_that_jumps_and_returns_spoils_no_times, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_log_that_began_with_a_wrong_clock_recovers, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_damaged_log_is_refused_with_a_way_out, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			an_id_with_other_content_is_a_conflict_not_a_duplicate, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_time_that_the_source_gave_is_content, make_dir, remove_dir),
		cmocka_unit_test(without_a_directory_only_ids_are_known),
		cmocka_unit_test_setup_teardown(
			each_start_is_an_epoch_and_the_log_knows_where_each_ended, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			a_restored_backup_is_known_by_its_end, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			the_list_of_epochs_is_bounded, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			without_room_for_its_epoch_the_log_stores_it_before_the_first_event,
			fail_files, mend_files),
		cmocka_unit_test_setup_teardown(
			a_read_that_fails_half_way_is_an_error, fail_files, mend_files),
		cmocka_unit_test_setup_teardown(
			a_log_of_an_older_layout_keeps_its_epoch, make_dir, remove_dir),
	};
	int rc;

	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	rc = cmocka_run_group_tests_name("log", tests, NULL, NULL);
	dnc_event_reader_free(events);
	return rc;
}
