/* pg_target.c - target_session_attrs, by which libpq would choose a server: it is chosen here, so that a user whose word says
 * otherwise is told. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "priv/pg_conn.h"

/* The user's words, and whether what is done fits each: by enum pg_target. */
static const struct {
	const char *word;
	bool fits[PG_PREFER_STANDBY + 1];
} words[] = {
	{"any", {true, true, true}},
	{"read-write", {true, true, false}},
	{"primary", {true, true, false}},
	{"prefer-standby", {false, false, true}},
	{"standby", {false, false, false}},
	{"read-only", {false, false, false}},
};

static const char *const done[] = {
	[PG_PRIMARY] = "the one that takes writes is used",
	[PG_PREFER_PRIMARY] = "the one that takes writes is used, and others while there is none",
	[PG_PREFER_STANDBY] = "a standby is used, and others while there is none",
};

static int note_option(struct pg *pg, const PQconninfoOption *options, struct dnc_error *err)
{
	const char *word = pg_option(options, "target_session_attrs");

	if (!word) /* libpq's default is "any" */
		return 0;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(word, words[i].word) != 0)
			continue;
		if (!words[i].fits[pg->target])
			pg->unheeded = words[i].word;
		return 0;
	}
	return dnc_error_set(err, EINVAL,
		"log: invalid target_session_attrs value: \"%.40s\": correct the connection string",
		word);
}

/* It may also come from a service file or the environment, which libpq reads only for a connection: this one it does not begin to
 * open, because there is no such sslmode. */
int pg_target_read(struct pg *pg, struct dnc_error *err)
{
	const char *const keys[] = {"dbname", "sslmode", NULL};
	const char *const values[] = {pg->conninfo, "none", NULL};
	PGconn *conn = PQconnectStartParams(keys, values, 1);
	PQconninfoOption *options = PQconninfo(conn);
	int rc = options ? note_option(pg, options, err) : dnc_error_nomem(err);

	PQconninfoFree(options);
	PQfinish(conn);
	return rc;
}

void pg_warn_of_target(const struct pg *pg)
{
	if (pg->unheeded)
		dnc_warn(
			"log on %s: target_session_attrs=%s, which the connection string, its service or "
			"PGTARGETSESSIONATTRS says, chooses no server: %s",
			pg->server, pg->unheeded, done[pg->target]);
}
