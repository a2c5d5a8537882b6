/* The log when its files are damaged, removed, replaced, or can't be written or read. */
#include "set_clock.h"
#include <errno.h>
#include <limits.h>
#include <fcntl.h>

/* SQLite's own way to files, but for writes, writes of the database alone, and reads that fail. */
static int failing_writes, failing_copies, failing_reads;

static sqlite3_io_methods failing_io[2]; /* of the database, and of its WAL */

static const sqlite3_io_methods *real_io[2];

static sqlite3_vfs failing_vfs;

static int write_or_fail(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (failing_writes > 0 && failing_writes--)
		return SQLITE_FULL;
	if (f->pMethods == &failing_io[0] && failing_copies > 0 && failing_copies--)
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
	failing_writes = failing_copies = failing_reads = 0;
	return sqlite3_vfs_register(&failing_vfs, 1) == SQLITE_OK ? make_dir(state) : -1;
}

static int mend_files(void **state)
{
	sqlite3_vfs_unregister(&failing_vfs);
	return remove_dir(state);
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
	r = journal_reader_new(j, &err);
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
	journal_reader_free(r);
	run_sql("UPDATE events SET event = '' WHERE seq = 7");
	r = journal_reader_new(j, &err);
	next = 1;
	assert_int_equal(
		dnc_journal_read(r, 1, false, (struct dnc_str){0}, count_up, &next, &err), -1);
	assert_int_equal(next, 7);
	assert_non_null(strstr(err.message, "row 7"));
	journal_reader_free(r);
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
	assert_int_equal(journal_append(j, &b, &err), -1);
	assert_int_equal(err.code, ENOSPC);
	assert_int_equal(journal_append(j, &b, &err), 0);
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
		assert_int_equal(journal_append(j, &b, &err), -1);
		assert_non_null(strstr(err.message, "removed"));
		assert_int_equal(journal_idle(j, &err), -1);
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(journal_append(j, &b, &err), -1);
		assert_non_null(strstr(err.message, "replaced"));
		assert_int_equal(journal_idle(j, &err), -1);
		assert_int_equal(dnc_journal_last(j), 10 + i);
		move("events.db.away", names[i]);
		assert_int_equal(journal_idle(j, &err), 0);
		assert_int_equal(journal_append(j, &b, &err), 0);
		assert_int_equal(b.events[0].seq, 11 + i);
		assert_int_equal(b.events[0].logged, DNC_LOGGED_NEW);
	}
	dnc_journal_close(j);
	dnc_batch_free(&b);
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
	assert_int_equal(journal_append(j, &b, &err), -1);
	assert_null(hands.moved);
	assert_int_equal(journal_append(j, &b, &err), -1);
	assert_int_equal(dnc_journal_last(j), 5);
	move("events.db.away", "events.db");
	assert_int_equal(journal_append(j, &b, &err), 0);
	assert_int_equal(b.events[0].logged, DNC_LOGGED_DUPLICATE);
	assert_int_equal(b.events[2].logged, DNC_LOGGED_NEW);
	assert_int_equal(b.events[2].seq, 6);
	assert_int_equal(dnc_journal_last(j), 10);
	assert_int_equal(dnc_journal_duplicates(j), 2);
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
		assert_int_equal(journal_append(j, &b, &err), 0);
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

static unsigned failing_preads; /* how many reads fail from now on, as those of a failing disk */
static unsigned preads_left;    /* how many succeed before */
static ssize_t (*real_pread)(int fd, void *p, size_t n, off_t at);

static ssize_t pread_or_fail(int fd, void *p, size_t n, off_t at)
{
	if (preads_left) {
		preads_left--;
	} else if (failing_preads) {
		failing_preads--;
		errno = EIO;
		return -1;
	}
	return real_pread(fd, p, n, at);
}

static void replace_pread(sqlite3_syscall_ptr call)
{
	static const char *const names[] = {"pread", "pread64"};
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (vfs->xGetSystemCall(vfs, names[i]))
			assert_int_equal(vfs->xSetSystemCall(vfs, names[i], call), SQLITE_OK);
}

