/* postgres_ask.c - a reader's questions to a server that has what the journal has.
 *
 * A reader may use any server, also a standby while there is no primary. One that is behind is asked again until it has what the
 * journal has, and left when that takes long. So is one with other events: a former primary, which has not got the newest epochs. */
#include <errno.h>
#include <inttypes.h>
#include "priv/pg_reader.h"

enum {
	ROWS_MIN = 64, /* of a chunk, however long they are */
	PATIENCE = 2,  /* so often in a row a server may lack what is wanted */
};

void reader_drop(struct pg_chunk *c)
{
	PQclear(c->rows);
	c->rows = NULL;
}

/* Takes the answer of the server. What was known of another one means nothing any more. */
static PGresult *take(struct pg_reader *r, struct dnc_error *err)
{
	PGresult *answer = pg_take(r->pg, err);

	if (!answer || pg_is_new(r->pg))
		r->seen = 0;
	if (answer)
		r->base.journal->stats.rows_read += (uint64_t)PQntuples(answer);
	return answer;
}

/* How many rows have some MiB, if they are like those of this answer. */
int reader_rows_for(const PGresult *answer, int rows)
{
	size_t bytes = 1, most;

	for (int i = 0; i < rows; i++)
		bytes += (size_t)PQgetlength(answer, i, 1);
	most = rows ? (size_t)CHUNK_BYTES / (bytes / (size_t)rows + 1) : ROWS_MIN;
	return most > READ_ROWS ? READ_ROWS : most < ROWS_MIN ? ROWS_MIN : (int)most;
}

/* Takes the rows of C that were asked for. */
int reader_take_chunk(struct pg_reader *r, struct pg_chunk *c, struct dnc_error *err)
{
	int rows, asked = c->asked;

	c->asked = 0;
	c->rows = take(r, err);
	if (!c->rows)
		return -1;
	rows = PQntuples(c->rows);
	if (rows == asked)
		c->to = (uint64_t)pg_get_int(c->rows, rows - 1, 0);
	r->rows = reader_rows_for(c->rows, rows);
	if (r->seen >= c->to)
		return 0;
	/* It is another server now: perhaps one that is behind. */
	reader_drop(c);
	return dnc_error_set(err, EAGAIN, "the connection to the log was opened again");
}

/* Takes what was asked for ahead, if anything. A failure is told when it is needed. */
void reader_settle(struct pg_reader *r)
{
	struct dnc_error ignored;

	if (r->ahead.asked)
		reader_take_chunk(r, &r->ahead, &ignored);
}

int reader_send(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err)
{
	reader_settle(r);
	if (pg_send(r->pg, sql, n, params, err) == 0)
		return 0;
	r->seen = 0;
	return -1;
}

PGresult *reader_query(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err)
{
	return reader_send(r, sql, n, params, err) < 0 ? NULL : take(r, err);
}

/* Up to where the server has the events of the journal: after the end of its newest epoch it has others under their numbers, or,
 * when the journal does not know that yet, may have them after the newest that both know. */
static uint64_t find_end(struct dnc_journal *journal, struct dnc_str newest, uint64_t later)
{
	uint64_t end;

	if (epochs_find(journal->epochs, newest, &end))
		return end;
	dnc_journal_look(journal);
	return later ? later - 1 : 0;
}

/* Notes up to where the server has what the journal has. -1 with ERR also when that is not all up to LAST. */
static int see(struct pg_reader *r, uint64_t last, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT seq, " POSTGRES_EPOCH ", (SELECT min(first_seq) FROM dnc.epochs WHERE n > "
		"(SELECT n FROM dnc.epochs WHERE epoch = $1)) FROM dnc.newest()";
	struct dnc_journal *journal = r->base.journal;
	struct dnc_epoch epoch;
	struct pg_param current;
	PGresult *answer;
	uint64_t newest, end;

	r->epoch_changes = epochs_changes(journal->epochs);
	epoch = epochs_current(journal->epochs);
	current = pg_text(dnc_str(epoch.name));
	answer = reader_query(r, sql, 1, &current, err);
	if (!answer)
		return -1;
	newest = (uint64_t)pg_get_int(answer, 0, 0);
	end = find_end(journal, pg_get_text(answer, 0, 1), (uint64_t)pg_get_int(answer, 0, 2));
	PQclear(answer);
	r->seen = newest < end ? newest : end;
	if (r->seen >= last)
		return 0;
	if (newest >= last)
		return dnc_error_set(err, EAGAIN,
			"the server of the log at %s has another epoch than this hub",
			pg_server(r->pg));
	return dnc_error_set(err, EAGAIN,
		"the server of the log at %s is %" PRIu64 " events behind", pg_server(r->pg),
		last - newest);
}

/* Sees to it that the server has all events that the journal has. */
int reader_catch_up(struct pg_reader *r, uint64_t last, struct dnc_error *err)
{
	bool changed = r->epoch_changes != epochs_changes(r->base.journal->epochs);

	if ((changed || r->seen < last) && see(r, last, err) < 0) {
		if (++r->lacking % PATIENCE == 0)
			pg_leave(r->pg);
		return -1;
	}
	r->lacking = 0;
	return 0;
}
