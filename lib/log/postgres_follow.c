/* postgres_follow.c - reads what is appended to a log in PostgreSQL, by whichever hub, and which tokens are revoked: woken by
 * NOTIFY, in order. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/postgres.h"

/* Between looks for the oldest event, which another hub may have removed. */
enum { OLDEST_MS = 5000 };

static struct pg_journal *journal_of(struct dnc_journal *base)
{
	return (struct pg_journal *)base;
}

/* The connection is not used as it is. What was announced on it is to be found on the next one, too. */
static int fail(struct pg_journal *j)
{
	journal_know(&j->base, j->base.stats.announced);
	j->follower.listening = false;
	return -1;
}

/* Events from FROM on that were read are gone: they can't be taken back, and nothing fits to them. */
static int lose(struct pg_journal *j, uint64_t from, struct dnc_error *err)
{
	uint64_t last = j->base.last;

	journal_lost(&j->base, from < last ? from : last, last);
	return dnc_error_set(
		err, ESTALE, "events from %" PRIu64 " on are not in the log any more", from);
}

/* The id that the event `last` = $1 has in the log; null: there is none. */
#define NEWEST_ID "(SELECT id FROM dnc.events WHERE seq = $1)"

/* Whether that, in ROW 0 of R, says that the newest event that was read is still there, as it was. */
static bool is_newest_there(const struct pg_journal *j, const PGresult *r, int column)
{
	char id[DNC_UUID_LEN];

	if (!j->base.last)
		return true;
	if (PQgetisnull(r, 0, column))
		return false;
	pg_get_uuid(r, 0, column, id);
	return memcmp(id, j->follower.newest_id, sizeof id) == 0;
}

/* The same, or retention has removed it: then the events after it are there, or the next one that is read tells which are not.
 * 1, 0, or -1 with ERR. */
static int find_newest(struct pg_journal *j, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT " NEWEST_ID ", (SELECT seq FROM dnc.events ORDER BY seq LIMIT 1) > $1";
	const struct pg_param seq = pg_int8((int64_t)j->base.last);
	PGresult *r = pg_run(j->follower.pg, sql, 1, &seq, err);
	bool there = r && (is_newest_there(j, r, 0) || pg_get_bool(r, 0, 1));

	PQclear(r);
	return r ? there : -1;
}

/* *FIRST is the lowest number with which an epoch began that either the log or this hub does not know; UINT64_MAX when there
 * is none. A log that was restored, or whose former server is back, may lack the newest one. *CURRENT: both have the same newest one. */
static int compare_epochs(
	struct pg_journal *j, uint64_t *first, bool *current, struct dnc_error *err)
{
	static const char sql[] = "SELECT epoch, first_seq FROM dnc.epochs ORDER BY n";
	struct dnc_epoch mine = epochs_current(j->base.epochs);
	PGresult *r = pg_run(j->follower.pg, sql, 0, NULL, err);
	bool has_mine = false;

	*current = false;
	*first = UINT64_MAX;
	for (int i = 0; r && i < PQntuples(r); i++) {
		struct dnc_str name = pg_get_text(r, i, 0);
		uint64_t seq = (uint64_t)pg_get_int(r, i, 1), end;

		*current = dnc_str_eq(name, dnc_str(mine.name));
		has_mine |= *current;
		if (!epochs_find(j->base.epochs, name, &end) && seq < *first)
			*first = seq;
	}
	if (!has_mine && mine.first < *first)
		*first = mine.first;
	PQclear(r);
	return r ? 0 : -1;
}

/* Has an epoch begin after what the log has now, unless one began since the one that is known: whoever comes now is not told
 * that positions of the old one are good. */
static int begin_epoch(struct pg_journal *j, struct dnc_error *err)
{
	static const char sql[] = "SELECT dnc.check_epoch($1)";
	struct dnc_epoch current = epochs_current(j->base.epochs);
	const struct pg_param lost = pg_text(dnc_str(current.name));
	PGresult *r = pg_run(j->follower.pg, sql, 1, &lost, err);

	PQclear(r);
	return r ? 0 : -1;
}

/* New epochs go on after what was read, or what was read is lost. */
static int check_log(struct pg_journal *j, struct dnc_error *err)
{
	uint64_t first;
	bool current;
	int there = find_newest(j, err);

	if (there < 0 || (!there && begin_epoch(j, err) < 0) ||
		compare_epochs(j, &first, &current, err) < 0)
		return -1;
	if (!there || first <= j->base.last)
		return lose(j, first, err);
	if (current)
		return 0;
	if (postgres_load_epochs(j, j->follower.pg, err) < 0)
		return -1;
	j->base.stats.failovers++;
	return 0;
}

