/* copy_open.c - which engine a log has. */
#include <errno.h>
#include <string.h>
#include "priv/copy.h"
#include "priv/pg.h"

/* "KEY=..." or a URI. */
static bool is_conninfo(const char *where)
{
	size_t n = strspn(where, "abcdefghijklmnopqrstuvwxyz_");

	return (n && where[n + strspn(where + n, " ")] == '=') ||
	       strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0;
}

struct copy_log *copy_open(const char *where, bool target, struct dnc_error *err)
{
	return is_conninfo(where) ? copy_postgres_open(where, target, err)
	                          : copy_sqlite_open(where, target, err);
}

/* What is wrong with it is told when it is opened. */
static void warn_of(const char *where)
{
	struct dnc_error ignored;
	struct pg *pg = is_conninfo(where) ? pg_new(where, PG_PRIMARY, "dnc-log", &ignored) : NULL;

	if (pg)
		pg_warn_of_target(pg);
	pg_free(pg);
}

void dnc_copy_warn(const struct dnc_copy_options *options)
{
	warn_of(options->from);
	warn_of(options->to);
}

void copy_close(struct copy_log *log)
{
	if (log)
		log->engine->close(log);
}

/* One below 1 would be the highest: nothing is after that, and nothing would be copied. */
int copy_ends(struct copy_log *log, struct dnc_copy_ends *ends, struct dnc_error *err)
{
	if (log->engine->ends(log, ends, err) < 0)
		return -1;
	if ((int64_t)ends->oldest >= 1 && (int64_t)ends->last >= 0 && ends->last < INT64_MAX &&
		(int64_t)ends->record >= 0 && ends->record < INT64_MAX)
		return 0;
	return dnc_error_set(err, EIO,
		"%s: its events are numbered from %lld to %lld, and its audit records to %lld: the log is "
		"damaged",
		log->name, (long long)ends->oldest, (long long)ends->last, (long long)ends->record);
}
