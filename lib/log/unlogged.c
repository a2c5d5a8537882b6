#include "priv/unlogged.h"
#include <inttypes.h>
#include "base/log.h"
#include "base/words.h"

/* Records end in a newline. */
static uint64_t count_records(const struct dnc_buf *records)
{
	uint64_t count = 0;

	for (size_t i = 0; i < records->n; i++)
		count += records->p[i] == '\n';
	return count;
}

void unlogged_add(struct unlogged *u, const struct dnc_batch *b)
{
	u->events += b->count;
	u->records += count_records(&b->audit);
}

/* Nobody knows of a commit without an answer whether it was made. Producers send again what was not acknowledged; nobody sends a
 * record again. */
void unlogged_tell(const struct unlogged *u)
{
	if (u->events)
		dnc_err("%" PRIu64 " %s not acknowledged, and may not be in the log: send %s again",
			u->events, dnc_plural(u->events, "event was", "events were"),
			dnc_plural(u->events, "it", "them"));
	if (u->records)
		dnc_err("%" PRIu64 " audit %s may not be in the log", u->records,
			dnc_plural(u->records, "record", "records"));
}
