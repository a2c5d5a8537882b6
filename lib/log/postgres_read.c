/* postgres_read.c - reads events of a log in PostgreSQL in order, by phone number and by time, in chunks.
 *
 * A reader may use any server, also a standby while there is no primary. It hands out nothing after the journal's `last`:
 * a standby can show what is not yet safe. One that is behind is asked again until it has what the journal has, and left
 * when that takes long. So is one with other events: a former primary, which has not got the newest epochs. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "priv/postgres.h"

enum {
	FIRST_ROWS = 50, /* of a read that may end soon */
	ROWS_MIN = 64,   /* of a chunk, however long they are */
	ROWS_GROW = 4,
	PATIENCE = 2, /* so often in a row a server may lack what is wanted */
};

/* All events of the log from `from` to `to`. */
struct pg_chunk {
	PGresult *rows; /* NULL: none */
	uint64_t from, to;
};

struct pg_reader {
	struct dnc_journal_reader base;
	struct pg *pg;
	int stop_fd;
	uint64_t seen;          /* the server has the journal's events up to this one, */
	uint64_t epoch_changes; /* when that had changed its epoch so often */
	unsigned lacking;       /* so often in a row the server had not all that was wanted */
	/* What was read forwards last, and what was read ahead after it. */
	struct pg_chunk chunk, ahead;
	int rows;      /* of the next one */
	uint64_t next; /* number with which a read forwards is likely to go on; 0: none is */
	struct dnc_buf line;
};

/* What a read is for. */
struct wanted {
	uint64_t next; /* number; BACK: from here on backwards */
	bool back;
	struct dnc_str phone;
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line);
	void *ctx;
};

static void drop(struct pg_chunk *c)
{
	PQclear(c->rows);
	c->rows = NULL;
}

static bool has(const struct pg_chunk *c, uint64_t seq)
{
	return c->rows && seq >= c->from && seq <= c->to;
}

void postgres_reader_free(struct dnc_journal_reader *base)
{
	struct pg_reader *r = (struct pg_reader *)base;

	drop(&r->chunk);
	drop(&r->ahead);
	pg_free(r->pg);
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	dnc_buf_free(&r->line);
	free(r);
}

void postgres_reader_stop(struct dnc_journal_reader *base)
{
	eventfd_write(((struct pg_reader *)base)->stop_fd, 1);
}

struct dnc_journal_reader *postgres_reader_new(struct dnc_journal *base, struct dnc_error *err)
{
	struct pg_reader *r = calloc(1, sizeof *r);

	if (!r) {
		dnc_error_nomem(err);
		return NULL;
	}
	r->base.journal = base;
	r->rows = CHUNK_ROWS / ROWS_GROW;
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->stop_fd < 0)
		dnc_error_set(err, errno, "unable to make an eventfd: %s", strerror(errno));
	else
		r->pg = pg_new(
			((struct pg_journal *)base)->options.log, PG_ANY, "dnc-wsd: reads", err);
	if (r->pg) {
		pg_stop_fd(r->pg, r->stop_fd);
		return &r->base;
	}
	postgres_reader_free(&r->base);
	return NULL;
}

