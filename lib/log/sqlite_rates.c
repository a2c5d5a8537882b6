/* sqlite_rates.c - the counts of dnc_journal_rates() in the database.
 *
 * A row has one step, and is written with the first commit of a later one, or when many events have been counted; not with
 * every commit, which would have to write a page more. Events after the last row are counted again when the log is
 * opened, so that the counts are exact after a crash. Since when events are counted is in table log. */
#include <inttypes.h>
#include <stdio.h>
#include "base/clock.h"
#include "priv/sqlite.h"

/* So many events are counted again at most, besides one batch. */
enum { UNSTORED_MAX = 16384 };

static const char begin_key[] = "counted";

/* Since when events are counted; the number of the last one that is not; and since when providers are known. */
static int read_begin(struct journal *j, struct dnc_error *err)
{
	struct tallies *t = &j->tallies;
	char text[80];

	if (sqlite_get_text(j, begin_key, text, sizeof text, err) < 0)
		return -1;
	t->begin_stored = sscanf(text, "%" SCNd64 " %" SCNu64 " %" SCNd64, &t->from_ms, &t->stored,
				  &t->since_ms) == 3 &&
	                  dnc_clock_in_range(t->from_ms) && dnc_clock_in_range(t->since_ms);
	if (t->begin_stored)
		return 0;
	t->from_ms = times_wall_ms(j);
	t->stored = j->base.last;
	t->since_ms = j->base.last ? t->from_ms : 0;
	return 0;
}

static int write_begin(struct journal *j, int64_t from_ms, uint64_t stored)
{
	char text[80];

	snprintf(text, sizeof text, "%" PRId64 " %" PRIu64 " %" PRId64, from_ms, stored,
		j->tallies.since_ms);
	return sqlite_set_text(j, begin_key, text, NULL);
}

int sqlite_rates_begin(struct journal *j)
{
	return j->tallies.begin_stored ? 0 : write_begin(j, j->tallies.from_ms, j->tallies.stored);
}

static int read_rows(struct journal *j)
{
	static const char sql[] = "SELECT * FROM rates ORDER BY step DESC LIMIT ?1";
	struct rate_step row;
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		sqlite3_bind_int(s, 1, DNC_RATE_STEPS);
	while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		uint64_t stored = (uint64_t)sqlite3_column_int64(s, 1);

		row.step = sqlite3_column_int64(s, 0);
		for (int i = 0; i < DNC_TYPES; i++)
			row.counts[i] = (uint32_t)sqlite3_column_int64(s, 2 + i);
		rates_restore(j->base.rates, &row);
		if (stored > j->tallies.stored)
			j->tallies.stored = stored;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int count_rest(struct journal *j)
{
	static const char sql[] = "SELECT type, logged_at FROM events WHERE seq > ?1 ORDER BY seq";
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);

	if (rc == SQLITE_OK)
		sqlite3_bind_int64(s, 1, (int64_t)j->tallies.stored);
	while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		uint32_t counts[DNC_TYPES] = {0};
		enum dnc_type type;

		if (dnc_type_from_name(dnc_str((const char *)sqlite3_column_text(s, 0)), &type)) {
			counts[type] = 1;
			rates_add(j->base.rates, sqlite3_column_int64(s, 1), counts);
		}
		rc = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : -1;
}

int sqlite_rates_open(struct journal *j, struct dnc_error *err)
{
	if (read_begin(j, err) < 0)
		return -1;
	rates_begin(j->base.rates, j->tallies.from_ms);
	return read_rows(j) == 0 && count_rest(j) == 0 ? 0
	                                               : sqlite_error(j->db, "read", j->path, err);
}

/* Stores the step that was counted in last, and drops those that are too old. */
static int store(struct journal *j)
{
	sqlite3_stmt *s = j->write[STORE_RATES];
	struct rate_step row = rates_newest(j->base.rates);

	sqlite3_bind_int64(s, 1, row.step);
	sqlite3_bind_int64(s, 2, (int64_t)j->base.last);
	for (int i = 0; i < DNC_TYPES; i++)
		sqlite3_bind_int64(s, 3 + i, row.counts[i]);
	sqlite3_bind_int64(j->write[DROP_RATES], 1, row.step - DNC_RATE_STEPS);
	return sqlite_run(j, STORE_RATES) == 0 ? sqlite_run(j, DROP_RATES) : -1;
}

int sqlite_rates_write(struct journal *j, uint64_t *stored)
{
	uint64_t unstored = j->base.last - j->tallies.stored;

	*stored = j->tallies.stored;
	if (rates_goes_back(j->base.rates, j->logged_at_ms)) {
		*stored = j->base.last;
		sqlite3_bind_int64(j->write[DROP_RATES], 1, INT64_MAX);
		return sqlite_run(j, DROP_RATES) == 0
		               ? write_begin(j, j->logged_at_ms, j->base.last)
		               : -1;
	}
	if (!unstored || (unstored < UNSTORED_MAX && rates_newest(j->base.rates).step ==
							     j->logged_at_ms / DNC_RATE_STEP_MS))
		return 0;
	*stored = j->base.last;
	return store(j);
}

int sqlite_rates_keep(struct journal *j, uint64_t end)
{
	if (end <= j->tallies.stored + 1)
		return 0;
	if (store(j) < 0)
		return -1;
	j->tallies.stored = j->base.last;
	return 0;
}
