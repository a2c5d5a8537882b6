/* postgres_standbys.c - waits for the standby servers of a log in PostgreSQL. */
#include <stdlib.h>
#include "priv/postgres.h"

struct pg_process *postgres_waiting_new(const struct pg *pg)
{
	return calloc((size_t)pg_servers(pg), sizeof(struct pg_process));
}

/* The process of the server that waits for standbys does not notice that its client has given up: there would be one more with
 * each connection, until the server has no room for others. Of several servers each may have one: while none can commit, they are tried
 * in turn. One that is about to wait, on a slow disk, is ended, too: nobody takes its answer. The server's place in OF_SERVERS has
 * the process of this connection then. */
static int end_waiting(struct pg *pg, struct pg_process *of_servers, struct dnc_error *err)
{
	static const char sql[] =
		"WITH p AS (SELECT pid, usename, application_name, "
		"(extract(epoch FROM backend_start) * 1000000)::bigint AS begun_us "
		"FROM pg_stat_activity), own AS (SELECT * FROM p WHERE pid = pg_backend_pid()) "
		"SELECT own.pid, own.begun_us, (SELECT count(pg_terminate_backend(w.pid)) FROM p w "
		"WHERE w.pid = $1 AND w.begun_us = $2 AND w.pid <> own.pid "
		"AND w.usename = own.usename AND w.application_name = own.application_name) FROM own";
	struct pg_param params[2];
	struct pg_process *waiting;
	PGresult *r;

	if (pg_connect(pg, err) < 0)
		return -1;
	waiting = &of_servers[pg_host(pg)];
	params[0] = pg_int8(waiting->pid);
	params[1] = pg_int8(waiting->begun_us);
	r = pg_run(pg, sql, 2, params, err);
	if (!r)
		return -1;
	waiting = &of_servers[pg_host(pg)]; /* it may have been opened again */
	*waiting = (struct pg_process){0};
	if (PQntuples(r))
		*waiting = (struct pg_process){pg_get_int(r, 0, 0), pg_get_int(r, 0, 1)};
	PQclear(r);
	return 0;
}

/* A commit that writes waits for the standbys, and so for all before it. One that has to wait for none need not write. */
int postgres_await_standbys(struct pg *pg, struct pg_process *waiting, struct dnc_error *err)
{
	static const char sql[] = "SELECT pg_logical_emit_message(true, 'dnc', '') "
				  "WHERE current_setting('synchronous_standby_names') <> ''";
	PGresult *r;

	if (end_waiting(pg, waiting, err) < 0)
		return -1;
	r = pg_run(pg, sql, 0, NULL, err);
	PQclear(r);
	if (!r)
		return -1;
	waiting[pg_host(pg)] = (struct pg_process){0};
	return 0;
}
