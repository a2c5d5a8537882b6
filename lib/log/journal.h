/* journal.h - the event log: every event once, in the order of its sequence number.
 *
 * The embedded implementation is a SQLite database, DIR/events.db (dnc-wsd(8) describes its layout). One in PostgreSQL may
 * be shared: each process appends to it and follows what all have appended. A journal without a directory stores no
 * events, only the newest ids and a hash of each content, to recognize duplicates.
 *
 * The writer's thread appends to it; each reader belongs to one thread. Functions that take a const journal may be called
 * by any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "batch.h"
#include "event/mask.h"
#include "hubs.h"
#include "providers.h"
#include "rates.h"

#define DNC_EPOCH_LEN 16

/* When a commit counts as safe: when it is on the disk; when the kernel has it (a crash of the machine may lose the last
 * commits); or at once (a crash of the machine may damage the database). */
enum dnc_sync { DNC_SYNC_FULL, DNC_SYNC_NORMAL, DNC_SYNC_OFF };

/* For tests: the wall clock, and the time since the machine was started. */
struct dnc_journal_clock {
	int64_t (*wall_ms)(void *ctx);
	int64_t (*boot_ms)(void *ctx);
	void *ctx;
};

struct dnc_journal_options {
	const char *dir; /* NULL stores no events */
	/* Connection string of libpq to the database that has the log, which several processes may have open. NULL: DIR has it.
	 * Of the others only the retentions mean something for it. */
	const char *log;
	/* Connection string to standbys of it, from which readers read as far as they have what the journal has read, and if they
	 * can be reached. NULL: from the servers of LOG, the primary if there is one. */
	const char *standby;
	enum dnc_sync sync;
	/* Where clients reach this process, as dnc_hubs_check() allows; NULL: it is not told. For the others that share the log. */
	const char *advertise;
	int64_t retain_ms;     /* events that were logged longer ago may be removed; 0: none */
	uint64_t retain_bytes; /* the oldest are removed when the log is larger; 0: no limit */
	bool accept_clock;     /* trust the wall clock, however far it is ahead of the last run */
	const struct dnc_journal_clock *clock; /* borrowed; NULL: the system's clocks */
};

struct dnc_journal;

/* Opens the log, or creates it when there is none. Strings in OPTIONS are borrowed until the log is closed. NULL with
 * ERR: another process has it (EADDRINUSE), it is damaged (a damaged log is never replaced), or it can't be read or
 * written. */
struct dnc_journal *dnc_journal_open(
	const struct dnc_journal_options *options, struct dnc_error *err);

/* Readers must have been freed. NULL is allowed. */
void dnc_journal_close(struct dnc_journal *j);

struct dnc_epoch {
	char name[DNC_EPOCH_LEN + 1];
	uint64_t first; /* the number that its first event has or will have */
};

/* The current epoch. Each opening of a log of one process begins an epoch; in a shared one each change of server or
 * its timeline does, each start of the server, and each restoring of its tables. The log stores the number with
 * which each began. So a position (an epoch and a sequence number) can be told from one that this log never had,
 * because it was restored from a backup or lost its end. */
struct dnc_epoch dnc_journal_epoch(const struct dnc_journal *j);

/* How often the current epoch has changed: compare it after reading a new event of the log, and before it is shown. */
uint64_t dnc_journal_epoch_changes(const struct dnc_journal *j);

/* *END is the last number of EPOCH that no later epoch gave again, UINT64_MAX for the current epoch. False when the log
 * does not know EPOCH. */
bool dnc_journal_epoch_end(const struct dnc_journal *j, struct dnc_str epoch, uint64_t *end);

/* True when events *FROM to *TO are not in the log any more, or others have their numbers now, although this process has
 * handed them on, or they come before the next one that it could: only a new start can tell clients the truth. False
 * forever for a log of one process. */
bool dnc_journal_lost(const struct dnc_journal *j, uint64_t *from, uint64_t *to);

/* True for a log that other processes write, too: it may have events and epochs that this one does not know yet. */
bool dnc_journal_is_shared(const struct dnc_journal *j);

/* The ticket, never 0, is answered once all that the log has now is known here: epochs at once, events when those up to
 * dnc_journal_last() were dequeued. It is answered only by a server at which a commit works. dnc_journal_look() makes that soon.
 * No effect on a log that is not shared. Any thread; none of them waits. */
