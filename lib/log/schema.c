/* schema.c - makes the log in PostgreSQL, and checks its layout. */
#include "schema.h"
#include <errno.h>
#include <stdlib.h>
#include "priv/schema.h"

/* Tables are made in no time; but another may be at it, or hold locks. */
enum { INIT_MS = 600000 };

/* The path is that of the root of the project, where make runs. */
__asm__(".section .rodata\n"
	"schema_start: .incbin \"lib/log/schema.sql\"\n"
	"schema_end: .byte 0\n"
	".previous\n");
extern const char schema_start[], schema_end[];

int dnc_schema_check_conninfo(const char *conninfo, struct dnc_error *err)
{
	return pg_check(conninfo, err);
}

struct dnc_str dnc_schema_sql(void)
{
	return (struct dnc_str){schema_start, (size_t)(schema_end - schema_start)};
}

int dnc_schema_init(const char *conninfo, struct dnc_error *err)
{
	struct pg *pg = pg_new(conninfo, PG_PRIMARY, "dnc-wsd --init-log", err);
	int rc = -1;

	if (pg) {
		pg_once(pg, true);
		pg_warn_of_target(pg);
		rc = pg_script(pg, schema_start, INIT_MS, err);
	}
	pg_free(pg);
	return rc;
}

int schema_check(struct pg *pg, struct dnc_error *err)
{
	static const char sql[] = "SELECT value::int FROM dnc.log WHERE key = 'layout'";
	PGresult *r = pg_run(pg, sql, 0, NULL, err);
	int64_t layout;

	if (!r)
		return -1;
	layout = PQntuples(r) ? pg_get_int(r, 0, 0) : 0;
	PQclear(r);
	if (layout > SCHEMA_LAYOUT)
		return dnc_error_set(err, ENOTSUP,
			"log on %s: it has layout %d, which a newer version of dnc-wsd made, and this one knows none after "
			"%d: use the newer version",
			pg_server(pg), (int)layout, SCHEMA_LAYOUT);
	if (layout < SCHEMA_LAYOUT)
		return dnc_error_set(err, ENOENT,
			"log on %s: it has the older layout %d: run dnc-wsd --init-log",
			pg_server(pg), (int)layout);
	return 0;
}
