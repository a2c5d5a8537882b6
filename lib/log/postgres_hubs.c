/* postgres_hubs.c - dnc.hubs: this hub's row, and those of the others. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "event/event.h"
#include "priv/hubs.h"
#include "priv/postgres.h"

enum {
	/* Less than the follower waits, so that each time it looks is one. The others forget a hub after 20 s (dnc.show_hub()). */
	SHOW_MS = 4000,
};

static void fill(struct dnc_hubs_row *row, const PGresult *r, int i)
{
	struct dnc_str address = pg_get_text(r, i, 0);

	*row = (struct dnc_hubs_row){.connections = pg_get_int(r, i, 1)};
	if (address.n && address.n < sizeof row->address)
		memcpy(row->address, address.p, address.n);
}

static int show(struct pg_journal *j, int64_t connections, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT coalesce(advertise, ''), connections FROM dnc.show_hub($1, $2, $3, $4)";
	struct pg_follower *f = &j->follower;
	const char *address = j->options.advertise;
	const struct pg_param params[] = {pg_text(dnc_str(f->hub)),
		pg_text(address ? dnc_str(address) : (struct dnc_str){0}),
		pg_text(dnc_str(DNC_VERSION)), pg_int8(connections)};
	struct dnc_hubs_row rows[DNC_HUBS_MAX];
	PGresult *r = pg_run(f->pg, sql, 4, params, err);
	int n;

	if (!r)
		return -1;
	n = PQntuples(r) < DNC_HUBS_MAX ? PQntuples(r) : DNC_HUBS_MAX;
	for (int i = 0; i < n; i++)
		fill(&rows[i], r, i);
	PQclear(r);
	hubs_replace(j->base.hubs, rows, (size_t)n);
	return 0;
}

/* Also when that fails: then the others forget this hub by and by. */
static int hide(struct pg_journal *j, struct dnc_error *err)
{
	const struct pg_param name = pg_text(dnc_str(j->follower.hub));
	PGresult *r = pg_run(j->follower.pg, "SELECT dnc.hide_hub($1)", 1, &name, err);

	PQclear(r);
	hubs_hidden(j->base.hubs);
	return r ? 0 : -1;
}

static void make_name(struct pg_follower *f)
{
	uint64_t random;

	randombytes_buf(&random, sizeof random);
	snprintf(f->hub, sizeof f->hub, "%016" PRIx64, random);
}

void postgres_meet_hubs(struct pg_journal *j)
{
	struct pg_follower *f = &j->follower;
	int64_t now = dnc_clock_mono_ms(), connections;
	enum hubs_duty duty = hubs_next(j->base.hubs, &connections);
	struct dnc_error err;
	int rc;

	if (duty == HUBS_NOTHING || (duty == HUBS_SHOW && now < f->hubs_due_ms))
		return;
	if (!f->hub[0])
		make_name(f);
	f->hubs_due_ms = now + SHOW_MS;
	rc = duty == HUBS_SHOW ? show(j, connections, &err) : hide(j, &err);
	if (rc < 0 && !f->hubs_failed)
		dnc_warn(
			"%s; the hubs that share the log do not learn of each other until it works again",
			err.message);
	f->hubs_failed = rc < 0;
}
