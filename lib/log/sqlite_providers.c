/* sqlite_providers.c - what is known last of each provider, in the database: a row for each event that
 * dnc_journal_providers() keeps. */
#include "priv/sqlite.h"

static int read_row(struct journal *j, sqlite3_stmt *s)
{
	struct dnc_str name = {
		(const char *)sqlite3_column_text(s, 0), (size_t)sqlite3_column_bytes(s, 0)};
	int64_t fact = sqlite3_column_int64(s, 1), at_ms = sqlite3_column_int64(s, 3);
	struct dnc_str line = {
		(const char *)sqlite3_column_text(s, 4), (size_t)sqlite3_column_bytes(s, 4)};

	/* No row that the hub wrote. */
	if (!name.n || !line.n || fact < 0 || fact >= DNC_PROVIDER_FACTS ||
		!dnc_clock_in_range(at_ms))
		return 0;
	return providers_restore(j->base.providers, name, (enum dnc_provider_fact)fact,
		(uint64_t)sqlite3_column_int64(s, 2), at_ms, line);
}

int sqlite_providers_open(struct journal *j, struct dnc_error *err)
{
	static const char sql[] = "SELECT provider, fact, seq, at, event FROM providers";
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(j->db, sql, -1, &s, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		rc = read_row(j, s) < 0 ? SQLITE_NOMEM : SQLITE_OK;
	sqlite3_finalize(s);
	providers_commit(j->base.providers);
	providers_set_since(j->base.providers, j->tallies.since_ms);
	return rc == SQLITE_DONE ? 0 : sqlite_error(j->db, "read", j->path, err);
}

static int write_row(void *ctx, struct dnc_str name, enum dnc_provider_fact fact,
	const struct dnc_provider_event *event)
{
	struct journal *j = ctx;
	sqlite3_stmt *s = j->write[STORE_PROVIDER];

	sqlite3_bind_text(s, 1, name.p, (int)name.n, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, (int)fact);
	sqlite3_bind_int64(s, 3, (int64_t)event->seq);
	sqlite3_bind_int64(s, 4, event->at_ms);
	sqlite3_bind_text(s, 5, event->line.p, (int)event->line.n, SQLITE_STATIC);
	return sqlite_run(j, STORE_PROVIDER);
}

int sqlite_providers_store(struct journal *j)
{
	return providers_each_staged(j->base.providers, write_row, j);
}

int sqlite_providers_write(struct journal *j, const struct dnc_batch *batch)
{
	providers_abandon(j->base.providers);
	for (size_t i = 0; i < batch->count; i++) {
		const struct dnc_batch_event *e = &batch->events[i];

		if (e->seq && providers_concerns((enum dnc_type)e->shape.type) &&
			providers_stage(j->base.providers, dnc_piece_str(batch, e->line), e->seq,
				j->logged_at_ms) < 0)
			return -1;
	}
	return sqlite_providers_store(j);
}
