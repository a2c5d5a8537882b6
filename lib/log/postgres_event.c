/* postgres_event.c - whether a row of dnc.events holds what a hub wrote there. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "base/clock.h"
#include "event/event.h"
#include "priv/postgres.h"

_Static_assert(DNC_EVENT_MAX_BYTES == 32768, "POSTGRES_EVENT says it in SQL");

/* No byte of a canonical line is a control character: there are no blanks, and strings have escapes. */
bool postgres_is_event(struct dnc_str line)
{
	static const struct dnc_str begin = DNC_STR("{\"id\":\"");
	unsigned char control = 0;

	if (line.n <= begin.n || line.n > DNC_EVENT_MAX_BYTES ||
		memcmp(line.p, begin.p, begin.n) != 0 || line.p[line.n - 1] != '}')
		return false;
	for (size_t i = 0; i < line.n; i++)
		control |= (unsigned char)line.p[i] < ' ';
	return !control;
}

int64_t postgres_time(const PGresult *r, int row, int column)
{
	int64_t ms = pg_get_int(r, row, column);

	return dnc_clock_in_range(ms) ? ms : 0;
}

int postgres_damaged(uint64_t seq, struct dnc_error *err)
{
	return dnc_error_set(err, EIO,
		"the log is damaged: event %" PRIu64
		" of dnc.events is not as a hub wrote it: restore it from a backup, or delete it, "
		"and clients are told that it is missing",
		seq);
}

int postgres_disordered(const char *place, uint64_t at, int64_t given, struct dnc_error *err)
{
	return dnc_error_set(err, EIO,
		"the log is damaged: %s event %" PRIu64 " its server gave another event %" PRId64
		": check the indexes of dnc.events (REINDEX)",
		place, at, given);
}
