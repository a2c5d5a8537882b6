/* connection.h - the connection of an outlet to a reader that acknowledges.
 *
 * Lines are kept until they are acknowledged. A connection that is lost is made again, at growing
 * intervals and without a limit, and what was not acknowledged is sent again. Nothing here waits. Used
 * within one thread. */
#pragma once
#include <poll.h>
#include "acks.h"
#include "base/buf.h"

struct connection {
	const char *path;           /* of the reader's socket; borrowed */
	int fd;                     /* -1 while there is no connection */
	uint64_t safe;              /* lines acknowledged, over all connections */
	struct dnc_outcome outcome; /* of these */
	struct dnc_buf buf;         /* lines that are not acknowledged start at `first` */
	size_t first, sent;         /* sent: end of what was sent on this connection */
	uint64_t count;             /* lines acknowledged on this connection */
	uint64_t
		again; /* of the lines that are not acknowledged: those that an earlier connection sent */
	struct dnc_outcome totals; /* the reader's totals on this connection */
	char ack[ACK_MAX];         /* an incomplete acknowledgement */
	size_t ack_bytes;
	int64_t retry_at_ms;   /* by dnc_clock_mono_ms() */
	int64_t give_up_at_ms; /* 0 after the first connection */
	int backoff_ms;
	bool loss_logged;
	unsigned
		fruitless; /* connections in a row on which lines were sent and none was acknowledged */
	int64_t down_since_ms;        /* since when there is no connection; 0: there is one */
	struct dnc_error connect_err; /* why the last attempt to connect has failed */
};

/* Prepares C to connect to the socket PATH (borrowed), which must succeed for the first time within
 * PATIENCE_MS. -1 with ERR if PATH is too long. */
int connection_init(
	struct connection *c, const char *path, int64_t patience_ms, struct dnc_error *err);

/* Closes C and frees its memory. Lines that were not acknowledged are lost. */
void connection_finish(struct connection *c);

/* Appends a line of N bytes, without its newline. When a block is full, reads acknowledgements and sends. -1 when there is
 * no memory. */
int connection_add(struct connection *c, const char *p, size_t n, struct dnc_error *err);

/* What to wait for, and for how many milliseconds at most (-1: without a limit). */
void connection_poll(const struct connection *c, struct pollfd *entry, int *timeout_ms);

/* Connects, reads acknowledgements and sends, as far as possible without waiting. -1 with ERR when the
 * first connection was not made in time. */
int connection_turn(struct connection *c, short revents, struct dnc_error *err);

/* Moves the lines that are not acknowledged to the end of OUT; they count as safe, and the connection is made anew. -1 with ERR
 * when there is no memory: they stay. */
int connection_take(struct connection *c, struct dnc_buf *out, struct dnc_error *err);

/* True while so many bytes wait for acknowledgement that no more lines should be added. */
bool connection_is_full(const struct connection *c);
