/* postgres.h - the log in PostgreSQL, which several hubs share: its state and what its files provide to each other.
 *
 * journal_postgres.c appends; postgres_open.c reads what a hub knows when it starts; postgres_follow.c is the
 * follower's part with postgres_hubs.c, postgres_read.c the readers'; postgres_standbys.c is of both. The thread
 * that appends, the follower's thread and each reader have a connection of their own; schema.sql describes the
 * tables and functions. */
#pragma once
#include "base/uuid.h"
#include "content.h"
#include "journal_ops.h"
#include "pg.h"

#define CHUNK_ROWS 1000 /* of a query, at most */

/* A process of a server. Another one may have its number: at the server to which a hub goes from an old primary, that of a commit which
 * must not be cut short. */
struct pg_process {
	int64_t pid, begun_us;
};

/* Of the thread that appends. */
struct pg_appender {
	struct pg *pg;
	struct dnc_buf columns[8]; /* the arrays that dnc.append() takes */
	int *rows;                 /* of its answer, by event of the batch */
	size_t rows_room;
	struct content_comparison comparison;
	/* A batch was sent, and it is not known whether it is committed. Then the log knew events up to UNSURE_AFTER. */
	bool unsure;
	uint64_t unsure_after;
	int64_t prune_due_ms;
	struct dnc_error prune_fault; /* why the last turn of pruning failed; code 0: it did not */
	bool connected;               /* it was, once */
	/* The connection was opened again, and nothing was committed on it yet; the first call on the newest one that failed did
	 * so then (dnc_clock_mono_ms()), 0: none did. A server that was found in between may have been left behind, too. */
	bool reopened;
	int64_t failed_ms;
	bool unfailed;              /* no call has failed on this connection */
	int64_t commit_due_ms;      /* a commit is tried, though there is nothing to append */
	struct pg_process *waiting; /* of postgres_await_standbys() */
};

/* Of the follower's thread. */
struct pg_follower {
	struct pg *pg;
	int wake_fd;
	bool listening; /* on this connection; and the newest event that was read is there */
	bool connected; /* it was, once */
	char newest_id[DNC_UUID_LEN]; /* of event `last`, unless that is 0 */
	int64_t revocations;          /* how often dnc.revoked had changed when it was read */
	uint64_t sought;       /* other servers were looked for, because one lacked this event */
	int64_t oldest_due_ms; /* when the oldest event is looked up again */
	struct pg_process *waiting; /* of postgres_await_standbys() */
	atomic_int_fast64_t
		begun_ms;            /* when it was last found that this server has what was read */
	atomic_int host;             /* that server, by pg_host() */
	char hub[DNC_EPOCH_LEN + 1]; /* the random name of this run in dnc.hubs; empty: none yet */
	int64_t hubs_due_ms;         /* when that row is written again */
	bool hubs_failed;            /* the last time */
};

struct pg_journal {
	struct dnc_journal base;
	struct dnc_journal_options options;
	struct pg_appender appender;
	struct pg_follower follower;
	int stop_fd; /* readable: both end */
	/* The server (pg_host()) at which something could be committed after the connection was opened again: the follower is to
	 * follow there. -1: nothing new. */
	atomic_int moved_to;
};

/* postgres_open.c: reads all that is known at the start, over the connection that appends. -1 with ERR. */
int postgres_load(struct pg_journal *j, struct dnc_error *err);

/* postgres_standbys.c: waits until the standby servers that have to have each commit have all that PG's server shows, by a commit;
 * if there are none, it only asks. One that is cut off from them, as an old primary after another was promoted, does not
 * answer: ETIMEDOUT. WAITING has for each server of the connection string its process that waits and has not answered. -1 with ERR. */
int postgres_await_standbys(struct pg *pg, struct pg_process *waiting, struct dnc_error *err);

/* The array WAITING for the servers of PG, without any process; to be freed with free(). NULL when there is no memory. */
struct pg_process *postgres_waiting_new(const struct pg *pg);

/* What to SELECT to know the newest epoch of the log. */
#define POSTGRES_EPOCH "(SELECT epoch FROM dnc.epochs ORDER BY n DESC LIMIT 1)"

/* Reads the epochs, over PG. -1 with ERR. */
int postgres_load_epochs(struct pg_journal *j, struct pg *pg, struct dnc_error *err);

/* The oldest event's number, and when it was logged; last + 1 and 0 when there is none. */
int postgres_oldest(struct pg_journal *j, struct pg *pg, uint64_t *seq, int64_t *logged_at_ms,
	struct dnc_error *err);

/* postgres_revoked.c: what to SELECT to know how often dnc.revoked has changed. */
#define POSTGRES_REVOCATIONS "(SELECT value::bigint FROM dnc.log WHERE key = 'revocations')"

/* Reads which tokens are revoked, over PG. -1 with ERR; then the list is as before. */
int postgres_load_revoked(struct pg_journal *j, struct pg *pg, struct dnc_error *err);

/* postgres_event.c: what to SELECT to read events. One that is longer than any (DNC_EVENT_MAX_BYTES) is not received, but null. */
#define POSTGRES_EVENT "CASE WHEN octet_length(event) <= 32768 THEN event END"

/* Whether that may be given to clients as a line: others than hubs can write to the database. It need not be valid JSON. */
bool postgres_is_event(struct dnc_str line);

/* A time in ms since 1970 that can be written; 0 for any other, which no hub wrote. */
int64_t postgres_time(const PGresult *r, int row, int column);

/* Each sets ERR, and returns -1. */
int postgres_damaged(uint64_t seq, struct dnc_error *err);
int postgres_disordered(const char *place, uint64_t at, int64_t given, struct dnc_error *err);

/* postgres_follow.c */
extern const struct journal_follow postgres_follow;
void postgres_look(struct dnc_journal *base); /* changes.h */

/* postgres_hubs.c: tells the hubs that share the log of this one, and learns of them, when it is time; over the follower's
 * connection. Nothing else depends on it: a failure is a warning. */
void postgres_meet_hubs(struct pg_journal *j);

/* postgres_read.c: the readers' part of the operations. */
struct dnc_journal_reader *postgres_reader_new(struct dnc_journal *base, struct dnc_error *err);
void postgres_reader_free(struct dnc_journal_reader *base);
void postgres_reader_rest(struct dnc_journal_reader *base);
void postgres_reader_stop(struct dnc_journal_reader *base);
int postgres_read(struct dnc_journal_reader *base, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err);
int postgres_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err);
