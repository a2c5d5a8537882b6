/* link.h - how stages are joined: pipes, files and Unix stream sockets that carry lines.
 *
 * An input gathers lines from many places at once: files one after the other, descriptors, and any
 * number of producers on listening sockets. An outlet is where a stage writes.
 *
 * On a socket the reader acknowledges: a decimal count per line says how many lines of this
 * connection are safe. A sender keeps what is not acknowledged, connects again and sends it again;
 * a stage acknowledges its producers only what its own reader acknowledged, so that the promise
 * runs from end to end. A producer that never reads its acknowledgements is served all the same.
 * What has no newline when a connection ends is no line.
 *
 * Behind the count may stand what became of these lines, totals of the connection that only grow:
 * "120 duplicates=3 rejected=1 dropped=2". The others are new in the log. Words that a reader does
 * not know are to be passed over. A sender of a version that knew no words takes a blank for an
 * error and sends again for ever: senders are upgraded before their readers.
 *
 * A stage adds the lines that it rejected and dropped itself, each to its own producer. What its
 * reader says of the others comes as totals: when all lines of an acknowledgement had the same
 * outcome, each producer is told exactly that. When an acknowledgement covers lines of several
 * producers and only some of them were new, it does not say whose: the oldest lines are then counted
 * as rejected, the next as dropped, the next as duplicates, the rest as new. Each outcome is told to
 * one producer, once, and a producer is told of no more lines than it has sent; the totals over all
 * producers are those of the reader. The lines whose outcome is such a guess count as "unclear" too,
 * so that no producer takes it for certain. Lines that are sent again after a lost connection may
 * count as duplicates, though they were new when they were sent first.
 *
 * dnc_input_run() and dnc_outlet_finish() wait; a program that must not (the hub's loop) runs its
 * input in a thread of its own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/lines.h"

/* Producers on all sockets of one input together. */
#define DNC_INPUT_MAX_PRODUCERS 1024

struct dnc_input;
struct dnc_outlet;

/* What became of lines that are safe; all others of them are new in the log. */
struct dnc_outcome {
	uint64_t duplicates; /* the log had them already */
	uint64_t
		rejected; /* invalid, or their id is another event's: they are in somebody's rejects */
	uint64_t dropped; /* by a rule, or blank: on purpose */
	/* Of all lines: so many may have had another of these outcomes than told, because one
	 * acknowledgement covered lines of several producers. */
	uint64_t unclear;
};

/* One place that lines come from: a file, a descriptor or a producer's connection. */
struct dnc_stream {
	const char *name;    /* for messages and rejects; a producer's is dnc_input_name() */
	void *user;          /* for the owner of the input */
	uint64_t id;         /* never used again */
	bool acked;          /* a producer on a listening socket */
	uint64_t rejected;   /* counted by the owner: records of this stream that it rejected */
	uint64_t size_bytes; /* of a regular file, else 0 */
	int64_t modified_ns; /* of a regular file that was opened by its name, else 0 */
	uint64_t read_bytes;
	bool cut_short; /* for close(): it was not read to its end */
	/* To be set in open(), never for a producer, which counts its newlines: a carriage return ends
	 * a line, too. */
	bool lone_cr;
};

/* What an input tells its owner. A callback that returns -1 ends dnc_input_run() with -1. */
struct dnc_input_events {
	int (*open)(void *ctx, struct dnc_stream *s); /* may be NULL */
	int (*line)(void *ctx, struct dnc_stream *s, const struct dnc_line *line);
	int (*close)(void *ctx, struct dnc_stream *s); /* nothing more comes; may be NULL */
	/* Nothing is left to read at the moment: flush. Called once before each wait. */
	int (*idle)(void *ctx);
	/* dnc_input_wake() was called; may be NULL. */
	void (*woken)(void *ctx);
	/* A place failed (ERR says how) and is at its end, the others go on. */
	void (*failed)(void *ctx, const struct dnc_stream *s, const struct dnc_error *err);
	void *ctx;
};

/* Lines of at most MAX_LINE bytes. With an OUTLET (borrowed), producers are acknowledged what the
 * outlet has safe, and are not read while it is full; without, the owner calls dnc_input_ack().
 * NULL when there is no memory. */
