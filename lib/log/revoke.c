#include "revoke.h"
#include <errno.h>
#include "priv/pg.h"

static int revoke_by(struct pg *pg, const char *jti, int64_t expires_ms, struct dnc_error *err)
{
	static const char sql[] = "SELECT dnc.revoke($1, nullif($2, 0))";
	const struct pg_param params[] = {pg_text(dnc_str(jti)), pg_int8(expires_ms)};
	PGresult *r;

	if (pg_connect(pg, err) < 0)
		return -1;
	r = pg_run(pg, sql, 2, params, err);
	if (!r && err->code == EACCES)
		dnc_error_set(err, EACCES,
			"log on %.60s: this user may not revoke tokens: grant dnc_revoker to it",
			pg_server(pg));
	PQclear(r);
	return r ? 0 : -1;
}

int dnc_log_revoke(const char *conninfo, const char *jti, int64_t expires_ms, struct dnc_error *err)
{
	struct pg *pg = pg_new(conninfo, PG_PRIMARY, "dnc-token revoke", err);
	int rc = -1;

	if (pg) {
		pg_once(pg, true);
		pg_warn_of_target(pg);
		rc = revoke_by(pg, jti, expires_ms, err);
	}
	pg_free(pg);
	return rc;
}