uint64_t dnc_journal_ticket(struct dnc_journal *j);
void dnc_journal_look(struct dnc_journal *j);
bool dnc_journal_is_answered(const struct dnc_journal *j, uint64_t ticket);

/* Numbers of the newest and the oldest event that can be read; last is oldest - 1 when there is
 * none. Of a shared log it is the newest that was handed on, or is about to be. */
uint64_t dnc_journal_last(const struct dnc_journal *j);
uint64_t dnc_journal_oldest(const struct dnc_journal *j);

/* False for a journal without a directory: its readers find no events. */
bool dnc_journal_keeps_events(const struct dnc_journal *j);

/* Duplicates and conflicts since the journal was opened. */
uint64_t dnc_journal_duplicates(const struct dnc_journal *j);
uint64_t dnc_journal_conflicts(const struct dnc_journal *j);

/* The secret, DNC_MASK_KEY_BYTES, that makes the pseudonyms of masked events. It is created with the log and stored in
 * it; without a directory it is random. It does not change while the journal is open, and must be shown to nobody. */
const unsigned char *dnc_journal_mask_key(const struct dnc_journal *j);

/* How many events were logged lately, and what is known last of each provider. Both survive with the log; without a
 * directory they begin empty. Borrowed. */
struct dnc_rates *dnc_journal_rates(const struct dnc_journal *j);
struct dnc_providers *dnc_journal_providers(const struct dnc_journal *j);

/* A shared log revokes tokens for all processes that use it: what it revoked when it was opened is known at once, and what
 * changes later within a second, before the writer's `committed` callback; while the log can't be read all that was known
 * stays. How often that has changed; 0: it never revoked any, or is not shared. Any thread. */
uint64_t dnc_journal_revocations(const struct dnc_journal *j);

/* Appends the ids (jti) of these tokens to OUT, each with a NUL at its end; there are 200,000 at most. Returns
 * dnc_journal_revocations() as of then. Any thread. */
uint64_t dnc_journal_revoked(const struct dnc_journal *j, struct dnc_buf *out);

/* The processes that share the log. Borrowed; there always is one, with nobody in it if the log is not shared. */
struct dnc_hubs *dnc_journal_hubs(const struct dnc_journal *j);

struct dnc_journal_stats {
	/* Of the database, of the free pages in it, of the WAL, and of the reserve. */
	uint64_t bytes, free_bytes, wal_bytes, reserve_bytes;
	uint64_t pruned;        /* events, since the journal was opened */
	uint64_t checkpoints;   /* how often all of the WAL was copied into the database */
	int64_t clock_ahead_ms; /* of the wall clock, relative to the time that has passed */
	bool clock_held;        /* events that are old by the wall clock are kept */
	int64_t newest_ms;      /* when the newest event was logged, since 1970; 0: there is none */
	uint64_t disk_free_bytes; /* of the log's file system, for its user; 0: not known */
	bool wal_held;            /* a reader has kept the WAL from being restarted for long */
	/* Of a shared log; 0 of others. */
	uint64_t lag_events;        /* that are said to be there, and were not read yet */
	uint64_t rows_read;         /* by all that read it in this process */
	uint64_t standby_rows_read; /* of these, from a standby by choice */
	uint64_t commits_repeated;  /* because it was not known whether they had succeeded */
	uint64_t reconnects;        /* of the connections that append and follow */
	uint64_t failovers;         /* epochs that began while it was open */
	uint64_t revoked;           /* tokens that it revokes */
};

/* Any thread. */
struct dnc_journal_stats dnc_journal_stats(const struct dnc_journal *j);

struct dnc_journal_reader;

void journal_reader_free(struct dnc_journal_reader *r);
const struct dnc_journal *dnc_journal_of(const struct dnc_journal_reader *r);

/* Calls EACH for events from FROM on (backwards from FROM when BACK), until it returns false. PHONE (E.164; p NULL: any)
 * selects events of one number. LINE is valid during the call; DNC_JSON_PADDING readable bytes follow it. -1 with
 * ERR when the log can't be read; EACH may have been called. */
int dnc_journal_read(struct dnc_journal_reader *r, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err);

/* *SEQ is the number of the first event that was logged at MS or later; last + 1 when none was. -1 with ERR. */
int dnc_journal_find_time(
	struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err);
