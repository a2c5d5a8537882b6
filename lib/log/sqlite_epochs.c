/* sqlite_epochs.c - the list of epochs in the database. */
#include <stdlib.h>
#include "base/clock.h"
#include "priv/sqlite.h"

enum {
	/* A client that resumes in an epoch without events is told the true gap as long as the epoch is known: the
	 * newest of these are kept. */
	EMPTY_KEPT = 1000,
	KEPT = 100000, /* of all: some MB, and 50 ms at the start */
};

static int add(void *ctx, int columns, char **values, char **names)
{
	struct epochs *e = ctx;

	(void)columns;
	(void)names;
	return epochs_add(e, dnc_str(values[0]), strtoull(values[1], NULL, 10));
}

/* Deletes epochs that are not needed any more. */
static int forget(struct journal *j)
{
	char *sql = sqlite3_mprintf("DELETE FROM epochs WHERE n < "
				    "(SELECT max(n) FROM epochs WHERE first_seq <= %lld) - %d "
				    "OR n <= (SELECT max(n) FROM epochs) - %d",
		(long long)j->base.oldest, EMPTY_KEPT, KEPT);
	int rc = sql ? sqlite3_exec(j->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc == SQLITE_OK ? 0 : -1;
}

int sqlite_epoch_store(struct journal *j)
{
	/* A commit that failed may have stored it nevertheless; then it is written again. */
	char *sql = sqlite3_mprintf(
		"INSERT INTO epochs (epoch, first_seq, started_at) VALUES (%Q, %lld, %lld) "
		"ON CONFLICT (epoch) DO UPDATE SET started_at = excluded.started_at",
		j->base.epochs.current, (long long)j->base.epochs.first, (long long)j->started_ms);
	int rc = sql ? sqlite3_exec(j->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc == SQLITE_OK && mask_key_store(j) == 0 ? sqlite_rates_begin(j) : -1;
}

int sqlite_epoch_write(struct journal *j, struct dnc_error *err)
{
	if (sqlite3_exec(j->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
		sqlite_epoch_store(j) == 0 &&
		sqlite3_exec(j->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
		j->epoch_stored = j->tallies.begin_stored = true;
		return 0;
	}
	sqlite_error(j->db, "write", j->path, err);
	if (!sqlite3_get_autocommit(j->db))
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int sqlite_epoch_begin(struct journal *j, struct dnc_error *err)
{
	static const char *const list = "SELECT epoch, first_seq FROM epochs ORDER BY n";

	epochs_free(&j->base.epochs);
	if (sqlite3_exec(j->db, list, add, &j->base.epochs, NULL) != SQLITE_OK)
		return sqlite_error(j->db, "read", j->path, err);
	if (mask_key_load(j, err) < 0)
		return -1;
	epochs_begin(&j->base.epochs, j->base.last + 1);
	j->started_ms = dnc_clock_now_ms();
	if (forget(j) < 0)
		return sqlite_error(j->db, "write", j->path, err);
	return sqlite_epoch_write(j, err);
}
