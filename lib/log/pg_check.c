/* pg_check.c - whether a connection string may be given as an argument: not with a password, and never is one shown. */
#include <errno.h>
#include <string.h>
#include "priv/pg_conn.h"

static bool has_password(const PQconninfoOption *options)
{
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (o->val && *o->val && *o->dispchar == '*')
			return true;
	return false;
}

/* libpq would take it for a name, which the server's message shows. */
static bool has_string_as_database(const PQconninfoOption *options)
{
	const char *name = pg_option(options, "dbname");

	return name && (strstr(name, "://") || (strchr(name, '=') && strstr(name, "password")));
}

/* Why libpq can't read it, unless that may show the part of the string that has a password. */
static int refuse(const char *conninfo, const char *why, struct dnc_error *err)
{
	if (!why || strstr(conninfo, "pass") || strchr(conninfo, '@'))
		why = "";
	return dnc_error_set(err, EINVAL,
		"no connection string like postgresql://HOST/DATABASE%s%.*s", *why ? ": " : "",
		(int)strcspn(why, "\n"), why);
}

int pg_check(const char *conninfo, struct dnc_error *err)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &message);
	int rc = 0;

	if (!*(conninfo + strspn(conninfo, " \t\r\n"))) {
		/* libpq would take its defaults for all, which nobody wants who has an unset variable there. */
		rc = dnc_error_set(err, EINVAL,
			"the connection string is empty: say at least dbname=DATABASE");
	} else if (!options) {
		rc = refuse(conninfo, message, err);
	} else if (has_password(options)) {
		rc = dnc_error_set(err, EINVAL,
			"everybody can see the arguments of processes, so a password is refused there: use a password "
			"file (passfile=FILE, PGPASSFILE or ~/.pgpass) or a service file");
	} else if (has_string_as_database(options)) {
		rc = dnc_error_set(err, EINVAL,
			"dbname is a connection string itself: give that one, without a password");
	}
	PQfreemem(message);
	PQconninfoFree(options);
	return rc;
}