static void a_disk_that_can_not_be_read_is_not_a_damaged_log(void **state)
{
	enum { READS = 200 };
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_log(&err);
	unsigned refused = 0;

	(void)state;
	fill(&b, 1, 1000);
	assert_int_equal(journal_append(j, &b, &err), 0);
	dnc_journal_close(j);
	real_pread = pread;
	replace_pread((sqlite3_syscall_ptr)pread_or_fail);
	/* Whichever read it is that fails, also those of the check. */
	for (unsigned before = 0; before < READS; before++) {
		preads_left = before;
		failing_preads = UINT_MAX;
		j = open_log(&err);
		failing_preads = 0;
		dnc_journal_close(j);
		if (j)
			continue;
		refused++;
		if (strstr(err.message, "damaged") || !strstr(err.message, "check the disk"))
			fail_msg("after %u reads: %s", before, err.message);
	}
	replace_pread(NULL);
	assert_true(refused > 10);
	j = open_log(&err);
	assert_non_null(j);
	assert_int_equal(dnc_journal_last(j), 1000);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void touch(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void make_lock_a_directory(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/lock", dir);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_lock_directory(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/lock", dir);
	rmdir(path);
}

static void make_foreign(void)
{
	run_sql("PRAGMA application_id = 7");
}

static void make_newer(void)
{
	run_sql("PRAGMA user_version = 99");
}

static void make_orphan(void)
{
	move("events.db", "events.db.away");
	touch("events.db-wal");
}

static void a_log_that_can_not_be_opened_says_why_and_stays_as_it_is(void **state)
{
	static const struct {
		void (*spoil)(void);
		const char *message;
	} cases[] = {{make_foreign, "is not an event log"},
		{make_newer, "was written by a newer dnc-wsd (layout 99)"},
		{make_orphan, "events.db is missing, but"},
		{make_lock_a_directory, "unable to open"}};
	char epoch[DNC_EPOCH_LEN + 1];
	struct dnc_error err;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dnc_journal *j = open_epoch(epoch);
		off_t size;

		add_events(j, 1, 10);
		dnc_journal_close(j);
		cases[i].spoil();
		size = size_of("events.db");
		j = open_log(&err);
		if (j || !strstr(err.message, cases[i].message))
			fail_msg("case %zu: %s", i, j ? "opened" : err.message);
		assert_int_equal(size_of("events.db"), size);
		remove_lock_directory();
		remove_dir(state);
		assert_int_equal(make_dir(state), 0);
	}
}

static void a_directory_that_can_not_be_created_is_an_error(void **state)
{
	static char longest[8192];
	char path[128];
	struct dnc_error err;

	(void)state;
	touch("lock");
	snprintf(path, sizeof path, "%s/lock/below", dir);
	assert_null(dnc_journal_open(&(struct dnc_journal_options){.dir = path}, &err));
	assert_non_null(strstr(err.message, "unable to create"));
	memset(longest, 'x', sizeof longest - 1);
	assert_null(dnc_journal_open(&(struct dnc_journal_options){.dir = longest}, &err));
	assert_int_equal(err.code, ENAMETOOLONG);
	snprintf(path, sizeof path, "%s/lock", dir);
	unlink(path);
}

static void pruning_a_full_disk_uses_the_reserve(void **state)
{
	const off_t limit = 4 << 20;
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(limit, &err);
	int rc;

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 20000);
	assert_int_equal(journal_idle(j, &err), 0);
	assert_true(size_of("reserve") > 0);
	assert_int_equal(dnc_journal_stats(j).reserve_bytes, size_of("reserve"));
	failing_writes = 1;
	while ((rc = journal_prune(j, &err)) > 0 && failing_writes)
		;
	assert_int_equal(rc, 1); /* it failed, and is to be tried again */
	assert_int_equal(failing_writes, 0);
	assert_int_equal(size_of("reserve"), 0);
	assert_int_equal(dnc_journal_stats(j).reserve_bytes, 0);
	prune(j);
	assert_true(dnc_journal_oldest(j) > 1);
	assert_int_equal(journal_idle(j, &err), 0);
	append(j, &b, 20001, 20010);
	assert_int_equal(dnc_journal_last(j), 20010);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

