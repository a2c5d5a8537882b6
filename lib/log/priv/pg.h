/* pg.h - a connection to PostgreSQL on which every call has a time limit.
 *
 * It is opened when it is needed, and again after it broke. Of several servers in the connection string, the one
 * that was used last is tried first, then the others in turn; one that did not end a statement in time, last. A
 * connection belongs to one thread; its calls wait, so that thread must be no loop. (Names of hosts are looked up by
 * the system's resolver, with the limits of resolv.conf(5).) Messages name the server and never hold a password.
 *
 * Codes of errors:
 *   EIO        no server can be reached, the connection is lost, or the server has failed
 *   ETIMEDOUT  the server did not answer in time, or a statement took too long there
 *   ECANCELED  the descriptor of pg_stop_fd() is readable
 *   EROFS      no server can be written to now: all are standbys
 *   EPROTO     a certificate is not trusted, not valid or can't be read: nobody is let in until somebody mends it
 *   EACCES     the server does not let this user log in, or do this
 *   ENOSPC     the disk of the server is full
 *   ENOENT     there is no such database, or there is no log in it: dnc-wsd --init-log makes it
 *   EAGAIN     the server has no room for a connection, or aborted the transaction because of others
 *   EINVAL     the server refuses what was sent, and would again */
#pragma once
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	PG_CONNECT_MS =
		5000, /* for one server, with the first statements; of several each has PG_HOST_MS */
	PG_HOST_MS = 2500,
	PG_CALL_MS = 10000, /* for a statement, from sending it to its result */
};

/* The server's limit for a statement: less, so that it says what took long, and has ended it before it is sent again. */
#define PG_STATEMENT_MS 9000

/* A macro that is a number, as a part of a statement. */
#define PG_CONSTANT(n)      PG_CONSTANT_TEXT(n)
#define PG_CONSTANT_TEXT(n) #n

/* Which servers will do: one that can be written to; any, the primary if it can be reached (while there is none, readers go on); or any, a
 * standby if one can be reached. */
enum pg_target { PG_PRIMARY, PG_PREFER_PRIMARY, PG_PREFER_STANDBY };

struct pg;

/* 0 when CONNINFO is a connection string of libpq, not empty and without a password, else -1 with ERR: processes and their arguments
 * can be seen by everybody, so a password belongs into a password file. */
int pg_check(const char *conninfo, struct dnc_error *err);

/* Does not connect. NAME is what the server shows of this connection (application_name). Both strings are borrowed until it is
 * freed. NULL with ERR (EINVAL: as of pg_check(), or hosts, ports and other options that libpq refuses before it asks a server). */
struct pg *pg_new(
	const char *conninfo, enum pg_target target, const char *name, struct dnc_error *err);

/* NULL is allowed. */
void pg_free(struct pg *pg);

/* ONCE: whoever calls ends with an error instead of calling again, and messages say so. */
void pg_once(struct pg *pg, bool once);

/* All waiting ends with ECANCELED once FD is readable: an eventfd, for shutting down. -1: none. */
void pg_stop_fd(struct pg *pg, int fd);

/* Connects if there is no connection. -1 with ERR. */
int pg_connect(struct pg *pg, struct dnc_error *err);

/* Closes the connection; the next call opens another. */
void pg_disconnect(struct pg *pg);

/* The same, and the next call tries the other servers first, among those that are as good: this one answers, but is not the one that
 * is meant. */
void pg_leave(struct pg *pg);

/* Which server of the connection string the connection is or was to, from 0. */
int pg_host(const struct pg *pg);

/* Closes the connection; the next call tries server HOST first, among those that are as good. */
void pg_go(struct pg *pg, int host);

/* How many servers the connection string names. */
int pg_servers(const struct pg *pg);

/* Whether the server is a standby, as far as it has said. False without a connection. */
bool pg_is_standby(const struct pg *pg);

/* True once after each time the connection was opened: the caller has to LISTEN again, and to check what it had seen. */
bool pg_is_new(struct pg *pg);

