/* connection.h - the connection of an outlet to a reader that acknowledges, or to one of several, any of which will do.
 *
 * Lines are kept until they are acknowledged. A connection that is lost is made again, at growing
 * intervals and without a limit, and what was not acknowledged is sent again. Nothing here waits. Used
 * within one thread.
 *
 * With several readers the next one takes over at once when a connection is lost, can't be made, or acknowledges nothing for some
 * time while another one can be reached; the intervals are those between rounds in which all were tried.
 *
 * The lines stay in their order also if the reader that was left goes on: each has all lines from the first one on that was not
 * acknowledged, so that what it adds to a log that has what the other has added continues that. */
#pragma once
#include <poll.h>
#include "acks.h"
#include "base/buf.h"
#include "readers.h"
#include "stall.h"

struct connection {
	const char *address; /* of all readers; borrowed */
	struct readers readers;
	struct stall stall; /* of the reader in use, if there are several */
	size_t reader;      /* of the last connection */
	uint64_t made,
		changes; /* connections; those of them to another reader than the one before */
	int fd;          /* -1 while there is no connection */
	uint64_t safe;   /* lines acknowledged, over all connections */
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
	char lost[256]; /* why another reader is wanted, which was not said yet; empty: nothing */
	unsigned
		fruitless; /* connections in a row on which lines were sent and none was acknowledged */
	int64_t down_since_ms;        /* since when there is no connection; 0: there is one */
	struct dnc_error connect_err; /* why the last attempt to connect has failed */
};

/* Prepares C to connect to ADDRESS (borrowed), which must succeed for the first time within PATIENCE_MS. -1 with ERR if it is
 * wrong; nothing is to be finished then. */
int connection_init(
	struct connection *c, const char *address, int64_t patience_ms, struct dnc_error *err);

/* The reader that it is connected to, else all of them. */
const char *connection_name(const struct connection *c);

static inline bool connection_has_several(const struct connection *c)
{
	return c->readers.count > 1;
}

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
