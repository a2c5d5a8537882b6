/* postgres_limit.c - what PostgreSQL itself takes and gives, by a client that does nothing else: the limit for the log.
 *
 *   postgres_limit CONNINFO write EVENTS BATCH    one COPY and one commit for each batch, into a table with a primary key only
 *   postgres_limit CONNINFO copy                  all events of the log, in one COPY
 *   postgres_limit CONNINFO select                the same, by 1,000
 *
 * All is binary, rows are as those of journal.c. Prints events/s, and p50 and p99 of a commit in ms. */
#include <endian.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

enum { CHUNK = 1000 };

static PGconn *db;

static void check(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "postgres_limit: %s", PQerrorMessage(db));
	exit(1);
}

static void run(const char *sql)
{
	PGresult *r = PQexec(db, sql);

	check(PQresultStatus(r) == PGRES_COMMAND_OK);
	PQclear(r);
}

static size_t add(char *out, const void *p, size_t n)
{
	uint32_t size = htobe32((uint32_t)n);

	memcpy(out, &size, sizeof size);
	memcpy(out + sizeof size, p, n);
	return sizeof size + n;
}

static size_t add_int(char *out, uint64_t v)
{
	v = htobe64(v);
	return add(out, &v, sizeof v);
}

/* Row N of the table: seq, id, the texts, logged_at, event. */
static size_t make_row(char *out, uint64_t n)
{
	static const uint16_t columns = 9;
	static char event[620];
	uint16_t count = htobe16(columns);
	uint64_t id[2] = {htobe64(n << 16 | 0x7000), htobe64(n)};
	char phone[16];
	const char *const texts[] = {
		"dnc.number.suppressed", phone, "consumer", "high", "2026-08-29T08:00:00.000Z"};
	size_t at = sizeof count;

	memset(event, 'x', sizeof event);
	memcpy(out, &count, sizeof count);
	snprintf(phone, sizeof phone, "+1%010u", (unsigned)(n * 2654435761u % 4294967291u));
	at += add_int(out + at, n);
	at += add(out + at, id, sizeof id);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		at += add(out + at, texts[i], strlen(texts[i]));
	at += add_int(out + at, 1787990400000);
	return at + add(out + at, event, sizeof event);
}

static void write_batch(uint64_t from, uint64_t count)
{
	static const char head[19] = "PGCOPY\n\377\r\n", end[2] = {'\377', '\377'};
	PGresult *r = PQexec(db, "COPY bench FROM STDIN (FORMAT binary)");

	check(PQresultStatus(r) == PGRES_COPY_IN);
	PQclear(r);
	check(PQputCopyData(db, head, sizeof head) == 1);
	for (uint64_t i = 0; i < count; i++) {
		char row[1024];

		check(PQputCopyData(db, row, (int)make_row(row, from + i)) == 1);
	}
	check(PQputCopyData(db, end, sizeof end) == 1 && PQputCopyEnd(db, NULL) == 1);
	while ((r = PQgetResult(db))) {
		check(PQresultStatus(r) == PGRES_COMMAND_OK);
		PQclear(r);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void write_all(uint64_t events, uint64_t batch)
{
	size_t commits = events / batch;
	double *times = calloc(commits, sizeof *times), total = 0;

	check(times && commits);
	run("CREATE TABLE bench (seq bigint PRIMARY KEY, id uuid, type text, phone_number text, provider text, severity text, "
	    "\"timestamp\" text, logged_at bigint, event text)");
	for (size_t i = 0; i < commits; i++) {
		double start = (double)dnc_clock_mono_ns();

		write_batch(i * batch + 1, batch);
		times[i] = ((double)dnc_clock_mono_ns() - start) / 1e6;
		total += times[i];
	}
	run("DROP TABLE bench");
	qsort(times, commits, sizeof *times, by_value);
	printf("%.0f events/s, commit p50 %.3f ms, p99 %.3f ms\n",
		(double)(commits * batch) / total * 1e3, times[commits / 2],
		times[commits * 99 / 100]);
	free(times);
}

static uint64_t copy_out(void)
{
	PGresult *r = PQexec(db,
		"COPY (SELECT seq, event FROM dnc.events ORDER BY seq) TO STDOUT (FORMAT binary)");
	uint64_t rows = 0;
	char *row;

	check(PQresultStatus(r) == PGRES_COPY_OUT);
	PQclear(r);
	for (; PQgetCopyData(db, &row, 0) > 0; rows++)
		PQfreemem(row);
	r = PQgetResult(db);
	check(PQresultStatus(r) == PGRES_COMMAND_OK && rows);
	PQclear(r);
	return rows - 1; /* the trailer */
}

static uint64_t select_all(void)
{
	const char *sql =
		"SELECT seq, event FROM dnc.events WHERE seq >= $1 ORDER BY seq LIMIT 1000";
	static const Oid int8 = 20;
	PGresult *r = PQprepare(db, "s", sql, 1, &int8);
	uint64_t next = 1, from;
	int rows = CHUNK;

	check(PQresultStatus(r) == PGRES_COMMAND_OK);
	PQclear(r);
	while (rows == CHUNK) {
		from = htobe64(next);
		r = PQexecPrepared(db, "s", 1, (const char *[]){(char *)&from},
			(int[]){sizeof from}, (int[]){1}, 1);
		check(PQresultStatus(r) == PGRES_TUPLES_OK);
		rows = PQntuples(r);
		next += (uint64_t)rows;
		PQclear(r);
	}
	return next - 1;
}

int main(int argc, char **argv)
{
	double start;
	uint64_t rows;

	if (argc < 3)
		return 2;
	db = PQconnectdb(argv[1]);
	check(PQstatus(db) == CONNECTION_OK);
	if (strcmp(argv[2], "write") == 0) {
		if (argc < 5)
			return 2;
		write_all(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	} else {
		start = (double)dnc_clock_mono_ns();
		rows = strcmp(argv[2], "copy") == 0 ? copy_out() : select_all();
		printf("%.0f events/s\n",
			(double)rows / ((double)dnc_clock_mono_ns() - start) * 1e9);
	}
	PQfinish(db);
	return 0;
}
