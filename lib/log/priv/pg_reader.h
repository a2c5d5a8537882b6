/* pg_reader.h - a reader of a log in PostgreSQL: the servers that it asks, and chunks of events in order, of which the server
 * works on the next one. For postgres_ask.c, which asks, and postgres_read.c, which hands out. Of one thread. */
#pragma once
#include "postgres_sources.h"

enum {
	READ_ROWS = 400, /* of a chunk at most: some 256 KiB, which a processor's cache holds */
	CHUNK_BYTES = 4 << 20, /* of its rows, if they are as long as those before them */
};

/* All events of the log from `from` to `to`. */
struct pg_chunk {
	PGresult *rows; /* NULL: none */
	uint64_t from, to;
	int asked; /* the server was asked for so many rows, which are to be taken; 0: it was not */
};

struct pg_reader {
	struct dnc_journal_reader base;
	struct pg_sources sources;
	int stop_fd;
	/* What was read forwards last, and what comes after it: the server works on that while this one is handed out. */
	struct pg_chunk chunk, ahead;
	int rows;      /* of the next one */
	uint64_t next; /* number with which a read forwards is likely to go on; 0: none is */
	struct dnc_buf line;
};

void reader_drop(struct pg_chunk *c);

/* How many rows have some MiB, if they are like the ROWS rows of ANSWER. */
int reader_rows_for(const PGresult *answer, int rows);

/* Asks, right after reader_find(), and takes the answer; NULL with ERR. */
PGresult *reader_query(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);

/* Takes the rows of C that were asked for. -1 with ERR, EAGAIN when another server has answered. */
int reader_take_chunk(struct pg_reader *r, struct pg_chunk *c, struct dnc_error *err);

/* -1: what was read may be of another server than the one that was found, perhaps of one that is behind. */
int reader_opened_again(struct dnc_error *err);

/* Takes what was asked for ahead, if anything. A failure is told when it is needed. */
void reader_settle(struct pg_reader *r);

/* Has the next question go to a server that has event NEEDED: see sources_find(). What was asked before is taken first. */
int reader_find(struct pg_reader *r, uint64_t needed, struct dnc_error *err);
