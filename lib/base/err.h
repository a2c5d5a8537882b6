/* err.h - what went wrong, where, and how to leave.
 *
 * Functions that can fail return -1 (or NULL) and fill a struct dnc_error given by the caller.
 * Only main() prints it and exits. */
#pragma once
#include <stddef.h>

#define DNC_NO_OFFSET ((size_t)-1)

struct dnc_error {
	int code;          /* of the module that set it; 0 where it has none */
	size_t offset;     /* byte inside the text named by place, or DNC_NO_OFFSET */
	char place[96];    /* path to the field or option at fault; may be empty */
	char message[224]; /* one line for people, without a program name */
};

/* Exit codes of every command; 64 and up as in sysexits.h, plus the shell's 128 + SIGINT. */
enum dnc_exit {
	DNC_EXIT_OK = 0,
	DNC_EXIT_SOME = 1,         /* nothing matched, or records were rejected (--strict) */
	DNC_EXIT_USAGE = 2,        /* bad option, pattern or program */
	DNC_EXIT_UNAVAILABLE = 69, /* a service does not answer, an address is in use */
	DNC_EXIT_IO = 74,          /* a file, pipe or disk failed */
	DNC_EXIT_TEMPFAIL = 75,    /* try again later */
	DNC_EXIT_NOPERM = 77,      /* not allowed */
	DNC_EXIT_INTERRUPTED = 130,
};

#ifdef __cplusplus
extern "C" {
#endif

/* Fills ERR (may be NULL) and returns -1, so that callers can `return dnc_error_set(...)`. */
int dnc_error_set(struct dnc_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Names the place in an ERR that is already set. */
void dnc_error_place(struct dnc_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "out of memory"; returns -1. */
int dnc_error_nomem(struct dnc_error *err);

#ifdef __cplusplus
}
#endif
