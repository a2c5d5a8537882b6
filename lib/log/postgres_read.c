/* postgres_read.c - reads events of a log in PostgreSQL in order, by phone number and by time, in chunks.
 *
 * It hands out nothing after the journal's `last`: a standby can show what is not yet safe. Forwards it is enough that the server has
 * what is wanted next; what depends on the newest events is asked of one that has all that the journal has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "priv/pg_reader.h"

enum {
	FIRST_ROWS = 50, /* of a read that may end soon */
	ROWS_GROW = 4,
};

/* What a read is for. */
struct wanted {
	uint64_t next; /* number; BACK: from here on backwards */
	bool back;
	struct dnc_str phone;
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line);
	void *ctx;
};

static bool has(const struct pg_chunk *c, uint64_t seq)
{
	return c->rows && seq >= c->from && seq <= c->to;
}

void postgres_reader_free(struct dnc_journal_reader *base)
{
	struct pg_reader *r = (struct pg_reader *)base;

	reader_drop(&r->chunk);
	reader_drop(&r->ahead);
	sources_close(&r->sources);
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
	r->rows = READ_ROWS / ROWS_GROW;
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->stop_fd < 0)
		dnc_error_set(err, errno, "unable to make an eventfd: %s", strerror(errno));
	else if (sources_open(&r->sources, (struct pg_journal *)base, r->stop_fd, err) == 0)
		return &r->base;
	postgres_reader_free(&r->base);
	return NULL;
}

/* Hands out row ROW, which is the next, or further in the same direction. 1 when EACH wants no more. */
static int hand_out(struct pg_reader *r, struct wanted *w, const PGresult *answer, int row,
	struct dnc_error *err)
{
	uint64_t seq = (uint64_t)pg_get_int(answer, row, 0);
	struct dnc_str line = pg_get_text(answer, row, 1);

	if (w->back && (!seq || seq > w->next))
		return postgres_disordered("before", w->next + 1, (int64_t)seq, err);
	if (!w->back && (seq < w->next || seq > r->base.journal->last))
		return postgres_disordered("after", w->next - 1, (int64_t)seq, err);
	if (!postgres_is_event(line))
		return postgres_damaged(seq, err);
	dnc_buf_clear(&r->line);
	dnc_buf_str(&r->line, line);
	if (!dnc_buf_reserve(&r->line, DNC_JSON_PADDING))
		return dnc_error_nomem(err);
	w->next = w->back ? seq - 1 : seq + 1;
	return !w->each(w->ctx, seq, dnc_buf_view(&r->line));
}

/* Asks for the chunk that begins with the event FROM; LAST is the newest of the journal. The server need not have that one yet. */
static int ask(struct pg_reader *r, struct pg_chunk *c, uint64_t from, uint64_t last,
	struct dnc_error *err)
{
	static const char sql[] =
		"SELECT seq, " POSTGRES_EVENT " FROM dnc.events WHERE seq >= $1 AND seq <= $2 "
		"ORDER BY seq LIMIT $3";
	struct pg_param params[] = {pg_int8((int64_t)from), pg_int8(0), pg_int8(0)};
	int found = reader_find(r, from, err);

	reader_drop(c);
	if (found < 0)
		return -1;
	if (last > sources_seen(&r->sources))
		last = sources_seen(&r->sources);
	params[1] = pg_int8((int64_t)last);
	params[2] = pg_int8(r->rows);
	if (sources_send(&r->sources, sql, 3, params, err) < 0)
		return -1;
	*c = (struct pg_chunk){.from = from, .to = last, .asked = r->rows};
	return 0;
}

/* What comes after the current chunk. */
static void ask_ahead(struct pg_reader *r, uint64_t last)
{
	struct dnc_error ignored;

	if (r->chunk.to < last && !has(&r->ahead, r->chunk.to + 1))
		ask(r, &r->ahead, r->chunk.to + 1, last, &ignored);
}

/* Makes the chunk that has the event SEQ the current one. */
static int find_chunk(struct pg_reader *r, uint64_t seq, uint64_t last, struct dnc_error *err)
{
	bool goes_on = r->chunk.to && seq == r->chunk.to + 1;

	if (has(&r->chunk, seq))
		return 0;
	reader_settle(r);
	if (has(&r->ahead, seq)) {
		reader_drop(&r->chunk);
		r->chunk = r->ahead;
		r->ahead.rows = NULL;
	} else if (ask(r, &r->chunk, seq, last, err) < 0 ||
		   reader_take_chunk(r, &r->chunk, err) < 0) {
		return -1;
	}
	if (goes_on)
		ask_ahead(r, last);
	return 0;
}

/* A client that replays the log takes a part of a chunk, and soon the next. */
void postgres_reader_rest(struct dnc_journal_reader *base)
{
	struct pg_reader *r = (struct pg_reader *)base;

	reader_settle(r);
	if (r->chunk.rows && r->next > r->chunk.from && r->next <= r->chunk.to + 1)
		ask_ahead(r, base->journal->last);
	reader_settle(r);
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
			reader_drop(&r->chunk);
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

	return reader_query(r, sql[all ? 2 : w->back], all ? 2 : w->back ? 3 : 4, params, err);
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
			reader_find(r, last, err) < 0 ? NULL : read_some(r, w, last, rows, err);

		if (answer && sources_seen(&r->sources) < last) { /* it is another server now */
			PQclear(answer);
			continue;
		}
		if (!answer)
			return -1;
		got = PQntuples(answer);
		for (int i = 0; rc == 0 && i < got; i++)
			rc = hand_out(r, w, answer, i, err);
		if (got == rows)
			got = rows = rows * ROWS_GROW > reader_rows_for(answer, got)
			                     ? reader_rows_for(answer, got)
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

/* Times never decrease: a binary search, by the server, which looks at some thirty rows. A number that is missing counts as logged
 * with the next one that is there: who begins before events that were removed is told of them. */
int postgres_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	static const char sql[] =
		"WITH RECURSIVE s(lo, hi) AS (SELECT $2, $3 UNION ALL SELECT "
		"CASE WHEN e.logged_at < $1 THEN (lo + hi) / 2 + 1 ELSE lo END, "
		"CASE WHEN e.logged_at < $1 THEN hi ELSE (lo + hi) / 2 END "
		"FROM s LEFT JOIN LATERAL (SELECT logged_at FROM dnc.events "
		"WHERE seq >= (lo + hi) / 2 AND seq < $3 ORDER BY seq LIMIT 1) e ON true "
		"WHERE lo < hi) SELECT lo FROM s WHERE lo >= hi";
	struct pg_reader *r = (struct pg_reader *)base;
	uint64_t last = base->journal->last;
	const struct pg_param params[] = {
		pg_int8(ms), pg_int8((int64_t)base->journal->oldest), pg_int8((int64_t)last + 1)};
	PGresult *answer;

	if (reader_find(r, last, err) < 0)
		return -1;
	answer = reader_query(r, sql, 3, params, err);
	if (!answer)
		return -1;
	*seq = (uint64_t)pg_get_int(answer, 0, 0);
	PQclear(answer);
	return sources_seen(&r->sources) >= last ? 0 : reader_opened_again(err);
}
