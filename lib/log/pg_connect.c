/* pg_connect.c - opens connections: to each server in turn, with a time limit for each, which libpq has only for calls that
 * wait. */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/loopback.h"
#include "priv/pg_conn.h"

/* A dead server is noticed by the system, too: when nobody waits for an answer, but for a NOTIFY. */
#define KEEPALIVES_IDLE_S     "5"
#define KEEPALIVES_INTERVAL_S "2"
#define KEEPALIVES_COUNT      "3"
#define TCP_USER_TIMEOUT_MS   "10000"

#define STATEMENT_MS PG_CONSTANT(PG_STATEMENT_MS)

enum { WARN_MS = 1000 }; /* between warnings of the server that are logged: it may have many */

/* What the server says without being asked: why it closes the connection, or a warning, which is logged. One of them says
 * that a wait for standby servers was cut short: it has the state of any warning, and is in the server's language. */
static void on_notice(void *ctx, const PGresult *r)
{
	struct pg *pg = ctx;
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	pg->ended |= severity && strcmp(severity, "FATAL") == 0;
	if (!severity || strcmp(severity, "WARNING") != 0)
		return;
	pg->unreplicated |= state && strcmp(state, "01000") == 0;
	if (dnc_clock_mono_ms() < pg->warn_due_ms)
		return;
	pg->warn_due_ms = dnc_clock_mono_ms() + WARN_MS;
	dnc_warn("log on %s: %s", pg->server, text ? text : "");
}

/* Those before dbname are defaults, which the connection string may change; those after it are not its to say. */
static PGconn *start(const struct pg *pg, const struct pg_host *h)
{
	const char *const keys[] = {"keepalives_idle", "keepalives_interval", "keepalives_count",
		"tcp_user_timeout", "dbname", "application_name", "client_encoding",
		"target_session_attrs", "host", "hostaddr", "port", NULL};
	const char *const values[] = {KEEPALIVES_IDLE_S, KEEPALIVES_INTERVAL_S, KEEPALIVES_COUNT,
		TCP_USER_TIMEOUT_MS, pg->conninfo, pg->name, "UTF8",
		pg->target == PG_PRIMARY ? "read-write" : "any", h ? h->host : NULL,
		h ? h->hostaddr : NULL, h ? h->port : NULL, NULL};

	return PQconnectStartParams(keys, values, 1);
}

static void note_server(struct pg *pg)
{
	const char *host = PQhost(pg->conn), *port = PQport(pg->conn);

	if (host && *host && port)
		snprintf(pg->server, sizeof pg->server, "%s:%s", host, port);
}

/* -1 with ERR when it is not connected by then. */
static int await_connection(struct pg *pg, int64_t deadline, struct dnc_error *err)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	struct pg_limit limit = {.at_ms = deadline};

	while (want != PGRES_POLLING_OK) {
		int rc = want == PGRES_POLLING_FAILED
		                 ? 1
		                 : pg_poll(pg, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, -1,
					   &limit);

		if (rc < 0)
			return dnc_error_set(
				err, ECANCELED, "log on %s: shutting down", pg->server);
		if (rc == 0)
			return dnc_error_set(err, ETIMEDOUT,
				"log on %s: no answer for a connection in time: %s", pg->server,
				pg_hint_connecting(pg));
		if (want == PGRES_POLLING_FAILED) {
			pg_error(pg, NULL, err);
			return -1;
		}
		want = PQconnectPoll(pg->conn);
		note_server(pg);
	}
	return 0;
}

/* What the defaults of a role, a database or a server must not change. The server ends a statement that takes long before we stop
 * waiting for it, and nothing else does; connections may rest; a commit is answered once it is on the server's
 * disk; and it says so when it was not waited for the standby servers, which is a warning. No function or operator
 * is called that somebody has made in another schema. */
static const char set_up_sql[] =
	"SET search_path = pg_catalog, pg_temp; "
	"SELECT set_config(s.name, CASE s.name WHEN 'statement_timeout' THEN '" STATEMENT_MS "'"
	" WHEN 'client_min_messages' THEN 'warning'"
	" WHEN 'standard_conforming_strings' THEN 'on'"
	" WHEN 'default_transaction_isolation' THEN 'read committed'"
	" WHEN 'synchronous_commit' THEN CASE s.setting WHEN 'off' THEN 'on' ELSE s.setting END"
	" ELSE '0' END, false) FROM pg_settings s WHERE s.name IN ('statement_timeout',"
	" 'client_min_messages', 'default_transaction_isolation', 'synchronous_commit',"
	" 'standard_conforming_strings',"
	" 'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout',"
	" 'transaction_timeout')"; /* the last one is of version 17 */

