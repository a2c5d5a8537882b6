/* far.h - the far end of a route: a reader, a file or a command. Used within one thread. */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/route.h"

struct far;

struct far_acts {
	/* Takes a line. -1 with ERR if it fails for good, as all functions that return -1. */
	int (*line)(struct far *f, struct dnc_str line, struct dnc_str id, struct dnc_error *err);
	/* What was gathered is to become safe soon. */
	int (*flush)(struct far *f, struct dnc_error *err);
	/* What to wait for. Returns for how many milliseconds at most; -1: without a limit. */
	int (*poll)(struct far *f, struct pollfd *entry);
	/* Goes on as far as possible without waiting; REVENTS are those of poll()'s entry. */
	int (*turn)(struct far *f, short revents, struct dnc_error *err);
	/* How many of the lines that it was given are safe. */
	uint64_t (*safe)(const struct far *f);
	/* So much is not safe that no more lines should be given. */
	bool (*full)(const struct far *f);
	/* Since when it can't deliver, by dnc_clock_mono_ms(); 0: it can, or nothing is known. */
	int64_t (*down_since)(const struct far *f);
	/* Moves the lines that are not safe to the end of OUT: they count as safe. */
	int (*take)(struct far *f, struct dnc_buf *out, struct dnc_error *err);
	void (*reopen)(struct far *f); /* NULL: nothing to open again */
	void (*close)(struct far *f);  /* frees it */
};

/* The first member of each kind. */
struct far {
	const struct far_acts *acts;
};

/* Open the far end of R (borrowed). PATIENT: failures are tried again without end. NULL with ERR. */
struct far *far_reader_open(const struct dnc_route *r, bool patient, struct dnc_error *err);
struct far *far_fd_open(const struct dnc_route *r, bool patient, struct dnc_error *err);
struct far *far_file_open(const struct dnc_route *r, bool patient, struct dnc_error *err);
struct far *far_command_open(const struct dnc_route *r, bool patient, struct dnc_error *err);