/* Runs SQL. What was known of another server means nothing any more. */
static PGresult *query(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err)
{
	PGresult *answer = pg_run(r->pg, sql, n, params, err);

	if (!answer || pg_is_new(r->pg))
		r->seen = 0;
	if (answer)
		r->base.journal->stats.rows_read += (uint64_t)PQntuples(answer);
	return answer;
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
	answer = query(r, sql, 1, &current, err);
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
static int catch_up(struct pg_reader *r, uint64_t last, struct dnc_error *err)
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

/* Hands out row ROW. 1 when EACH wants no more. */
static int hand_out(struct pg_reader *r, struct wanted *w, const PGresult *answer, int row,
	struct dnc_error *err)
{
	uint64_t seq = (uint64_t)pg_get_int(answer, row, 0);
	struct dnc_str line = pg_get_text(answer, row, 1);

	if (!postgres_is_event(line))
		return postgres_damaged(seq, err);
	dnc_buf_clear(&r->line);
	dnc_buf_str(&r->line, line);
	if (!dnc_buf_reserve(&r->line, DNC_JSON_PADDING))
		return dnc_error_nomem(err);
	w->next = w->back ? seq - 1 : seq + 1;
	return !w->each(w->ctx, seq, dnc_buf_view(&r->line));
}

/* How many rows have some MiB, if they are like those of this answer. */
static int rows_for(const PGresult *answer, int rows)
{
	size_t bytes = 1, most;

	for (int i = 0; i < rows; i++)
		bytes += (size_t)PQgetlength(answer, i, 1);
	most = rows ? (size_t)CHUNK_BYTES / (bytes / (size_t)rows + 1) : ROWS_MIN;
	return most > CHUNK_ROWS ? CHUNK_ROWS : most < ROWS_MIN ? ROWS_MIN : (int)most;
}

/* Makes C the chunk that begins with the event FROM; LAST is the newest of the journal. */
static int read_chunk(struct pg_reader *r, struct pg_chunk *c, uint64_t from, uint64_t last,
	struct dnc_error *err)
{
	static const char sql[] =
		"SELECT seq, " POSTGRES_EVENT " FROM dnc.events WHERE seq >= $1 AND seq <= $2 "
		"ORDER BY seq LIMIT $3";
	const struct pg_param params[] = {
		pg_int8((int64_t)from), pg_int8((int64_t)last), pg_int8(r->rows)};
	int rows;

	drop(c);
	if (catch_up(r, last, err) < 0)
		return -1;
	c->rows = query(r, sql, 3, params, err);
	if (!c->rows)
		return -1;
	rows = PQntuples(c->rows);
	c->from = from;
	c->to = rows < r->rows ? last : (uint64_t)pg_get_int(c->rows, rows - 1, 0);
	r->rows = rows_for(c->rows, rows);
	if (r->seen >= c->to)
		return 0;
	/* It is another server now: perhaps one that is behind. */
	drop(c);
	return dnc_error_set(err, EAGAIN, "the connection to the log was opened again");
}

/* Makes the chunk that has the event SEQ the current one. */
static int find_chunk(struct pg_reader *r, uint64_t seq, uint64_t last, struct dnc_error *err)
{
	if (has(&r->chunk, seq))
		return 0;
	if (!has(&r->ahead, seq))
		return read_chunk(r, &r->chunk, seq, last, err);
	drop(&r->chunk);
	r->chunk = r->ahead;
	r->ahead.rows = NULL;
	return 0;
}

/* A client that replays the log takes a part of a chunk, and soon the next. A failure is told when it is needed. */
void postgres_reader_rest(struct dnc_journal_reader *base)
{
	struct pg_reader *r = (struct pg_reader *)base;
	uint64_t last = base->journal->last, from = r->chunk.to + 1;
	bool goes_on = r->chunk.rows && r->next > r->chunk.from && r->next <= from;
	struct dnc_error ignored;

	if (goes_on && from <= last && !has(&r->ahead, from))
		read_chunk(r, &r->ahead, from, last, &ignored);
	r->next = 0;
}

/* The first row of the chunk with event SEQ or a later one. */
static int find_row(const PGresult *chunk, uint64_t seq)
{
	int from = 0, end = PQntuples(chunk);

	while (from < end) {
		int middle = from + (end - from) / 2;

		if ((uint64_t)pg_get_int(chunk, middle, 0) < seq)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

/* All events from w->next on. The rest of a chunk is kept for the next read, which often goes on there. */
static int read_forward(struct pg_reader *r, struct wanted *w, struct dnc_error *err)
{
	uint64_t last = r->base.journal->last;

	r->next = 0;
	while (w->next <= last) {
		const struct pg_chunk *c = &r->chunk;
		int rc = 0;

		if (find_chunk(r, w->next, last, err) < 0)
			return -1;
		for (int i = find_row(c->rows, w->next); rc == 0 && i < PQntuples(c->rows); i++)
			rc = hand_out(r, w, c->rows, i, err);
		r->next = w->next;
		if (rc < 0) /* the next read looks whether it was mended */
			drop(&r->chunk);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		w->next = c->to + 1;
	}
	return 0;
}

static PGresult *read_some(
	struct pg_reader *r, const struct wanted *w, uint64_t last, int rows, struct dnc_error *err)
{
	static const char *const sql[] = {
		"SELECT seq, " POSTGRES_EVENT
		" FROM dnc.events WHERE phone_number = $3 AND seq >= $1 AND "
		"seq <= $4 ORDER BY seq LIMIT $2",
		"SELECT seq, " POSTGRES_EVENT
		" FROM dnc.events WHERE phone_number = $3 AND seq <= $1 "
		"ORDER BY seq DESC LIMIT $2",
		"SELECT seq, " POSTGRES_EVENT
		" FROM dnc.events WHERE seq <= $1 ORDER BY seq DESC LIMIT $2",
	};
	const struct pg_param params[] = {pg_int8((int64_t)w->next), pg_int8(rows),
		pg_text(w->phone), pg_int8((int64_t)last)};
	bool all = !w->phone.p;

	return query(r, sql[all ? 2 : w->back], all ? 2 : w->back ? 3 : 4, params, err);
}

/* Backwards, or of one number. Such reads often end soon, so that the first chunks are short. */
static int read_chosen(struct pg_reader *r, struct wanted *w, struct dnc_error *err)
{
	uint64_t last = r->base.journal->last;
	int rows = FIRST_ROWS, got = rows, rc = 0;

	if (w->back && w->next > last)
		w->next = last;
	while (rc == 0 && got == rows && w->next && w->next <= last) {
		PGresult *answer =
			catch_up(r, last, err) < 0 ? NULL : read_some(r, w, last, rows, err);

		if (answer && r->seen < last) { /* it is another server now */
			PQclear(answer);
			continue;
		}
		if (!answer)
			return -1;
		got = PQntuples(answer);
		for (int i = 0; rc == 0 && i < got; i++)
			rc = hand_out(r, w, answer, i, err);
		if (got == rows)
			got = rows = rows * ROWS_GROW > rows_for(answer, got)
			                     ? rows_for(answer, got)
			                     : rows * ROWS_GROW;
		PQclear(answer);
	}
	return rc < 0 ? -1 : 0;
}

int postgres_read(struct dnc_journal_reader *base, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	struct pg_reader *r = (struct pg_reader *)base;
	struct wanted w = {from, back, phone, each, ctx};

	return back || phone.p ? read_chosen(r, &w, err) : read_forward(r, &w, err);
}

/* Times never decrease: a binary search, by the server, which looks at some thirty rows. Those that are gone were logged
 * earlier. */
int postgres_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	static const char sql[] =
		"WITH RECURSIVE s(lo, hi) AS (SELECT $2, $3 UNION ALL SELECT "
		"CASE WHEN e.logged_at >= $1 THEN lo ELSE (lo + hi) / 2 + 1 END, "
		"CASE WHEN e.logged_at >= $1 THEN (lo + hi) / 2 ELSE hi END "
		"FROM s LEFT JOIN dnc.events e ON e.seq = (lo + hi) / 2 WHERE lo < hi) "
		"SELECT lo FROM s WHERE lo >= hi";
	struct pg_reader *r = (struct pg_reader *)base;
	uint64_t last = base->journal->last;
	const struct pg_param params[] = {
		pg_int8(ms), pg_int8((int64_t)base->journal->oldest), pg_int8((int64_t)last + 1)};
	PGresult *answer;

	if (catch_up(r, last, err) < 0)
		return -1;
	answer = query(r, sql, 3, params, err);
	if (!answer)
		return -1;
	*seq = (uint64_t)pg_get_int(answer, 0, 0);
	PQclear(answer);
	return r->seen >= last
	               ? 0
	               : dnc_error_set(err, EAGAIN, "the connection to the log was opened again");
}