static int set_up(struct pg *pg, int64_t deadline, struct dnc_error *err)
{
	PGresult *r;
	int rc = 0;

	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	if (PQsetnonblocking(pg->conn, 1) < 0 || !PQsendQuery(pg->conn, set_up_sql)) {
		pg_error(pg, NULL, err);
		return -1;
	}
	r = pg_receive(pg, deadline, err);
	if (!r)
		return -1;
	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		pg_error(pg, r, err);
		rc = -1;
	}
	PQclear(r);
	return rc;
}

bool pg_can_be_overheard(const char *address, bool encrypted, const char *sslmode)
{
	if (!address || !*address || dnc_is_loopback_text(address))
		return false;
	return !encrypted || !sslmode || strncmp(sslmode, "verify-", 7) != 0;
}

/* libpq's default, sslmode=prefer, is content with any server, and without encryption. */
void pg_warn_of_network(const struct pg *pg)
{
	PQconninfoOption *options = PQconninfo(pg->conn);

	if (options && pg_can_be_overheard(PQhostaddr(pg->conn), PQsslInUse(pg->conn),
			       pg_option(options, "sslmode")))
		dnc_warn(
			"log on %s: whoever is on the way there can read the events, or pretend to be the "
			"server: add sslmode=verify-full and sslrootcert=FILE to its connection string",
			pg->server);
	PQconninfoFree(options);
}

/* Tries one server. */
static int open_one(struct pg *pg, const struct pg_host *host, struct dnc_error *err)
{
	int64_t deadline = dnc_clock_mono_ms() + (host ? PG_HOST_MS : PG_CONNECT_MS);

	pg->conn = start(pg, host);
	if (!pg->conn)
		return dnc_error_nomem(err);
	PQsetNoticeReceiver(pg->conn, on_notice, pg);
	/* With the state of an error, which there is no other way to learn before there is a connection. */
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	note_server(pg);
	if (PQstatus(pg->conn) == CONNECTION_BAD) {
		pg_error(pg, NULL, err);
	} else if (await_connection(pg, deadline, err) == 0 && set_up(pg, deadline, err) == 0) {
		return 0;
	}
	PQfinish(pg->conn);
	pg->conn = NULL;
	return -1;
}

/* How much the error of one server says about the whole: of several, the message is about the one that is nearest to working. */
static int rank(int code)
{
	static const int order[] = {EIO, ETIMEDOUT, EROFS, EAGAIN, EPROTO, ENOENT, EACCES};

	for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++)
		if (order[i] == code)
			return i;
	return code == EINVAL ? 1000 : 2000;
}

/* Whether the server that is connected is of the kind that is looked for first. */
static bool is_preferred(const struct pg *pg)
{
	return pg->target == PG_PRIMARY || pg_is_standby(pg) == (pg->target == PG_PREFER_STANDBY);
}

/* Tries all servers, from pg->host on, until one is connected that is preferred. *SPARE is then the connection to the first of the others,
 * if there was one, and *SPARE_HOST is its number. */
static void try_all(struct pg *pg, PGconn **spare, int *spare_host, struct dnc_error *worst)
{
	int first = pg->host, n = pg_servers(pg);
	struct dnc_error now = {0};
	bool failed = false;

	for (int i = 0; i < n && now.code != ECANCELED; i++) {
		pg->host = (first + i) % n;
		pg->ended = false;
		if (open_one(pg, pg->host_count ? &pg->hosts[pg->host] : NULL, &now) < 0) {
			if (!failed || rank(now.code) > rank(worst->code))
				*worst = now;
			failed = true;
			continue;
		}
		if (is_preferred(pg))
			return;
		if (*spare) {
			PQfinish(pg->conn);
		} else {
			*spare = pg->conn;
			*spare_host = pg->host;
		}
		pg->conn = NULL;
	}
	pg->host = first;
}

int pg_open(struct pg *pg, struct dnc_error *err)
{
	struct dnc_error worst = {0};
	PGconn *spare = NULL;
	int spare_host = 0;

	pg->prepared_count = 0;
	randombytes_buf(&pg->session, sizeof pg->session);
	try_all(pg, &spare, &spare_host, &worst);
	if (pg->conn) {
		PQfinish(spare);
	} else if (spare) {
		pg->conn = spare;
		pg->host = spare_host;
		pg->ended = false; /* else the next call finds it */
		note_server(pg);
	}
	pg->fresh |= pg->conn != NULL;
	if (!pg->conn && err)
		*err = worst;
	return pg->conn ? 0 : -1;
}
