#include <errno.h>
#include "priv/pg_reader.h"

enum { ROWS_MIN = 64 }; /* of a chunk, however long they are */

void reader_drop(struct pg_chunk *c)
{
	PQclear(c->rows);
	c->rows = NULL;
}

static PGresult *take(struct pg_reader *r, struct dnc_error *err)
{
	PGresult *answer = sources_take(&r->sources, err);
	struct journal_stats *stats = &r->base.journal->stats;
	uint64_t rows = answer ? (uint64_t)PQntuples(answer) : 0;

	stats->rows_read += rows;
	if (sources_spares_primary(&r->sources))
		stats->standby_rows_read += rows;
	return answer;
}

int reader_rows_for(const PGresult *answer, int rows)
{
	size_t bytes = 1, most;

	for (int i = 0; i < rows; i++)
		bytes += (size_t)PQgetlength(answer, i, 1);
	most = rows ? (size_t)CHUNK_BYTES / (bytes / (size_t)rows + 1) : ROWS_MIN;
	return most > READ_ROWS ? READ_ROWS : most < ROWS_MIN ? ROWS_MIN : (int)most;
}

int reader_opened_again(struct dnc_error *err)
{
	return dnc_error_set(err, EAGAIN, "the connection to the log was opened again");
}

/* Whether the numbers rise, from C->from to C->to: a damaged index, or a server that is not what it should be, would have clients get
 * events twice, or the reader begin again without an end. */
static int check_order(const struct pg_chunk *c, struct dnc_error *err)
{
	int64_t next = (int64_t)c->from;

	for (int i = 0; i < PQntuples(c->rows); i++) {
		int64_t seq = pg_get_int(c->rows, i, 0);

		if (seq < next || (uint64_t)seq > c->to)
			return postgres_disordered("after", (uint64_t)next - 1, seq, err);
		next = seq + 1;
	}
	return 0;
}

int reader_take_chunk(struct pg_reader *r, struct pg_chunk *c, struct dnc_error *err)
{
	int rows, asked = c->asked;

	c->asked = 0;
	c->rows = take(r, err);
	if (!c->rows)
		return -1;
	if (check_order(c, err) < 0) {
		reader_drop(c);
		return -1;
	}
	rows = PQntuples(c->rows);
	if (rows >= asked)
		c->to = (uint64_t)pg_get_int(c->rows, rows - 1, 0);
	r->rows = reader_rows_for(c->rows, rows);
	if (sources_seen(&r->sources) >= c->to)
		return 0;
	reader_drop(c);
	return reader_opened_again(err);
}

void reader_settle(struct pg_reader *r)
{
	struct dnc_error ignored;

	if (r->ahead.asked)
		reader_take_chunk(r, &r->ahead, &ignored);
}

PGresult *reader_query(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err)
{
	return sources_send(&r->sources, sql, n, params, err) < 0 ? NULL : take(r, err);
}

int reader_find(struct pg_reader *r, uint64_t needed, struct dnc_error *err)
{
	reader_settle(r);
	return sources_find(&r->sources, needed, err);
}