/* Runs SQL, which has no parameters. */
static int run(struct pg_follower *f, const char *sql, struct dnc_error *err)
{
	PGresult *r = pg_run(f->pg, sql, 0, NULL, err);

	PQclear(r);
	return r ? 0 : -1;
}

/* The connection broke, and the one that is open does not listen, and is perhaps to another server. */
static int opened_again(struct dnc_error *err)
{
	return dnc_error_set(err, EIO, "the connection to the log was opened again");
}

/* What every new connection needs. Listening begins before anything is read, so that no event is missed. Whoever comes first
 * after the server has changed begins an epoch. */
static int begin(struct pg_journal *j, struct dnc_error *err)
{
	struct pg_follower *f = &j->follower;

	if (pg_connect(f->pg, err) < 0)
		return -1;
	pg_is_new(f->pg); /* from here on that tells of another one */
	/* Otherwise the server plans the read anew each time, because of the partitions: for one event that takes longer than to
	 * read it. */
	if (run(f, "LISTEN dnc", err) < 0 ||
		run(f, "SET plan_cache_mode = force_generic_plan", err) < 0 ||
		run(f, "SELECT n FROM dnc.check_epoch()", err) < 0)
		return -1;
	postgres_meet_hubs(j); /* also while there are no standbys */
	/* A primary that crashed and is back shows what it had written before its standbys had it, and may yet lose it to one of
	 * them. */
	if (postgres_await_standbys(f->pg, f->waiting, err) < 0 || check_log(j, err) < 0 ||
		postgres_load_revoked(j, f->pg, err) < 0)
		return -1;
	if (pg_is_new(f->pg))
		return opened_again(err);
	if (f->connected)
		j->base.stats.reconnects++;
	f->connected = f->listening = true;
	f->host = pg_host(f->pg);
	f->begun_ms = dnc_clock_mono_ms();
	return 0;
}

/* What may change besides the events that come; $1 is `last`. */
#define STATE POSTGRES_EPOCH ", " POSTGRES_REVOCATIONS ", " NEWEST_ID

/* Another hub may have found that the server has changed, somebody may have revoked tokens, or have removed or restored events by
 * hand: the state is in ROW 0 of R from COLUMN on. */
static int note_state(struct pg_journal *j, const PGresult *r, int column, struct dnc_error *err)
{
	struct dnc_epoch mine = epochs_current(j->base.epochs);

	if ((!dnc_str_eq(pg_get_text(r, 0, column), dnc_str(mine.name)) ||
		    !is_newest_there(j, r, column + 2)) &&
		check_log(j, err) < 0)
		return -1;
	if (pg_get_int(r, 0, column + 1) == j->follower.revocations)
		return 0;
	return postgres_load_revoked(j, j->follower.pg, err);
}

/* The same, when there were no events. */
static int ask_state(struct pg_journal *j, struct dnc_error *err)
{
	const struct pg_param last = pg_int8((int64_t)j->base.last);
	PGresult *r = pg_run(j->follower.pg, "SELECT " STATE, 1, &last, err);
	int rc = r ? note_state(j, r, 0, err) : -1;

	PQclear(r);
	return rc;
}

/* Events may have been removed here or by another hub. */
static int note_oldest(struct pg_journal *j, struct dnc_error *err)
{
	int64_t now = dnc_clock_mono_ms(), at_ms;
	uint64_t oldest;

	if (now < j->follower.oldest_due_ms)
		return 0;
	if (postgres_oldest(j, j->follower.pg, &oldest, &at_ms, err) < 0)
		return -1;
	j->follower.oldest_due_ms = now + OLDEST_MS;
	if (oldest > j->base.oldest) {
		j->base.stats.pruned += oldest - j->base.oldest;
		j->base.oldest = oldest;
	}
	return 0;
}

