/* postgres_standbys.c - waits for the standby servers of a log in PostgreSQL. */
#include "priv/postgres.h"

/* The process of the server that waits for standbys does not notice that its client has given up: there would be one more with
 * each connection, until the server has no room for others. *OWN is the process of this connection. */
static int end_waiting(struct pg *pg, int64_t waiting, int64_t *own, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT pg_backend_pid(), count(pg_terminate_backend(pid)) FROM pg_stat_activity "
		"WHERE pid = $1 AND wait_event = 'SyncRep' AND usename = current_user "
		"AND application_name = current_setting('application_name')";
	const struct pg_param process = pg_int8(waiting);
	PGresult *r = pg_run(pg, sql, 1, &process, err);

	if (!r)
		return -1;
	*own = pg_get_int(r, 0, 0);
	PQclear(r);
	return 0;
}

/* A commit that writes waits for the standbys, and so for all before it. One that has to wait for none need not write. */
int postgres_await_standbys(struct pg *pg, int64_t *waiting, struct dnc_error *err)
{
	static const char sql[] = "SELECT pg_logical_emit_message(true, 'dnc', '') "
				  "WHERE current_setting('synchronous_standby_names') <> ''";
	int64_t own;
	PGresult *r;

	if (end_waiting(pg, *waiting, &own, err) < 0)
		return -1;
	*waiting = own;
	r = pg_run(pg, sql, 0, NULL, err);
	PQclear(r);
	if (!r)
		return -1;
	*waiting = 0;
	return 0;
}
