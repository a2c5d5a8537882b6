/* output.h - buffered writing to a file descriptor that may be a pipe, a socket or a file.
 *
 * Small writes are gathered into blocks; dnc_output_flush() is for when input pauses. Writing
 * blocks when the reader is slow: that is the back-pressure of a pipeline. SIGPIPE must be
 * ignored; a closed pipe is an error like any other. Not safe for use by two threads at once. */
#pragma once
#include <stdint.h>
#include "buf.h"
#include "err.h"

struct dnc_output {
	int fd;
	const char *name; /* for messages; borrowed */
	struct dnc_buf buf;
	uint64_t bytes; /* given to the kernel so far */
};

/* Writes go to FD, which stays the caller's. NAME must outlive the output. */
void dnc_output_init(struct dnc_output *o, int fd, const char *name);

/* Frees the buffer; what was not flushed is gone. */
void dnc_output_finish(struct dnc_output *o);

/* Hands the gathered bytes to the kernel; -1 with ERR (the errno in code) when it refuses: what it took
 * before stays out of the next flush. */
int dnc_output_flush(struct dnc_output *o, struct dnc_error *err);

/* Appends N bytes and a newline, and flushes when a block is full. */
int dnc_output_line(struct dnc_output *o, const char *p, size_t n, struct dnc_error *err);
