/* postgres_standbys.c - waits for the standby servers of a log in PostgreSQL. */
#include "priv/postgres.h"

/* The process of the server that waits for standbys does not notice that its client has given up: there would be one more with
 * each connection, until the server has no room for others. *OWN is the process of this connection. */
static int end_waiting(
	struct pg *pg, struct pg_process waiting, struct pg_process *own, struct dnc_error *err)
{
	static const char sql[] =
		"WITH p AS (SELECT pid, wait_event, usename, application_name, "
		"(extract(epoch FROM backend_start) * 1000000)::bigint AS begun_us "
		"FROM pg_stat_activity), own AS (SELECT * FROM p WHERE pid = pg_backend_pid()) "
		"SELECT own.pid, own.begun_us, (SELECT count(pg_terminate_backend(w.pid)) FROM p w "
		"WHERE w.pid = $1 AND w.begun_us = $2 AND w.wait_event = 'SyncRep' "
		"AND w.usename = own.usename AND w.application_name = own.application_name) FROM own";
	const struct pg_param params[] = {pg_int8(waiting.pid), pg_int8(waiting.begun_us)};
	PGresult *r = pg_run(pg, sql, 2, params, err);

	if (!r)
		return -1;
	*own = (struct pg_process){0};
	if (PQntuples(r))
		*own = (struct pg_process){pg_get_int(r, 0, 0), pg_get_int(r, 0, 1)};
	PQclear(r);
	return 0;
}

/* A commit that writes waits for the standbys, and so for all before it. One that has to wait for none need not write. */
int postgres_await_standbys(struct pg *pg, struct pg_process *waiting, struct dnc_error *err)
{
	static const char sql[] = "SELECT pg_logical_emit_message(true, 'dnc', '') "
				  "WHERE current_setting('synchronous_standby_names') <> ''";
	struct pg_process own;
	PGresult *r;

	if (end_waiting(pg, *waiting, &own, err) < 0)
		return -1;
	*waiting = own;
	r = pg_run(pg, sql, 0, NULL, err);
	PQclear(r);
	if (!r)
		return -1;
	*waiting = (struct pg_process){0};
	return 0;
}