/* Pages that the log has beyond those that the disk has blocks for. */
static int64_t pages_without_blocks(void)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	struct stat st;
	int64_t missing;

	snprintf(path, sizeof path, "%s/events.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(stat(path, &st), 0);
	missing = sqlite3_column_int64(s, 0) - st.st_blocks / 8;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return missing;
}

/* Else a WAL that fills the disk could not be copied, nor truncated. */
static void all_that_the_wal_adds_has_blocks_also_after_a_copy_truncated_the_database(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = dnc_journal_open(
		&(struct dnc_journal_options){
			.dir = dir, .retain_bytes = 16 << 20, .sync = DNC_SYNC_OFF},
		&err);

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 1);
	if (pages_without_blocks() > -64) {
		dnc_journal_close(j);
		dnc_batch_free(&b);
		skip(); /* the file system allocates nothing in advance */
	}
	for (int i = 1; i < 300; i++) {
		int64_t until = dnc_clock_mono_ms() + 5000;

		append(j, &b, 20 * i, 20 * i + 19);
		/* A copy may be under way. */
		do
			assert_true(journal_prune(j, &err) >= 0);
		while (pages_without_blocks() > 0 && dnc_clock_mono_ms() < until);
		if (pages_without_blocks() > 0)
			fail_msg("append %d: %d pages have no blocks", i,
				(int)pages_without_blocks());
	}
	assert_true(dnc_journal_stats(j).checkpoints > 2);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

static void a_wal_that_can_not_be_copied_to_a_full_disk_gets_the_reserve(void **state)
{
	struct dnc_error err;
	struct dnc_batch b = {0};
	struct dnc_journal *j = open_limited(4 << 20, &err);
	bool released = false;
	int64_t until;

	(void)state;
	assert_non_null(j);
	append(j, &b, 1, 100);
	assert_int_equal(journal_idle(j, &err), 0);
	assert_true(size_of("reserve") > 0);
	append(j, &b, 101, 1000);
	assert_int_equal(journal_idle(j, &err), 0); /* notes how long the WAL is */
	append(j, &b, 1001, 2000);
	failing_copies = 1;
	for (until = dnc_clock_mono_ms() + 10000;
		size_of("events.db-wal") && dnc_clock_mono_ms() < until;) {
		assert_int_equal(journal_idle(j, &err), 0);
		released |= size_of("reserve") == 0;
	}
	assert_true(released);
	assert_int_equal(failing_copies, 0);
	assert_int_equal(size_of("events.db-wal"), 0);
	assert_int_equal(dnc_journal_stats(j).wal_held, false);
	dnc_journal_close(j);
	dnc_batch_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_read_that_fails_half_way_is_an_error, fail_files, mend_files),
		cmocka_unit_test_setup_teardown(
			without_room_for_its_epoch_the_log_stores_it_before_the_first_event,
			fail_files, mend_files),
		log_test(a_log_that_is_removed_or_replaced_takes_nothing_until_it_is_back),
		log_test(a_batch_committed_to_a_file_that_is_gone_is_acknowledged_when_it_is_back),
		log_test(a_damaged_log_is_refused_with_a_way_out),
		log_test(a_disk_that_can_not_be_read_is_not_a_damaged_log),
		log_test(a_log_that_can_not_be_opened_says_why_and_stays_as_it_is),
		log_test(a_directory_that_can_not_be_created_is_an_error),
		cmocka_unit_test_setup_teardown(
			pruning_a_full_disk_uses_the_reserve, fail_files, mend_files),
		log_test(all_that_the_wal_adds_has_blocks_also_after_a_copy_truncated_the_database),
		cmocka_unit_test_setup_teardown(
			a_wal_that_can_not_be_copied_to_a_full_disk_gets_the_reserve, fail_files,
			mend_files),
	};

	return cmocka_run_group_tests_name("log_faults", tests, make_reader, free_reader);
}
