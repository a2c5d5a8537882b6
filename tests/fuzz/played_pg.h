/* played_pg.h - libpq and a server of the log behind it, played: it answers each statement as a log of `newest` events would, or as
 * the bytes of the input say. A program's own functions come before those of shared libraries. */
#pragma once
#include "fuzz.h"
#include <endian.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include "log/priv/schema.h"

enum { COLUMNS_MAX = 8, REPEATS_MAX = 100, STUCK_MAX = 200, STATEMENTS_MAX = 2000 };

static struct {
	const uint8_t *at, *end; /* what is left of the input */
	const char *sql;         /* that was sent, and is to be answered; NULL: nothing */
	int64_t first;           /* its parameter $1, if that is a number */
	bool prepares, broken;
	const char *state;     /* of the error that was given last */
	int64_t newest;        /* of the log */
	const char *stuck;     /* this statement is always answered alike: */
	const uint8_t *answer; /* as these bytes say */
	unsigned statements, repeats;
	const char *last; /* statement */
	PGnotify *notified;
	int socket;
} played;

static inline uint8_t next_byte(void)
{
	return played.at < played.end ? *played.at++ : 0;
}

/* The columns of an answer: an integer, text, an event, a UUID, the name of an epoch, a key, a boolean. The first row whose words are
 * in the statement. */
static const struct {
	const char *words, *columns;
} answers[] = {
	{"key = 'layout'", "l"},
	{"SELECT epoch, first_seq, coalesce", "n1i"},
	{"SELECT epoch, first_seq FROM", "n1"},
	{"ORDER BY seq DESC LIMIT 1", "siu"},
	{"SELECT seq, logged_at FROM dnc.events", "1i"},
	{"SELECT mask_key", "k"},
	{"SELECT step, type, events", "iti"},
	{"substr(key, 12)", "tiiie"},
	{"'dnc.list.synced'", "sie"},
	{"SELECT (SELECT value::bigint", "i"},
	{"SELECT jti", "t"},
	{"SELECT seq, logged_at, CASE", "sieuniv"},
	{"SELECT (SELECT epoch", "niv"},
	{"SELECT (SELECT id", "vb"},
	{"SELECT seq, (SELECT epoch", "Nni"},
	{"SELECT seq, CASE", "se"},
	{"dnc.show_hub", "ti"},
	{"dnc.append", "ciT"},
	{"dnc.prune", "fi"},
	{"transaction_read_only", "f"},
	{"", "iii"},
};

static inline const char *columns_of(const char *sql)
{
	size_t i = 0;

	while (!strstr(sql, answers[i].words))
		i++;
	return answers[i].columns;
}

static inline void put_number(PGresult *r, int row, int column, int64_t v)
{
	uint64_t wire = htobe64((uint64_t)v);

	PQsetvalue(r, row, column, (char *)&wire, sizeof wire);
}

/* The id is told by its number. */
static inline void put_id(PGresult *r, int row, int column, int64_t seq)
{
	char id[16] = {0};

	memcpy(id, &seq, sizeof seq);
	PQsetvalue(r, row, column, id, sizeof id);
}

/* What a good server says of event SEQ. */
static inline void put_good(PGresult *r, int row, int column, char kind, int64_t seq)
{
	static char event[] =
		"{\"id\":\"0198f0a0-0000-7000-8000-000000000001\",\"type\":\"dnc.list.synced\","
		"\"severity\":\"low\",\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"s\","
		"\"event_data\":{\"provider\":\"p\",\"sync_status\":\"success\"},\"metadata\":{}}";
	static char key[32] = "0123456789abcdef0123456789abcde";

	switch (kind) {
	case 's':
		put_number(r, row, column, seq);
		break;
	case 'i':
	case '1':
	case 'c':
		put_number(r, row, column, row + 1);
		break;
	case 'N':
		put_number(r, row, column, played.newest);
		break;
	case 'l':
		put_number(r, row, column, SCHEMA_LAYOUT);
		break;
	case 'e':
		PQsetvalue(r, row, column, event, sizeof event - 1);
		break;
	case 'u':
		put_id(r, row, column, seq);
		break;
	case 'v':
		put_id(r, row, column, played.first);
		break;
	case 'n':
		PQsetvalue(r, row, column, (char[]){"00000000000000aa"}, 16);
		break;
	case 'k':
		PQsetvalue(r, row, column, key, sizeof key);
		break;
	case 'b':
	case 'f':
		PQsetvalue(r, row, column, (char[]){kind == 'b'}, 1);
		break;
	case 'T':
		PQsetvalue(r, row, column, NULL, -1);
		break;
	default:
		PQsetvalue(r, row, column, (char[]){"dnc.list.synced"}, 15);
	}
}

