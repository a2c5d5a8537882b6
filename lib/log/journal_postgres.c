/* journal_postgres.c - the event log in PostgreSQL, to which several hubs append: appending, retention. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/postgres.h"

enum {
	PRUNE_MS = 10000,  /* between turns of pruning, unless more is left */
	COMMIT_MS = 10000, /* between commits, when nothing is appended */
};

/* The arrays that dnc.append() takes, in its order. */
enum column { IDS, TYPES, PHONES, PROVIDERS, SEVERITIES, TIMESTAMPS, EVENTS, AUDIT, COLUMNS };

static struct pg_journal *journal_of(struct dnc_journal *base)
{
	return (struct pg_journal *)base;
}

static void add_event(struct dnc_buf *columns, const struct dnc_event *e)
{
	pg_array_uuid(&columns[IDS], e->id);
	pg_array_text(&columns[TYPES], dnc_type_names[e->type]);
	pg_array_text(&columns[PHONES], e->phone_number);
	pg_array_text(&columns[PROVIDERS], e->provider);
	pg_array_text(&columns[SEVERITIES], e->severity_text);
	pg_array_text(&columns[TIMESTAMPS], e->timestamp);
	pg_array_text(&columns[EVENTS], e->line);
}

/* Makes arrays of the batch. False when there is no memory. */
static bool fill_columns(struct dnc_buf *columns, const struct dnc_batch *batch)
{
	const char *at = batch->audit.p, *end = batch->audit.n ? at + batch->audit.n : at;
	bool ok = true;

	for (int c = 0; c < COLUMNS; c++)
		pg_array_begin(&columns[c], c == IDS ? PG_UUIDS : PG_TEXTS);
	for (size_t i = 0; i < batch->count; i++) {
		struct dnc_event event = content_event(batch, &batch->events[i]);

		add_event(columns, &event);
	}
	while (at < end) {
		size_t n = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);

		pg_array_text(&columns[AUDIT], (struct dnc_str){at, n});
		at += n + 1;
	}
	for (int c = 0; c < COLUMNS; c++)
		ok &= dnc_buf_ok(&columns[c]);
	return ok;
}

/* Sends the batch. The answer is to be cleared. */
static PGresult *send_batch(
	struct pg_appender *a, const struct dnc_batch *batch, struct dnc_error *err)
{
	static const char sql[] = "SELECT i, seq, stored FROM dnc.append($1,$2,$3,$4,$5,$6,$7,$8)";
	struct pg_param params[COLUMNS];

	if (!fill_columns(a->columns, batch) ||
		!dnc_array_grow(&a->rows, &a->rows_room, batch->count)) {
		dnc_error_nomem(err);
		return NULL;
	}
	for (int c = 0; c < COLUMNS; c++)
		params[c] = pg_array(&a->columns[c]);
	return pg_run(a->pg, sql, COLUMNS, params, err);
}

/* Notes which row of the answer is that of which event. */
static int order_rows(
	struct pg_appender *a, const PGresult *answer, size_t count, struct dnc_error *err)
{
	bool whole = (size_t)PQntuples(answer) == count;

	for (size_t i = 0; i < count; i++)
		a->rows[i] = -1;
	for (int row = 0; whole && row < PQntuples(answer); row++) {
		int64_t i = pg_get_int(answer, row, 0);

		whole = i >= 1 && (size_t)i <= count && a->rows[i - 1] < 0;
		if (whole)
			a->rows[i - 1] = row;
	}
	return whole ? 0
	             : dnc_error_set(err, EIO,
			       "dnc.append() did not answer for each event: is it that of "
			       "dnc-wsd --init-log?");
}

/* What became of event E, whose id the log had. An event of a batch that was sent before may be found as itself: it is new
 * if nobody else can have appended it, which its number tells, and the one before it in the batch. */
static int find_known(struct pg_appender *a, const struct dnc_batch *batch,
	const struct dnc_batch_event *e, struct dnc_str stored, uint64_t seq, uint64_t last_new,
	enum dnc_logged *logged)
{
	struct dnc_event event = content_event(batch, e);

	if (a->unsure && seq > a->unsure_after && seq > last_new &&
		dnc_str_eq(stored, event.line)) {
		*logged = DNC_LOGGED_NEW;
		return 0;
	}
	return content_compare(&a->comparison, &event, stored, logged);
}