struct dnc_input *dnc_input_new(
	size_t max_line, const struct dnc_input_events *events, struct dnc_outlet *outlet);
void dnc_input_free(struct dnc_input *in);

/* A file to read, "-" for standard input. Borrowed until the input is freed. */
int dnc_input_add_file(struct dnc_input *in, const char *path, struct dnc_error *err);

/* "unix:PATH" to listen on, "fd:N", or "systemd": all stream sockets in the Unix domain that the
 * service manager passed (sd_listen_fds(3)). A stale socket file is replaced, a live one is an
 * error. The code in ERR is an errno. */
int dnc_input_add_address(struct dnc_input *in, const char *address, struct dnc_error *err);

/* Reads until every file and descriptor is at its end and no socket listens, or until stopped.
 * 0, or -1 when a callback said so, or when the outlet failed (dnc_input_error() tells why). */
int dnc_input_run(struct dnc_input *in);
const struct dnc_error *dnc_input_error(const struct dnc_input *in);

/* After dnc_input_run(): waits until the outlet has all safe, as dnc_outlet_finish() does, and tells
 * the producers that are still there. -1 with dnc_input_error(). */
int dnc_input_finish(struct dnc_input *in, int64_t wait_ms);

/* The first COUNT lines of the producer STREAM_ID are safe; MORE became of those that were not safe before. Within the
 * input's thread only. */
void dnc_input_ack(
	struct dnc_input *in, uint64_t stream_id, uint64_t count, const struct dnc_outcome *more);

/* The name of the producer with this ID, also when it has gone. */
void dnc_input_name(uint64_t stream_id, char name[32]);

/* True while poll(2) fails, so that nothing can be waited for. Any thread. */
bool dnc_input_failing(const struct dnc_input *in);

/* Makes dnc_input_run() return after what is already in hand. Safe in signal handlers and from
 * other threads. */
void dnc_input_stop(struct dnc_input *in);

/* Has events.woken called soon in the input's thread. Safe like dnc_input_stop(). */
void dnc_input_wake(struct dnc_input *in);

/* The N of "fd:N" when it is an open descriptor. -1 with ERR. */
int dnc_fd_address(const char *address, struct dnc_error *err);

/* Opens an outlet: "unix:PATH", "fd:N" (borrowed), or standard output for NULL. Somebody must listen on the
 * socket within PATIENCE_MS; a connection that is lost later is tried again for ever. NULL with ERR,
 * whose code is an errno. */
struct dnc_outlet *dnc_outlet_open(const char *address, int64_t patience_ms, struct dnc_error *err);

/* What was not acknowledged is gone. NULL is allowed. */
void dnc_outlet_free(struct dnc_outlet *o);

/* Takes a line of N bytes, without its newline. A pipe is waited for, a socket never. */
int dnc_outlet_line(struct dnc_outlet *o, const char *p, size_t n, struct dnc_error *err);

/* Hands on what was gathered. */
int dnc_outlet_flush(struct dnc_outlet *o, struct dnc_error *err);

/* Flushes and waits until all is acknowledged, at most WAIT_MS (-1: as long as it takes). -1 with
 * ERR, EAGAIN when the time ran out, EINTR after a signal. */
int dnc_outlet_finish(struct dnc_outlet *o, int64_t wait_ms, struct dnc_error *err);

/* Lines taken, and how many of them are safe: acknowledged, or written to the pipe. */
uint64_t dnc_outlet_lines(const struct dnc_outlet *o);
uint64_t dnc_outlet_safe(const struct dnc_outlet *o);

/* True when it is a socket, whose reader answers: then what it said of the lines that are safe is known. */
bool dnc_outlet_acknowledges(const struct dnc_outlet *o);
struct dnc_outcome dnc_outlet_outcome(const struct dnc_outlet *o);

/* True when an error came from a pipe whose reader has left. */
bool dnc_outlet_reader_left(const struct dnc_outlet *o);

/* So much waits for acknowledgement that no more should be taken. */
bool dnc_outlet_full(const struct dnc_outlet *o);
