/* postgres_revoked.c - which tokens a log in PostgreSQL revokes. */
#include <errno.h>
#include "base/clock.h"
#include "priv/postgres.h"

/* Twice what the trigger of dnc.revoked lets in, which counts by the server's clock: to a machine whose clock is behind that, tokens
 * live that have expired there, and others have taken their place. */
#define REVOKED_MAX 200000

static int find_changes(struct pg *pg, int64_t *changes, struct dnc_error *err)
{
	PGresult *r = pg_run(pg, "SELECT " POSTGRES_REVOCATIONS, 0, NULL, err);

	if (!r)
		return -1;
	*changes = pg_get_int(r, 0, 0);
	PQclear(r);
	return 0;
}

static int replace(struct pg_journal *j, const PGresult *r, struct dnc_error *err)
{
	struct dnc_buf ids = {0};
	int n = PQntuples(r);

	if (n > REVOKED_MAX)
		return dnc_error_set(err, EINVAL,
			"dnc.revoked has more than %d tokens that have not expired by this machine's "
			"clock, which hubs can't hold: set the clock, run dnc-wsd --init-log, and "
			"delete those that need not be there",
			REVOKED_MAX);
	for (int i = 0; i < n; i++) {
		dnc_buf_str(&ids, pg_get_text(r, i, 0));
		dnc_buf_chr(&ids, '\0');
	}
	if (!dnc_buf_ok(&ids)) {
		dnc_buf_free(&ids);
		return dnc_error_nomem(err);
	}
	revocations_replace(j->base.revocations, &ids);
	j->base.stats.revoked = (uint64_t)n;
	return 0;
}

/* The list is at least as new as the number of changes, which is read first. Tokens expire by this machine's clock; the server's must
 * not end a revocation before. */
int postgres_load_revoked(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT jti FROM dnc.revoked WHERE expires IS NULL OR expires > least($1, "
		"extract(epoch FROM clock_timestamp()) * 1000) - 86400000 ORDER BY jti "
		"LIMIT 1 + " PG_CONSTANT(REVOKED_MAX);
	const struct pg_param now = pg_int8(dnc_clock_now_ms());
	int64_t changes;
	PGresult *r;
	int rc;

	if (find_changes(pg, &changes, err) < 0)
		return -1;
	r = pg_run(pg, sql, 1, &now, err);
	if (!r)
		return -1;
	rc = replace(j, r, err);
	PQclear(r);
	if (rc == 0)
		j->follower.revocations = changes;
	return rc;
}
