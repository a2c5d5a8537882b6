/* output.h - buffered writing to a file descriptor: a pipe, a socket or a file.
 *
 * Lines are gathered into blocks; call dnc_output_flush() when input pauses. Writing waits for a slow
 * reader, also on a non-blocking descriptor: that is the back-pressure of a pipeline. SIGPIPE must be
 * ignored, so that a closed pipe is an error like any other. Not safe for use by two threads at once. */
#pragma once
#include <stdint.h>
#include "buf.h"
#include "err.h"

struct dnc_output {
	int fd;
	const char *name; /* for messages; borrowed */
	struct dnc_buf buf;
	uint64_t bytes; /* written so far */
	bool terminal;
};

/* Prepares O to write to FD, which is not closed. NAME is borrowed while the output is used. */
void dnc_output_init(struct dnc_output *o, int fd, const char *name);

/* Frees the buffer. Bytes that were not flushed are lost. */
void dnc_output_finish(struct dnc_output *o);

/* Writes the gathered bytes. -1 with ERR, whose code is the errno; bytes that were written before the failure
 * are not written again by the next flush. */
int dnc_output_flush(struct dnc_output *o, struct dnc_error *err);

/* Appends a line of JSON, N bytes, and a newline, and flushes when a block is full; what a terminal gets is escaped
 * (escape.h). -1 with ERR as dnc_output_flush(). */
int dnc_output_line(struct dnc_output *o, const char *p, size_t n, struct dnc_error *err);
