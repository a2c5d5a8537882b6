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
	(void)columns;
	(void)names;
	return epoch_list_add(ctx, dnc_str(values[0]), strtoull(values[1], NULL, 10));
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
	struct dnc_epoch epoch = epochs_current(j->base.epochs);
	char *sql = sqlite3_mprintf(
		"INSERT INTO epochs (epoch, first_seq, started_at) VALUES (%Q, %lld, %lld) "
		"ON CONFLICT (epoch) DO UPDATE SET started_at = excluded.started_at",
		epoch.name, (long long)epoch.first, (long long)j->started_ms);
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

static int load_and_begin(struct journal *j, struct dnc_error *err)
{
	static const char *const sql = "SELECT epoch, first_seq FROM epochs ORDER BY n";
	struct epoch_list list = {0};
	int rc = 0;

	if (sqlite3_exec(j->db, sql, add, &list, NULL) != SQLITE_OK)
		rc = sqlite_error(j->db, "read", j->path, err);
	else if ((!j->base.epochs && !(j->base.epochs = epochs_new())) ||
		 epochs_begin(j->base.epochs, &list, j->base.last + 1) < 0)
		rc = dnc_error_nomem(err);
	epoch_list_free(&list);
	return rc;
}

int sqlite_epoch_begin(struct journal *j, struct dnc_error *err)
{
	if (load_and_begin(j, err) < 0 || mask_key_load(j, err) < 0)
		return -1;
	j->started_ms = dnc_clock_now_ms();
	if (forget(j) < 0)
		return sqlite_error(j->db, "write", j->path, err);
	return sqlite_epoch_write(j, err);
}
