/* copy_open.c - which engine a log has. */
#include <string.h>
#include "priv/copy.h"

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

void copy_close(struct copy_log *log)
{
	if (log)
		log->engine->close(log);
}
