/* postgres_sources.h - the servers that a reader of the log asks: the standbys that were chosen for it, else those of the log,
 * the primary first.
 *
 * Any of them may be behind. So a reader names the event that it needs, and asks one that has it. Belongs to one thread. */
#pragma once
#include "postgres.h"

struct pg_source {
	struct pg *pg;          /* NULL: there is none */
	uint64_t seen;          /* its server has the journal's events up to this one, */
	uint64_t epoch_changes; /* when that had changed its epoch so often; */
	uint64_t newest;        /* and the server's newest then */
	int64_t look_due_ms;    /* it is not of the kind that is wanted; one is looked for then */
};

struct pg_sources {
	struct pg_source standby, log, *current;
	struct dnc_journal *journal;
	int64_t standby_due_ms; /* the standbys failed, and are not asked before this */
	bool standby_failed;    /* the last time */
};

/* -1 with ERR; to be closed even so. Waiting ends once STOP_FD is readable. J is borrowed. */
int sources_open(struct pg_sources *s, struct pg_journal *j, int stop_fd, struct dnc_error *err);
void sources_close(struct pg_sources *s);

/* Makes a server the current one that has event NEEDED and all before it. -1 with ERR: EAGAIN when those that can be reached are
 * all behind, or have other events. */
int sources_find(struct pg_sources *s, uint64_t needed, struct dnc_error *err);

/* The current server has the events up to this one; 0 when nothing is known of it. */
uint64_t sources_seen(const struct pg_sources *s);

/* True when the current server is a standby by choice. */
bool sources_spares_primary(const struct pg_sources *s);

/* Asks the current server, and takes its answer, as pg_send() and pg_take(). When another server has answered than before, and after
 * errors, sources_seen() is 0. In between no other function of these may be called. */
int sources_send(struct pg_sources *s, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);
PGresult *sources_take(struct pg_sources *s, struct dnc_error *err);
