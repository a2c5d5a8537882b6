/* pg_reader.h - a reader of a log in PostgreSQL: its connection, and chunks of events in order, of which the server works on the
 * next one. For postgres_ask.c, which asks, and postgres_read.c, which hands out. Of one thread. */
#ifndef DNC_LOG_PG_READER_H
#define DNC_LOG_PG_READER_H

#include "postgres.h"

enum {
	READ_ROWS = 400, /* of a chunk at most: some 256 KiB, which a processor's cache holds */
};

/* All events of the log from `from` to `to`. */
struct pg_chunk {
	PGresult *rows; /* NULL: none */
	uint64_t from, to;
	int asked; /* the server was asked for so many rows, which are to be taken; 0: it was not */
};

struct pg_reader {
	struct dnc_journal_reader base;
	struct pg *pg;
	int stop_fd;
	uint64_t seen;          /* the server has the journal's events up to this one, */
	uint64_t epoch_changes; /* when that had changed its epoch so often */
	unsigned lacking;       /* so often in a row the server had not all that was wanted */
	/* What was read forwards last, and what comes after it: the server works on that while this one is handed out. */
	struct pg_chunk chunk, ahead;
	int rows;      /* of the next one */
	uint64_t next; /* number with which a read forwards is likely to go on; 0: none is */
	struct dnc_buf line;
};

void reader_drop(struct pg_chunk *c);

/* How many rows have some MiB, if they are like the ROWS rows of ANSWER. */
int reader_rows_for(const PGresult *answer, int rows);

/* Sends the question, after what was asked before was taken. 0, or -1 with ERR. */
int reader_send(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);

/* Sends it and takes the answer; NULL with ERR. `seen` is 0 then, and when another server has answered. */
PGresult *reader_query(struct pg_reader *r, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err);

/* Takes the rows of C that were asked for. -1 with ERR, EAGAIN when another server has answered. */
int reader_take_chunk(struct pg_reader *r, struct pg_chunk *c, struct dnc_error *err);

/* Takes what was asked for ahead, if anything. A failure is told when it is needed. */
void reader_settle(struct pg_reader *r);

/* Sees to it that the server has all events that the journal has, up to LAST. -1 with ERR, EAGAIN when it has not. */
int reader_catch_up(struct pg_reader *r, uint64_t last, struct dnc_error *err);

#endif
