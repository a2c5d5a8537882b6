/* pg_conn.h - what the parts of pg.h share. */
#pragma once
#include "pg.h"

/* Statements that the server keeps for a connection; others are sent whole. */
enum { PG_STATEMENTS = 32, PG_SERVER_TEXT = 300, PG_NAME = 40 };

struct pg_host {
	char *host, *hostaddr, *port; /* NULL: as the connection string says */
};

struct pg {
	const char *conninfo, *name;
	enum pg_target target;
	PGconn *conn;
	struct pg_host *hosts;
	int host_count, host; /* the one to be tried first */
	const char *unheeded; /* the user's target_session_attrs, if what is done does not fit it */
	int stop_fd;
	bool fresh, unknown, once;
	bool in_transaction; /* BEGIN was run on this connection */
	int64_t deadline_ms; /* of the statement that was sent */
	bool ended;        /* the server said that it closes the connection, without being asked */
	bool unreplicated; /* the server said that it did not wait for its standbys */
	/* Part of the names of prepared statements. In front of the server may be a pool that lends its connections: then a name of
	 * another client must not be ours. */
	uint64_t session;
	int64_t warn_due_ms; /* the next warning of the server is logged */
	const char *prepared[PG_STATEMENTS];
	int prepared_count;
	char server[PG_SERVER_TEXT];
};

/* The value of KEYWORD in OPTIONS, borrowed; NULL: it has none, or an empty one. */
const char *pg_option(const PQconninfoOption *options, const char *keyword);

/* Finds the hosts of the connection string. -1 with ERR. */
int pg_hosts_read(struct pg *pg, struct dnc_error *err);
void pg_hosts_free(struct pg *pg);

/* Notes what the connection string says of target_session_attrs. -1 with ERR. */
int pg_target_read(struct pg *pg, struct dnc_error *err);

/* Opens the connection. -1 with ERR. */
int pg_open(struct pg *pg, struct dnc_error *err);

/* The time limit of a call. What has come by then is still taken, as after a pause of this machine, but not for ever: who sends
 * without an end is given up, too. */
struct pg_limit {
	int64_t at_ms;  /* dnc_clock_mono_ms() */
	int64_t end_ms; /* what is there is taken until then; 0: the limit was not seen to be over */
};

/* Waits until the connection can be read, or for POLLOUT in EVENTS written; and for WAKE_FD. 1 when it can, 0 at LIMIT or when woken,
 * -1 when the stop descriptor is readable. */
int pg_poll(const struct pg *pg, short events, int wake_fd, struct pg_limit *limit);

/* Sends what is waiting and receives the results of what was sent: the last one, or the first error. NULL with ERR when there is none:
 * the connection can't be used any more. */
PGresult *pg_receive(struct pg *pg, int64_t deadline_ms, struct dnc_error *err);

/* Sets ERR by the error of a result or, without one, of the connection. Returns whether the connection can still be
 * used. */
bool pg_error(const struct pg *pg, const PGresult *r, struct dnc_error *err);

/* What is said to be done when the connection is lost, and when a statement has to be run again. */
const char *pg_hint_connecting(const struct pg *pg);
const char *pg_hint_trying(const struct pg *pg);
