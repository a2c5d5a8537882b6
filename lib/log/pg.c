/* pg.c - runs statements, and waits for notifications. */
#include "priv/pg.h"
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "priv/pg_conn.h"

enum { PARAMS_MAX = 16 };

struct pg *pg_new(
	const char *conninfo, enum pg_target target, const char *name, struct dnc_error *err)
{
	struct pg *pg;

	if (pg_check(conninfo, err) < 0)
		return NULL;
	pg = calloc(1, sizeof *pg);
	if (!pg) {
		dnc_error_nomem(err);
		return NULL;
	}
	pg->conninfo = conninfo;
	pg->target = target;
	pg->name = name;
	pg->stop_fd = -1;
	if (pg_hosts_read(pg, err) == 0 && pg_target_read(pg, err) == 0)
		return pg;
	pg_free(pg);
	return NULL;
}

void pg_free(struct pg *pg)
{
	if (!pg)
		return;
	pg_disconnect(pg);
	pg_hosts_free(pg);
	free(pg);
}

void pg_once(struct pg *pg, bool once)
{
	pg->once = once;
}

void pg_stop_fd(struct pg *pg, int fd)
{
	pg->stop_fd = fd;
}

void pg_disconnect(struct pg *pg)
{
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->in_transaction = false;
}

int pg_host(const struct pg *pg)
{
	return pg->host;
}

void pg_go(struct pg *pg, int host)
{
	pg_disconnect(pg);
	pg->host = host % pg_servers(pg);
}

void pg_leave(struct pg *pg)
{
	pg_go(pg, pg->host + 1);
}

/* PQisBusy() looks at what was received. */
static bool was_closed(const struct pg *pg)
{
	return !PQconsumeInput(pg->conn) || PQisBusy(pg->conn) || pg->ended ||
	       PQstatus(pg->conn) != CONNECTION_OK;
}

/* A connection that was closed while it was not used is found before anything is sent on it. The rest of a transaction must not be run
 * on another one. */
int pg_connect(struct pg *pg, struct dnc_error *err)
{
	pg->unknown = false;
	if (pg->conn && was_closed(pg)) {
		bool in_transaction = pg->in_transaction;

		pg_disconnect(pg);
		if (in_transaction)
			return dnc_error_set(err, EIO,
				"log on %s: the connection was lost in a transaction: %s",
				pg->server, pg_hint_connecting(pg));
	}
	return pg->conn ? 0 : pg_open(pg, err);
}

bool pg_is_new(struct pg *pg)
{
	bool fresh = pg->fresh;

	pg->fresh = false;
	return fresh;
}

bool pg_outcome_unknown(const struct pg *pg)
{
	return pg->unknown;
}

const char *pg_server(const struct pg *pg)
{
	return pg->server;
}

/* The result was an error, or there was none. A server that takes connections but ends nothing in time may be an old primary
 * that is cut off from its standbys: there may be another by now. */
static void end_failed(struct pg *pg, bool usable, const struct dnc_error *why)
{
	if (why->code == ETIMEDOUT)
		pg_leave(pg);
	else if (!usable)
		pg_disconnect(pg);
}

/* Receives the result of what was sent. */
static PGresult *finish(struct pg *pg, int64_t ms, struct dnc_error *err)
{
	struct dnc_error why;
	PGresult *r = pg_receive(pg, dnc_clock_mono_ms() + ms, &why);
	ExecStatusType status = PQresultStatus(r);
	bool usable = false;

	if (r)
		pg->in_transaction = PQtransactionStatus(pg->conn) != PQTRANS_IDLE;
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return r;
	if (!r) {
		pg->unknown = true;
	} else if (status != PGRES_FATAL_ERROR) {
		/* COPY, and what else no statement of ours begins. */
		dnc_error_set(&why, EINVAL, "log on %s: not a statement for pg_run()", pg->server);
	} else {
		/* Without a state the error is libpq's: the connection was lost. */
		pg->unknown = !PQresultErrorField(r, PG_DIAG_SQLSTATE);
		usable = pg_error(pg, r, &why);
	}
	PQclear(r);
	end_failed(pg, usable, &why);
	if (err)
		*err = why;
	return NULL;
}

/* The parameters as libpq wants them. */
struct wire {
	Oid types[PARAMS_MAX];
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	uint64_t numbers[PARAMS_MAX];
};

static void encode(struct wire *w, int n, const struct pg_param *params)
{
	for (int i = 0; i < n; i++) {
		const struct pg_param *p = &params[i];

		w->numbers[i] = htobe64((uint64_t)p->number);
		w->types[i] = p->type;
		w->formats[i] = 1;
		w->values[i] = p->null ? NULL : p->text.p ? p->text.p : (char *)&w->numbers[i];
		w->lengths[i] = p->text.p ? (int)p->text.n : (int)sizeof w->numbers[i];
	}
}

/* Which of the kept statements SQL is, from 0; -1: none. By its address: see pg_run(). */
static int find_prepared(struct pg *pg, const char *sql)
{
	for (int i = 0; i < pg->prepared_count; i++)
		if (pg->prepared[i] == sql)
			return i;
	return -1;
}

