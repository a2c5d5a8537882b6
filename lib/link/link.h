/* link.h - how stages are joined: pipes, files and Unix stream sockets that carry lines.
 *
 * An input gathers lines from many places at once: files one after the other, descriptors, and
 * any number of producers on listening sockets. An output is one descriptor. Every function here
 * may block; a program that must not (the hub's loop) runs its input in a thread of its own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "../base/err.h"
#include "../base/lines.h"

/* Producers on all sockets of one input together. */
#define DNC_INPUT_MAX_PRODUCERS 1024

struct dnc_input;

/* One place that lines come from: a file, a descriptor or a producer's connection. */
struct dnc_stream {
	const char *name;    /* for messages and rejects */
	void *user;          /* for the owner of the input */
	uint64_t size_bytes; /* of a regular file, else 0 */
	uint64_t read_bytes;
};

/* What an input tells its owner. A callback that returns -1 ends dnc_input_run() with -1. */
struct dnc_input_events {
	int (*open)(void *ctx, struct dnc_stream *s); /* may be NULL */
	int (*line)(void *ctx, struct dnc_stream *s, const struct dnc_line *line);
	int (*close)(void *ctx, struct dnc_stream *s); /* at its end; may be NULL */
	/* Nothing is left to read at the moment: flush. Called once before each wait. */
	int (*idle)(void *ctx);
	/* A place failed (ERR says how), the others go on. */
	void (*failed)(void *ctx, const struct dnc_error *err);
	void *ctx;
};

/* Lines of at most MAX_LINE bytes. NULL when there is no memory. */
struct dnc_input *dnc_input_new(size_t max_line, const struct dnc_input_events *events);
void dnc_input_free(struct dnc_input *in);

/* A file to read, "-" for standard input. Borrowed until the input is freed. */
int dnc_input_add_file(struct dnc_input *in, const char *path, struct dnc_error *err);

/* "unix:PATH" to listen on, or "fd:N". A stale socket file is replaced, a live one is an error.
 * The code in ERR is an errno. */
int dnc_input_add_address(struct dnc_input *in, const char *address, struct dnc_error *err);

/* Reads until every file and descriptor is at its end and no socket listens, or until stopped.
 * 0, or -1 when a callback said so. */
int dnc_input_run(struct dnc_input *in);

/* Makes dnc_input_run() return after what is already in hand. Safe in signal handlers and from
 * other threads. */
void dnc_input_stop(struct dnc_input *in);

/* Opens "unix:PATH" or "fd:N" for writing lines; the descriptor is the caller's. -1 with the errno
 * as code in ERR. */
int dnc_output_open(const char *address, struct dnc_error *err);
