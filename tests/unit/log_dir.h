/* log_dir.h - a log in a directory of its own, for the tests of lib/log. */
#pragma once
#include "numbered.h"
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "log/priv/batch.h"
#include "log/priv/journal.h"

static char dir[64];
static struct dnc_event_reader *events;

static inline int make_reader(void **state)
{
	(void)state;
	events = dnc_event_reader_new(&(struct dnc_event_options){0});
	return events ? 0 : -1;
}

static inline int free_reader(void **state)
{
	(void)state;
	dnc_event_reader_free(events);
	return 0;
}

static inline int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/dnc-log-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
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

static inline struct dnc_journal *open_log(struct dnc_error *err)
{
	return dnc_journal_open(&(struct dnc_journal_options){.dir = dir}, err);
}

static inline struct dnc_journal *open_limited(off_t bytes, struct dnc_error *err)
{
	return dnc_journal_open(
		&(struct dnc_journal_options){.dir = dir, .retain_bytes = (uint64_t)bytes}, err);
}

/* Events number FROM to TO; the number stands in id and phone number. */
static inline void fill(struct dnc_batch *b, int from, int to)
{
	batch_clear(b);
	for (int i = from; i <= to; i++)
		numbered_add(events, b, i, "t");
}

static inline void append(struct dnc_journal *j, struct dnc_batch *b, int from, int to)
{
	struct dnc_error err;

	fill(b, from, to);
	if (journal_append(j, b, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void prune(struct dnc_journal *j)
{
	struct dnc_error err;
	int rc;

	while ((rc = journal_prune(j, &err)) > 0)
		;
	if (rc < 0)
		fail_msg("%s", err.message);
}

static inline bool count_up(void *ctx, uint64_t seq, struct dnc_str line)
{
	uint64_t *next = ctx;

	assert_int_equal(seq, *next);
	assert_int_equal(line.p[line.n - 1], '}');
	++*next;
	return true;
}

static inline bool first_only(void *ctx, uint64_t seq, struct dnc_str line)
{
	(void)line;
	*(uint64_t *)ctx = seq;
	return false;
}

static inline off_t size_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static inline off_t size_of_all(void)
{
	return size_of("events.db") + size_of("events.db-wal") + size_of("events.db-shm") +
	       size_of("reserve");
}

static inline void move(const char *from, const char *to)
{
	char a[128], b[128];

	snprintf(a, sizeof a, "%s/%s", dir, from);
	snprintf(b, sizeof b, "%s/%s", dir, to);
	assert_int_equal(rename(a, b), 0);
}

/* Runs SQL on the log, as an operator would at the shell. */
static inline void run_sql(const char *format)
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

/* Opens the log, and copies the name of its epoch. */
static inline struct dnc_journal *open_epoch(char epoch[DNC_EPOCH_LEN + 1])
{
	struct dnc_error err;
	struct dnc_journal *j = open_log(&err);

	if (!j)
		fail_msg("%s", err.message);
	strcpy(epoch, dnc_journal_epoch(j).name);
	return j;
}

static inline void add_events(struct dnc_journal *j, int from, int to)
{
	struct dnc_error err;
	struct dnc_batch b = {0};

	fill(&b, from, to);
	assert_int_equal(journal_append(j, &b, &err), 0);
	dnc_batch_free(&b);
}

/* The last number of EPOCH; 0 when the log does not know it. */
static inline uint64_t end_of(const struct dnc_journal *j, const char *epoch)
{
	uint64_t end = 0;

	return dnc_journal_epoch_end(j, dnc_str(epoch), &end) ? end : 0;
}

/* A test with a directory of its own. */
#define log_test(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
