/* played_libpq.h - the functions of libpq that the log uses, on the server of played_pg.h. A connection is always there at once, and
 * so is an answer. */
#pragma once
#include "played_pg.h"

static PGconn *conn(void)
{
	return (PGconn *)&played;
}

PGconn *PQconnectStartParams(const char *const *keys, const char *const *values, int expand)
{
	(void)keys, (void)values, (void)expand;
	played.broken = false;
	played.sql = NULL;
	return conn();
}

static PQconninfoOption no_options[1];

PQconninfoOption *PQconninfo(PGconn *c)
{
	(void)c;
	return no_options;
}

PQconninfoOption *PQconninfoParse(const char *conninfo, char **message)
{
	(void)conninfo, (void)message;
	return no_options;
}

void PQconninfoFree(PQconninfoOption *options)
{
	(void)options;
}

void PQfinish(PGconn *c)
{
	(void)c;
}

ConnStatusType PQstatus(const PGconn *c)
{
	(void)c;
	return played.broken ? CONNECTION_BAD : CONNECTION_OK;
}

PostgresPollingStatusType PQconnectPoll(PGconn *c)
{
	(void)c;
	return PGRES_POLLING_OK;
}

int PQsocket(const PGconn *c)
{
	(void)c;
	return played.socket;
}

char *PQhost(const PGconn *c)
{
	(void)c;
	return NULL;
}

char *PQport(const PGconn *c)
{
	(void)c;
	return NULL;
}

char *PQhostaddr(const PGconn *c)
{
	(void)c;
	return NULL;
}

int PQsslInUse(PGconn *c)
{
	(void)c;
	return 0;
}

const char *PQparameterStatus(const PGconn *c, const char *name)
{
	(void)c, (void)name;
	return NULL;
}

PQnoticeReceiver PQsetNoticeReceiver(PGconn *c, PQnoticeReceiver receiver, void *ctx)
{
	(void)c, (void)receiver, (void)ctx;
	return NULL;
}

PGVerbosity PQsetErrorVerbosity(PGconn *c, PGVerbosity verbosity)
{
	(void)c;
	return verbosity;
}

int PQsetnonblocking(PGconn *c, int yes)
{
	(void)c, (void)yes;
	return 0;
}

char *PQerrorMessage(const PGconn *c)
{
	static char none[] = "";

	(void)c;
	return none;
}

PGTransactionStatusType PQtransactionStatus(const PGconn *c)
{
	(void)c;
	return PQTRANS_IDLE;
}

int PQconsumeInput(PGconn *c)
{
	(void)c;
	return !played.broken;
}

int PQflush(PGconn *c)
{
	(void)c;
	return 0;
}

int PQisBusy(PGconn *c)
{
	(void)c;
	return 0;
}

int PQsendQuery(PGconn *c, const char *sql)
{
	(void)c;
	return take_statement(sql, 0, NULL, NULL);
}

static const char *prepared[64];

/* Its name ends with a number. */
static const char **statement_of(const char *name)
{
	return &prepared[atoi(strrchr(name, '_') + 1) % 64];
}

int PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types)
{
	(void)c, (void)n, (void)types;
	*statement_of(name) = sql;
	played.prepares = true;
	return 1;
}

int PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *values,
	const int *lengths, const int *formats, int format)
{
	(void)c, (void)formats, (void)format;
	return take_statement(*statement_of(name), n, values, lengths);
}

int PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types,
	const char *const *values, const int *lengths, const int *formats, int format)
{
	(void)c, (void)types, (void)formats, (void)format;
	return take_statement(sql, n, values, lengths);
}

PGresult *PQgetResult(PGconn *c)
{
	PGresult *r = NULL;

	(void)c;
	if (played.prepares)
		r = PQmakeEmptyPGresult(NULL, PGRES_COMMAND_OK);
	else if (played.sql && strncmp(played.sql, "SET search_path", 15) == 0)
		r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	else if (played.sql)
		r = answer();
	played.prepares = false;
	played.sql = NULL;
	return r;
}

char *PQresultErrorField(const PGresult *r, int field)
{
	static char text[] = "refused";

	if (PQresultStatus(r) != PGRES_FATAL_ERROR)
		return NULL;
	return field == PG_DIAG_SQLSTATE          ? (char *)(uintptr_t)played.state
	       : field == PG_DIAG_MESSAGE_PRIMARY ? text
	                                          : NULL;
}

PGnotify *PQnotifies(PGconn *c)
{
	PGnotify *n = played.notified;

	(void)c;
	played.notified = NULL;
	return n;
}