/* Hands on the rows. Returns 1 when there may be more, 0 when not, -1 with ERR. */
static int hand_on(struct pg_journal *j, const PGresult *r,
	bool (*each)(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	int rows = PQntuples(r), i;
	uint64_t next = j->base.last + 1;

	for (i = 0; i < rows; i++, next++) {
		uint64_t seq = (uint64_t)pg_get_int(r, i, 0);

		if ((int64_t)seq < (int64_t)next)
			return postgres_disordered("after", next - 1, (int64_t)seq, err);
		if (seq != next) { /* removed, before this hub has read them */
			journal_lost(&j->base, next, seq - 1);
			return dnc_error_set(err, ESTALE,
				"events %" PRIu64 " to %" PRIu64 " are not in the log any more",
				next, seq - 1);
		}
		if (!postgres_is_event(pg_get_text(r, i, 2))) {
			if (!i)
				return postgres_damaged(seq, err);
			break; /* those before it are good */
		}
		if (!each(ctx, seq, postgres_time(r, i, 1), pg_get_text(r, i, 2)))
			break;
	}
	if (i) {
		pg_get_uuid(r, i - 1, 3, j->follower.newest_id);
		j->follower.sought = 0;
	}
	return i < rows || rows == CHUNK_ROWS;
}

/* Event KNOWN was announced before this server was asked, which does not have it: it was the primary, and another one is now. If
 * there is no other, the event was lost, and it is not looked for again. What was announced on this connection is shown on it, or
 * somebody's NOTIFY was not true: it is not KNOWN, or whoever may connect to the database could have the hub leave its server again and
 * again. */
static int leave_behind(struct pg_follower *f, uint64_t known, struct dnc_error *err)
{
	dnc_error_set(err, EIO,
		"log on %s: it lacks event %" PRIu64
		", so another server may have taken over: looking for that one",
		pg_server(f->pg), known);
	f->sought = known;
	pg_leave(f->pg);
	return -1;
}

/* The next events; NULL with ERR. */
static PGresult *read_rows(struct pg_journal *j, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT seq, logged_at, " POSTGRES_EVENT ", id, " STATE " FROM dnc.events "
		"WHERE seq > $1 ORDER BY seq LIMIT " PG_CONSTANT(CHUNK_ROWS);
	struct pg_follower *f = &j->follower;
	uint64_t known = j->base.stats.known;
	const struct pg_param last = pg_int8((int64_t)j->base.last);
	PGresult *r = pg_run(f->pg, sql, 1, &last, err);
	int rc;

	if (!r)
		return NULL;
	j->base.stats.rows_read += (uint64_t)PQntuples(r);
	if (pg_is_new(f->pg))
		rc = opened_again(err);
	else if (PQntuples(r))
		rc = note_state(j, r, 4, err);
	else if (known > j->base.last && known > f->sought)
		rc = leave_behind(f, known, err);
	else
		rc = ask_state(j, err);
	if (rc == 0)
		return r;
	PQclear(r);
	return NULL;
}

/* Goes to the server where events are appended now, if that may be another. */
static void go_along(struct pg_journal *j)
{
	int host = atomic_exchange(&j->moved_to, -1);

	if (host < 0)
		return;
	fail(j);
	pg_go(j->follower.pg, host);
}

/* Who asked for a round has seen, at another hub, what this server may never have: it answers for the log, also with what it still
 * has to read, only if a commit works there, which one that was the primary does not do. A connection begins with one. */
static int prepare(struct pg_journal *j, struct dnc_error *err)
{
	struct pg_follower *f = &j->follower;
	bool asked = atomic_exchange(&j->base.changes.asked, false);
	int rc = 0;

	if (!f->listening)
		rc = begin(j, err);
	else if (asked)
		rc = postgres_await_standbys(f->pg, f->waiting, err);
	if (rc < 0 && asked)
		j->base.changes.asked = true;
	return rc < 0 ? -1 : note_oldest(j, err);
}

/* Rows that can't be handed on are no reason to begin again: the connection is good. */
static int follow_read(struct dnc_journal *base,
	bool (*each)(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	struct pg_journal *j = journal_of(base);
	PGresult *r;
	int rc;

	go_along(j);
	if (prepare(j, err) < 0)
		return fail(j);
	postgres_meet_hubs(j);
	r = read_rows(j, err);
	if (!r)
		return fail(j);
	rc = hand_on(j, r, each, ctx, err);
	PQclear(r);
	if (rc == 0)
		base->stats.announced = 0;
	return rc;
}

static int follow_wait(struct dnc_journal *base, int64_t ms, struct dnc_error *err)
{
	struct pg_follower *f = &journal_of(base)->follower;
	int64_t until = dnc_clock_mono_ms() + ms;
	eventfd_t count;
	uint64_t number;
	int rc;

	/* A notification of what this hub has appended itself comes after it was read. A word: tokens were revoked. */
	do {
		ms = until - dnc_clock_mono_ms();
		rc = pg_wait_notify(f->pg, f->wake_fd, ms > 0 ? ms : 0, &number, err);
		if (rc < 0)
			return fail(journal_of(base));
		if (number > base->stats.announced)
			base->stats.announced = number;
	} while (rc == PG_NUMBER && number <= base->last && ms > 0);
	eventfd_read(f->wake_fd, &count);
	return 0;
}

static void follow_wake(struct dnc_journal *base)
{
	eventfd_write(journal_of(base)->follower.wake_fd, 1);
}

void postgres_look(struct dnc_journal *base)
{
	base->changes.asked = true;
	follow_wake(base);
}

static void follow_stop(struct dnc_journal *base)
{
	eventfd_write(journal_of(base)->stop_fd, 1);
}

const struct journal_follow postgres_follow = {follow_read, follow_wait, follow_wake, follow_stop};