/* Sets what became of each event. *COUNTS are by enum dnc_logged. */
static int read_answer(struct pg_appender *a, struct dnc_batch *batch, const PGresult *answer,
	uint64_t counts[DNC_LOGGED_CONFLICT + 1], struct dnc_error *err)
{
	uint64_t last_new = 0;

	if (order_rows(a, answer, batch->count, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->count; i++) {
		struct dnc_batch_event *e = &batch->events[i];
		uint64_t seq = (uint64_t)pg_get_int(answer, a->rows[i], 1);
		enum dnc_logged logged = DNC_LOGGED_NEW;

		if (!PQgetisnull(answer, a->rows[i], 2) &&
			find_known(a, batch, e, pg_get_text(answer, a->rows[i], 2), seq, last_new,
				&logged) < 0)
			return dnc_error_nomem(err);
		e->logged = (uint8_t)logged;
		e->seq = logged == DNC_LOGGED_NEW ? seq : 0;
		if (e->seq)
			last_new = seq;
		counts[logged]++;
	}
	return 0;
}

/* What a call of the appender, which has succeeded or FAILED, says of its connection. */
static void note_call(struct pg_journal *j, bool failed)
{
	struct pg_appender *a = &j->appender;

	if (pg_is_new(a->pg)) {
		j->base.stats.reconnects += a->connected;
		a->reopened |= a->connected;
		a->connected = a->unfailed = true;
	}
	if (failed && (a->unfailed || !a->failed_ms)) {
		a->failed_ms = dnc_clock_mono_ms();
		a->unfailed = false;
	}
}

/* Something was committed. If that is another server than the follower's, or another connection, the server that the follower listens
 * to may run on and have nothing to say: unless the follower has found out by itself, it goes along. */
static void note_commit(struct pg_journal *j)
{
	struct pg_appender *a = &j->appender;

	a->commit_due_ms = dnc_clock_mono_ms() + COMMIT_MS;
	if (a->reopened && (!a->failed_ms || j->follower.begun_ms < a->failed_ms ||
				   j->follower.host != pg_host(a->pg))) {
		j->moved_to = pg_host(a->pg);
		postgres_follow.wake(&j->base);
	}
	a->reopened = false;
	a->failed_ms = 0;
}

/* A batch that failed may be committed nevertheless. It is sent again, and its events are found by their ids; audit
 * records may then be there twice. */
static int postgres_append(struct dnc_journal *base, struct dnc_batch *batch, struct dnc_error *err)
{
	struct pg_journal *j = journal_of(base);
	struct pg_appender *a = &j->appender;
	uint64_t counts[DNC_LOGGED_CONFLICT + 1] = {0};
	uint64_t known = base->stats.known;
	PGresult *answer;
	bool unknown;
	int rc;

	if (!batch->count && !batch->audit.n)
		return 0;
	answer = send_batch(a, batch, err);
	rc = answer ? read_answer(a, batch, answer, counts, err) : -1;
	unknown = answer ||
	          pg_outcome_unknown(a->pg); /* an answer that can't be used: it is committed */
	PQclear(answer);
	note_call(j, rc < 0);
	if (rc < 0) {
		if (!a->unsure && unknown) {
			a->unsure_after = known > base->last ? known : base->last;
			a->unsure = true;
		}
		return -1;
	}
	note_commit(j);
	base->stats.commits_repeated += a->unsure;
	a->unsure = false;
	base->duplicates += counts[DNC_LOGGED_DUPLICATE];
	base->conflicts += counts[DNC_LOGGED_CONFLICT];
	return 0;
}

/* Between turns: the last one counts, so that one that failed is not taken for mended. */
static int last_turn(const struct pg_appender *a, struct dnc_error *err)
{
	if (!a->prune_fault.code)
		return 0;
	*err = a->prune_fault;
	return -1;
}

/* By the server's clock, or this machine's if that is behind: one that is a year ahead must not remove what is young. Without
 * limits it still removes old counts. */
static int postgres_prune(struct dnc_journal *base, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT dnc.prune(CASE WHEN $1 > 0 THEN least($3, floor(extract(epoch FROM "
		"clock_timestamp()) * 1000)::bigint) - $1 END, nullif($2, 0), $3), dnc.size()";
	struct pg_journal *j = journal_of(base);
	struct pg_appender *a = &j->appender;
	const struct pg_param params[] = {pg_int8(j->options.retain_ms),
		pg_int8((int64_t)j->options.retain_bytes), pg_int8(dnc_clock_now_ms())};
	int64_t now = dnc_clock_mono_ms();
	PGresult *answer;
	bool more;

	if (now < a->prune_due_ms)
		return last_turn(a, err);
	a->prune_due_ms = now + PRUNE_MS;
	a->prune_fault.code = 0;
	answer = pg_run(a->pg, sql, 3, params, err);
	if (!answer) {
		a->prune_fault = *err;
		return -1;
	}
	more = pg_get_bool(answer, 0, 0);
	base->stats.bytes = (uint64_t)pg_get_int(answer, 0, 1);
	PQclear(answer);
	if (more)
		a->prune_due_ms = now;
	return more;
}

/* Whether a commit would work, as far as can be told without one. */
static int check_writable(struct pg *pg, struct dnc_error *err)
{
	static const char sql[] = "SELECT current_setting('transaction_read_only')::boolean";
	PGresult *answer = pg_run(pg, sql, 0, NULL, err);
	bool read_only;

	if (!answer)
		return -1;
	read_only = pg_get_bool(answer, 0, 0);
	PQclear(answer);
	return read_only
	               ? dnc_error_set(err, EROFS,
				 "the log's server takes no writes: set its default_transaction_read_only to off")
	               : 0;
}

/* From time to time, and after a failure, something is committed: a primary whose standbys follow another says nothing of
 * it. */
static int postgres_idle(struct dnc_journal *base, struct dnc_error *err)
{
	struct pg_journal *j = journal_of(base);
	struct pg_appender *a = &j->appender;
	int rc = check_writable(a->pg, err);
	bool due;

	note_call(j, rc < 0);
	due = a->reopened || a->failed_ms || dnc_clock_mono_ms() >= a->commit_due_ms;
	if (rc < 0 || !due)
		return rc;
	rc = postgres_await_standbys(a->pg, a->waiting, err);
	note_call(j, rc < 0);
	if (rc == 0)
		note_commit(j);
	return rc;
}

static void postgres_close(struct dnc_journal *base)
{
	struct pg_journal *j = journal_of(base);

	pg_free(j->appender.pg);
	pg_free(j->follower.pg);
	for (int c = 0; c < COLUMNS; c++)
		dnc_buf_free(&j->appender.columns[c]);
	free(j->appender.rows);
	free(j->appender.waiting);
	free(j->follower.waiting);
	content_comparison_free(&j->appender.comparison);
	if (j->follower.wake_fd >= 0)
		close(j->follower.wake_fd);
	if (j->stop_fd >= 0)
		close(j->stop_fd);
	epochs_free(base->epochs);
	rates_free(base->rates);
	providers_free(base->providers);
	revocations_free(base->revocations);
	sodium_memzero(base->mask_key, sizeof base->mask_key);
	free(j);
}

static const struct journal_ops postgres_ops = {postgres_close, postgres_append, postgres_prune,
	postgres_idle, postgres_reader_new, postgres_reader_free, postgres_reader_rest,
	postgres_reader_stop, postgres_read, postgres_find_time, true, &postgres_follow};

/* Each reader has its own connections to the standbys: they are looked at once, at the start. */
static int check_standby(const char *standby, struct dnc_error *err)
{
	struct pg *pg = pg_new(standby, PG_PREFER_STANDBY, "dnc-wsd: reads", err);

	if (pg)
		pg_warn_of_target(pg);
	pg_free(pg);
	return pg ? 0 : -1;
}

static int make_parts(struct pg_journal *j, struct dnc_error *err)
{
	const char *log = j->options.log;

	j->follower.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	j->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->follower.wake_fd < 0 || j->stop_fd < 0)
		return dnc_error_set(err, errno, "unable to make an eventfd: %s", strerror(errno));
	j->appender.comparison.parser = dnc_json_parser_new();
	j->base.providers = providers_new();
	j->base.epochs = epochs_new();
	j->base.revocations = revocations_new();
	j->base.changes.look = postgres_look;
	if (!j->appender.comparison.parser || !j->base.providers || !j->base.epochs ||
		!j->base.revocations)
		return dnc_error_nomem(err);
	j->appender.pg = pg_new(log, PG_PRIMARY, "dnc-wsd: appends", err);
	if (!j->appender.pg)
		return -1;
	j->follower.pg = pg_new(log, PG_PRIMARY, "dnc-wsd: follows", err);
	if (!j->follower.pg)
		return -1;
	pg_warn_of_target(j->appender.pg);
	if (j->options.standby && check_standby(j->options.standby, err) < 0)
		return -1;
	pg_stop_fd(j->appender.pg, j->stop_fd);
	pg_stop_fd(j->follower.pg, j->stop_fd);
	j->appender.waiting = postgres_waiting_new(j->appender.pg);
	j->follower.waiting = postgres_waiting_new(j->follower.pg);
	return j->appender.waiting && j->follower.waiting ? 0 : dnc_error_nomem(err);
}

struct dnc_journal *journal_postgres_open(
	const struct dnc_journal_options *options, struct dnc_error *err)
{
	struct pg_journal *j = calloc(1, sizeof *j);

	if (!j) {
		dnc_error_nomem(err);
		return NULL;
	}
	j->base = (struct dnc_journal){.ops = &postgres_ops, .oldest = 1};
	j->options = *options;
	j->follower.wake_fd = j->stop_fd = -1;
	j->moved_to = -1;
	if (make_parts(j, err) == 0 && postgres_load(j, err) == 0) {
		pg_warn_of_network(j->appender.pg);
		return &j->base;
	}
	postgres_close(&j->base);
	return NULL;
}