/* As the input says: instead of what a good server would. */
static inline void put_odd(PGresult *r, int row, int column, char kind, int64_t seq)
{
	uint8_t how = next_byte();
	size_t n = how >> 3, left = (size_t)(played.end - played.at);
	int64_t number = 0;

	switch (how & 7) {
	case 0:
		put_good(r, row, column, kind, seq);
		return;
	case 1:
		PQsetvalue(r, row, column, NULL, -1);
		return;
	case 2:
		put_number(r, row, column, (int8_t)next_byte());
		return;
	case 3:
		for (int i = 0; i < 8; i++)
			number = (int64_t)((uint64_t)number << 8 | next_byte());
		put_number(r, row, column, number);
		return;
	case 4:
		put_good(r, row, column, kind, seq + (int8_t)next_byte());
		return;
	case 5:
		put_good(r, row, column, "seuntkbT"[n & 7], seq);
		return;
	default:
		n = n < left ? n : left;
		PQsetvalue(r, row, column, (char *)(uintptr_t)played.at, (int)n);
		played.at += n;
	}
}

static inline PGresult *make_rows(const char *columns)
{
	PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc attributes[COLUMNS_MAX] = {{0}};
	int n = (int)strlen(columns);

	for (int i = 0; i < n; i++)
		attributes[i] = (PGresAttDesc){.name = (char[]){"c"}, .format = 1};
	if (!r || !PQsetResultAttrs(r, n, attributes))
		abort();
	return r;
}

static inline PGresult *good_answer(const char *columns)
{
	bool events = strchr(columns, 's'), back = strstr(played.sql, "DESC"),
	     one = strstr(played.sql, "LIMIT 1") && !strstr(played.sql, "LIMIT 1000");
	int64_t seq = strstr(played.sql, "$1") ? played.first + !!strstr(played.sql, "seq > $1")
	                                       : played.newest;
	int rows = !events ? strchr(columns, 'c') ? 2 : 1 : one ? 1 : 5;
	PGresult *r = make_rows(columns);

	if (back && seq > played.newest)
		seq = played.newest;
	for (int row = 0; row < rows; row++, seq += back ? -1 : 1) {
		if (events && (seq < 1 || seq > played.newest))
			break;
		for (int i = 0; columns[i]; i++)
			put_good(r, row, i, columns[i], seq);
	}
	return r;
}

/* Up to 1,000 rows, which are alike but for their numbers. */
static inline PGresult *odd_answer(const char *columns)
{
	int rows = next_byte(), step = (int8_t)next_byte();
	int64_t seq = played.first + (int8_t)next_byte();
	const uint8_t *row_begins = played.at;
	PGresult *r = make_rows(columns);

	rows = rows < 250 ? rows % 8 : rows < 253 ? 400 : 1000;
	for (int row = 0; row < rows; row++, seq += step) {
		if (rows > 8)
			played.at = row_begins;
		for (int i = 0; columns[i]; i++)
			put_odd(r, row, i, columns[i], seq);
	}
	return r;
}

static inline PGresult *refuse(void)
{
	static const char *const states[] = {
		"25006", "40001", "42P01", "57014", "57P01", "53100", "22023"};

	played.state = states[next_byte() % 7];
	return PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
}

static inline PGresult *answer(void)
{
	const char *columns = columns_of(played.sql);
	const uint8_t *at;
	PGresult *r;

	if (played.stuck == played.sql) {
		at = played.at;
		played.at = played.answer;
		r = odd_answer(columns);
		played.at = at;
		return r;
	}
	switch (next_byte()) {
	case 1:
		return refuse();
	case 2:
		played.broken = true;
		return NULL;
	case 3:
		return PQmakeEmptyPGresult(NULL, PGRES_COMMAND_OK);
	case 4:
		return odd_answer(columns);
	case 5:
		played.stuck = played.sql;
		played.answer = played.at;
		return odd_answer(columns);
	case 6:
		played.newest += (int8_t)next_byte();
		/* fall through */
	default:
		return good_answer(columns);
	}
}

static inline int64_t number_at(int i, int n, const char *const *values, const int *lengths)
{
	uint64_t v = 0;

	if (i < n && values[i] && lengths[i] == sizeof v)
		memcpy(&v, values[i], sizeof v);
	return (int64_t)be64toh(v);
}

static inline int take_statement(
	const char *sql, int n, const char *const *values, const int *lengths)
{
	int64_t first = number_at(0, n, values, lengths);

	/* Who asks the same again and again is stuck, too. A log may be long, but is not without an end. */
	played.repeats = sql == played.last && first == played.first ? played.repeats + 1 : 0;
	if (++played.statements > STUCK_MAX)
		played.stuck = NULL;
	if (played.repeats > REPEATS_MAX || played.statements > STATEMENTS_MAX)
		abort();
	played.sql = played.last = sql;
	played.first = first;
	return 1;
}
