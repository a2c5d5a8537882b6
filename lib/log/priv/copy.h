/* copy.h - what a copy asks of each engine: rows of some kinds, read and written in the same form.
 *
 * copy_open.c opens a log; copy_rows.c knows the rows; copy_sqlite.c and copy_postgres.c read and write; copy.c
 * copies; copy_compare.c compares. */
#pragma once
#include "base/str.h"
#include "base/uuid.h"
#include "log/copy.h"

enum {
	COPY_CELLS = 9,
	COPY_ROWS = 5000,     /* of one batch, at most */
	COPY_BYTES = 8 << 20, /* no more rows are added to a batch that has so many bytes */
	COPY_DIGEST = 16,
};

enum copy_kind {
	COPY_EVENTS, /* seq, id, type, phone_number, provider, severity, timestamp, logged_at, event */
	COPY_AUDIT,   /* n, at, record */
	COPY_EPOCHS,  /* epoch, first_seq, started_at; the oldest first */
	COPY_RATES,   /* step, type, events */
	COPY_FACTS,   /* provider, fact, seq, at, event: see sqlite_providers.c */
	COPY_COUNTED, /* since when events are counted, and since when providers are known */
	COPY_TIMES,   /* segments.h as text */
	COPY_KEY,     /* of masked events, in hexadecimal digits */
	COPY_REVOKED, /* jti, at, expires (0: never), note */
	COPY_CLOCK,   /* of a server that revokes: ms since 1970; to be read only */
	COPY_KINDS
};

/* The cells of each kind: i integer, t text, u UUID as text. */
extern const char *const copy_cells[COPY_KINDS];

struct copy_cell {
	int64_t n;
	struct dnc_str text; /* p NULL: null */
};

/* Returns -1 with ERR to end the reading. The cells are valid during the call. */
typedef int copy_each(void *ctx, const struct copy_cell *cells, struct dnc_error *err);

/* A log that is open. */
struct copy_log {
	const struct copy_engine *engine;
	char name[4096]; /* for messages; of SQLite: the path */
};

/* What one engine does. Each returns -1 with ERR; the log can then only be closed. */
struct copy_engine {
	void (*close)(struct copy_log *log); /* what was not committed is undone */
	/* A transaction: it reads as of one moment and, of a target, keeps others from writing. */
	int (*begin)(struct copy_log *log, struct dnc_error *err);
	int (*commit)(struct copy_log *log, struct dnc_error *err);
	int (*ends)(struct copy_log *log, struct dnc_copy_ends *ends, struct dnc_error *err);
	/* Calls EACH for rows of KIND: events and audit records from FROM on, at most ROWS, in their order; rates of events up to FROM;
	 * facts of events before FROM; all of the other kinds. */
	int (*read)(struct copy_log *log, enum copy_kind kind, uint64_t from, int rows,
		copy_each *each, void *ctx, struct dnc_error *err);
	/* Between begin() and commit(): rows, and flush() after the last one of a kind. */
	int (*put)(struct copy_log *log, enum copy_kind kind, const struct copy_cell *cells,
		struct dnc_error *err);
	int (*flush)(struct copy_log *log, enum copy_kind kind, struct dnc_error *err);
	/* Removes rates and, if ALL, what else a log without events has. */
	int (*clear)(struct copy_log *log, bool all, struct dnc_error *err);
	/* Notes whether the copy is complete: a hub opens no other. */
	int (*mark)(struct copy_log *log, bool complete, struct dnc_error *err);
	bool steady_times; /* times of logging are searched as if they never went back */
	bool revokes;      /* it has a list of revoked tokens; else it is not asked to put() any */
};

/* Opens WHERE to read from it or, as TARGET, to write to it, too. NULL with ERR. */
struct copy_log *copy_open(const char *where, bool target, struct dnc_error *err);
struct copy_log *copy_sqlite_open(const char *dir, bool target, struct dnc_error *err);
struct copy_log *copy_postgres_open(const char *conninfo, bool target, struct dnc_error *err);

/* NULL is allowed. */
void copy_close(struct copy_log *log);

/* Which numbers the log has: as the engine says. -1 also when they are none that a hub gives. */
int copy_ends(struct copy_log *log, struct dnc_copy_ends *ends, struct dnc_error *err);

/* Equal rows have the same digest. */
void copy_digest(
	enum copy_kind kind, const struct copy_cell *cells, unsigned char out[COPY_DIGEST]);

/* copy_check.c. *SAME: both have the same key of masked events. */
int copy_same_key(struct copy_log *a, struct copy_log *b, bool *same, struct dnc_error *err);

/* Names of epochs, which are hexadecimal, as numbers. */
struct copy_epochs {
	uint64_t *names; /* sorted */
	size_t n, room;
	uint64_t newest;
};

/* Those that began with a number up to LAST. To be freed, also after -1. */
int copy_epochs_read(
	struct copy_log *log, uint64_t last, struct copy_epochs *out, struct dnc_error *err);
bool copy_epochs_have(const struct copy_epochs *e, uint64_t name);
void copy_epochs_free(struct copy_epochs *e);

/* copy_revoked.c. *MISSING: how many tokens the source revokes that the target does not, or not for as long. 0 if one of them has no
 * list of revoked tokens. */
int copy_missing_revoked(
	struct copy_log *from, struct copy_log *to, uint64_t *missing, struct dnc_error *err);

/* 0 when the target has nothing that a hub would miss, or is a copy of the source; else -1 with ERR (EEXIST). */
int copy_check_target(struct copy_log *from, struct copy_log *to, struct dnc_error *err);