/* True if the last call failed without saying what became of its statement: it was sent, and may have been committed, or be
 * committed later. Also when it was committed, but a wait for the standby servers was cut short. */
bool pg_outcome_unknown(const struct pg *pg);

/* "HOST:PORT" or "/PATH:PORT" of the server it is or was connected to last, else of the first in the connection string. Valid until the
 * next call. */
const char *pg_server(const struct pg *pg);

/* Warns when the connection string says otherwise (target_session_attrs) which servers will do. Once, before the first connection. */
void pg_warn_of_target(const struct pg *pg);

/* Warns when the connection, which is open, goes over a network and it is not verified who is at its end. */
void pg_warn_of_network(const struct pg *pg);

/* Whether it does: to a server at ADDRESS (none: a Unix socket), with this sslmode of the connection string. */
bool pg_can_be_overheard(const char *address, bool encrypted, const char *sslmode);

/* A parameter of a statement: see the functions that make one. */
struct pg_param {
	unsigned type;       /* the server's OID of the type */
	struct dnc_str text; /* borrowed; p NULL: number, or null */
	int64_t number;
	bool null;
};

struct pg_param pg_int8(int64_t v);
struct pg_param pg_text(struct dnc_str v);             /* p NULL: null */
struct pg_param pg_array(const struct dnc_buf *array); /* made with pg_array_begin() and so on */

/* Runs one statement with the N parameters $1 to $N, in a transaction of its own unless BEGIN was run. Parameters and results are
 * binary. SQL must be a string that stays where it is and as it is: the server keeps its plan. The result has
 * PGRES_TUPLES_OK or PGRES_COMMAND_OK and is to be freed with PQclear(). NULL with ERR; after some errors the connection is closed,
 * and a transaction with it: then no other statement of it is run, and what follows is not part of one. */
PGresult *pg_run(struct pg *pg, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);

/* The same in two steps: the server works while the caller does something else. -1 with ERR when it could not be sent; else
 * pg_take() has to be called before anything else, and soon: a server that can't get rid of its rows holds what it has locked. */
int pg_send(struct pg *pg, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);
PGresult *pg_take(struct pg *pg, struct dnc_error *err);

/* Runs statements without parameters, with MS as the limit of all of them, and none of the server's. -1 with ERR. */
int pg_script(struct pg *pg, const char *sql, int64_t ms, struct dnc_error *err);

/* What notifications had as their payloads: numbers, or words. */
enum { PG_NUMBER = 1, PG_WORD = 2 };

/* Waits until the server has sent a NOTIFY, for MS at most, or until WAKE_FD is readable (-1: none; it is not read).
 * When notified, PG_NUMBER or PG_WORD or both; *NUMBER is the highest of the numbers then, or 0. 0 after MS or when
 * woken; -1 with ERR when the connection is lost. The caller runs LISTEN before, also after each pg_is_new(). */
int pg_wait_notify(struct pg *pg, int wake_fd, int64_t ms, uint64_t *number, struct dnc_error *err);

/* Values of a result, which must be of these types. */
int64_t pg_get_int(const PGresult *r, int row, int column); /* int2, int4 or int8; 0: null */
struct dnc_str pg_get_text(const PGresult *r, int row, int column); /* or bytea; p NULL: null */
bool pg_get_bool(const PGresult *r, int row, int column);
/* Writes DNC_UUID_LEN bytes, as uuid.h has them. */
void pg_get_uuid(const PGresult *r, int row, int column, char *out);

/* Arrays, built in a buffer that keeps its memory: begin, add elements of this type, then use it as a parameter. Check the buffer
 * with dnc_buf_ok() at the end. */
enum pg_element { PG_INT8S, PG_TEXTS, PG_UUIDS };

void pg_array_begin(struct dnc_buf *b, enum pg_element type);
void pg_array_int8(struct dnc_buf *b, int64_t v);
void pg_array_text(struct dnc_buf *b, struct dnc_str v); /* p NULL: null */
/* TEXT is a UUID as text; what is none becomes null. */
void pg_array_uuid(struct dnc_buf *b, struct dnc_str text);