static void name_statement(const struct pg *pg, int number, char name[PG_NAME])
{
	snprintf(name, PG_NAME, "dnc_%016" PRIx64 "_%d", pg->session, number);
}

static int prepare(struct pg *pg, const char *sql, int n, const struct wire *w, int64_t deadline,
	struct dnc_error *err)
{
	char name[PG_NAME];
	PGresult *r = NULL;
	ExecStatusType status;

	name_statement(pg, pg->prepared_count, name);
	if (PQsendPrepare(pg->conn, name, sql, n, w->types))
		r = finish(pg, deadline - dnc_clock_mono_ms(), err);
	else
		pg_error(pg, NULL, err);
	pg->unknown = false;
	status = PQresultStatus(r);
	PQclear(r);
	if (!r || status != PGRES_COMMAND_OK)
		return -1;
	pg->prepared[pg->prepared_count++] = sql;
	return 0;
}

static int send_statement(struct pg *pg, const char *sql, int n, const struct wire *w,
	int64_t deadline, struct dnc_error *err)
{
	int known = find_prepared(pg, sql), sent;
	char name[PG_NAME];

	if (known < 0 && pg->prepared_count < PG_STATEMENTS) {
		if (prepare(pg, sql, n, w, deadline, err) < 0)
			return -1;
		known = pg->prepared_count - 1;
	}
	name_statement(pg, known, name);
	sent = known < 0 ? PQsendQueryParams(
				   pg->conn, sql, n, w->types, w->values, w->lengths, w->formats, 1)
	                 : PQsendQueryPrepared(
				   pg->conn, name, n, w->values, w->lengths, w->formats, 1);
	if (sent)
		return 0;
	/* It may have been sent in part; a statement that is not whole is not run. */
	pg_error(pg, NULL, err);
	pg_disconnect(pg);
	return -1;
}

int pg_send(
	struct pg *pg, const char *sql, int n, const struct pg_param *params, struct dnc_error *err)
{
	struct wire w;

	if (n > PARAMS_MAX)
		return dnc_error_set(err, EINVAL, "more than %d parameters", PARAMS_MAX);
	if (pg_connect(pg, err) < 0)
		return -1;
	pg->deadline_ms = dnc_clock_mono_ms() + PG_CALL_MS;
	encode(&w, n, params);
	return send_statement(pg, sql, n, &w, pg->deadline_ms, err);
}

PGresult *pg_take(struct pg *pg, struct dnc_error *err)
{
	PGresult *r;

	pg->unreplicated = false;
	r = finish(pg, pg->deadline_ms - dnc_clock_mono_ms(), err);
	if (!r || !pg->unreplicated)
		return r;
	PQclear(r);
	pg->unknown = true;
	dnc_error_set(err, EIO,
		"log on %s: committed, but not on the standby servers that have to have it: %s",
		pg->server, pg_hint_trying(pg));
	return NULL;
}

PGresult *pg_run(
	struct pg *pg, const char *sql, int n, const struct pg_param *params, struct dnc_error *err)
{
	return pg_send(pg, sql, n, params, err) < 0 ? NULL : pg_take(pg, err);
}

int pg_script(struct pg *pg, const char *sql, int64_t ms, struct dnc_error *err)
{
	static const char *const unlimited = "SET statement_timeout = 0";
	int64_t deadline = dnc_clock_mono_ms() + ms;
	const char *const parts[] = {unlimited, sql};

	if (pg_connect(pg, err) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		PGresult *r = NULL;

		if (PQsendQuery(pg->conn, parts[i]))
			r = finish(pg, deadline - dnc_clock_mono_ms(), err);
		else
			pg_error(pg, NULL, err);
		if (!r) {
			/* A transaction that failed, and the limit that is lifted, end with the connection. */
			pg_disconnect(pg);
			return -1;
		}
		PQclear(r);
	}
	pg_disconnect(pg);
	return 0;
}

static int take_notifications(struct pg *pg, uint64_t *number)
{
	int any = 0;
	PGnotify *n;

	while ((n = PQnotifies(pg->conn))) {
		bool numeric = *n->extra >= '0' && *n->extra <= '9';
		uint64_t v = numeric ? strtoull(n->extra, NULL, 10) : 0;

		if (v > *number)
			*number = v;
		any |= numeric ? PG_NUMBER : PG_WORD;
		PQfreemem(n);
	}
	return any;
}

int pg_wait_notify(struct pg *pg, int wake_fd, int64_t ms, uint64_t *number, struct dnc_error *err)
{
	struct pg_limit limit = {.at_ms = dnc_clock_mono_ms() + ms};

	*number = 0;
	while (pg->conn) {
		int rc = take_notifications(pg, number);

		if (rc)
			return rc;
		rc = pg_poll(pg, POLLIN, wake_fd, &limit);
		if (rc == 0)
			return 0;
		if (rc < 0)
			return dnc_error_set(
				err, ECANCELED, "log on %s: shutting down", pg->server);
		if (!PQconsumeInput(pg->conn)) {
			pg_error(pg, NULL, err);
			pg_disconnect(pg);
			return -1;
		}
	}
	return dnc_error_set(err, EIO, "log on %s: the connection is lost", pg->server);
}
