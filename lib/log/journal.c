/* journal.c - selects the implementation and calls it. */
#include "priv/hubs.h"
#include "priv/journal_ops.h"

static struct dnc_journal *open_engine(
	const struct dnc_journal_options *options, struct dnc_error *err)
{
	if (options->log)
		return journal_postgres_open(options, err);
	return options->dir ? journal_sqlite_open(options, err) : journal_memory_open(err);
}

struct dnc_journal *dnc_journal_open(
	const struct dnc_journal_options *options, struct dnc_error *err)
{
	struct dnc_hubs *hubs = hubs_new();
	struct dnc_journal *j = hubs ? open_engine(options, err) : NULL;

	if (j) {
		j->hubs = hubs;
		return j;
	}
	if (!hubs)
		dnc_error_nomem(err);
	hubs_free(hubs);
	return NULL;
}

void dnc_journal_close(struct dnc_journal *j)
{
	struct dnc_hubs *hubs = j ? j->hubs : NULL;

	if (j)
		j->ops->close(j);
	hubs_free(hubs);
}

int journal_append(struct dnc_journal *j, struct dnc_batch *batch, struct dnc_error *err)
{
	return j->ops->append(j, batch, err);
}

int journal_prune(struct dnc_journal *j, struct dnc_error *err)
{
	return j->ops->prune(j, err);
}

int journal_idle(struct dnc_journal *j, struct dnc_error *err)
{
	return j->ops->idle(j, err);
}

size_t journal_batch_bytes(const struct dnc_journal *j)
{
	return j->batch_bytes ? j->batch_bytes : SIZE_MAX;
}

struct dnc_journal_stats dnc_journal_stats(const struct dnc_journal *j)
{
	const struct journal_stats *f = &j->stats;
	uint64_t last = j->last, known = f->known, announced = f->announced;
	uint64_t newest = known > announced ? known : announced;

	return (struct dnc_journal_stats){.bytes = f->bytes,
		.free_bytes = f->free_bytes,
		.wal_bytes = f->wal_bytes,
		.reserve_bytes = f->reserve_bytes,
		.pruned = f->pruned,
		.checkpoints = f->checkpoints,
		.clock_ahead_ms = f->clock_ahead_ms,
		.newest_ms = f->newest_ms,
		.disk_free_bytes = f->disk_free_bytes,
		.clock_held = f->clock_held,
		.wal_held = f->wal_held,
		.lag_events = newest > last ? newest - last : 0,
		.rows_read = f->rows_read,
		.standby_rows_read = f->standby_rows_read,
		.commits_repeated = f->commits_repeated,
		.reconnects = f->reconnects,
		.failovers = f->failovers,
		.revoked = f->revoked};
}

struct dnc_epoch dnc_journal_epoch(const struct dnc_journal *j)
{
	return epochs_current(j->epochs);
}

uint64_t dnc_journal_epoch_changes(const struct dnc_journal *j)
{
	return epochs_changes(j->epochs);
}

bool dnc_journal_epoch_end(const struct dnc_journal *j, struct dnc_str epoch, uint64_t *end)
{
	return epochs_find(j->epochs, epoch, end);
}

const unsigned char *dnc_journal_mask_key(const struct dnc_journal *j)
{
	return j->mask_key;
}

uint64_t dnc_journal_last(const struct dnc_journal *j)
{
	return j->last;
}

uint64_t dnc_journal_oldest(const struct dnc_journal *j)
{
	return j->oldest;
}

bool dnc_journal_keeps_events(const struct dnc_journal *j)
{
	return j->ops->keeps_events;
}

uint64_t dnc_journal_duplicates(const struct dnc_journal *j)
{
	return j->duplicates;
}

uint64_t dnc_journal_conflicts(const struct dnc_journal *j)
{
	return j->conflicts;
}

struct dnc_rates *dnc_journal_rates(const struct dnc_journal *j)
{
	return j->rates;
}

struct dnc_providers *dnc_journal_providers(const struct dnc_journal *j)
{
	return j->providers;
}

uint64_t dnc_journal_revocations(const struct dnc_journal *j)
{
	return j->revocations ? revocations_changes(j->revocations) : 0;
}

uint64_t dnc_journal_revoked(const struct dnc_journal *j, struct dnc_buf *out)
{
	return j->revocations ? revocations_copy(j->revocations, out) : 0;
}

struct dnc_hubs *dnc_journal_hubs(const struct dnc_journal *j)
{
	return j->hubs;
}

struct dnc_journal_reader *journal_reader_new(struct dnc_journal *j, struct dnc_error *err)
{
	return j->ops->reader_new(j, err);
}

void journal_reader_free(struct dnc_journal_reader *r)
{
	if (r)
		r->journal->ops->reader_free(r);
}

void journal_reader_rest(struct dnc_journal_reader *r)
{
	if (r->journal->ops->reader_rest)
		r->journal->ops->reader_rest(r);
}

void journal_reader_stop(struct dnc_journal_reader *r)
{
	if (r->journal->ops->reader_stop)
		r->journal->ops->reader_stop(r);
}

const struct dnc_journal *dnc_journal_of(const struct dnc_journal_reader *r)
{
	return r->journal;
}

int dnc_journal_read(struct dnc_journal_reader *r, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	return r->journal->ops->read(r, from, back, phone, each, ctx, err);
}

int dnc_journal_find_time(
	struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	return r->journal->ops->find_time(r, ms, seq, err);
}
