/* err.h - errors and exit codes.
 *
 * A function that can fail returns -1 (or NULL) and fills a struct dnc_error of the caller. Only main()
 * prints it and exits. All functions are thread safe. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

#define DNC_NO_OFFSET ((size_t)-1)

/* The code of dnc_error_nomem(): neither an errno nor a code of any function. What failed may succeed
 * later, and says nothing about the input. */
#define DNC_ERROR_NO_MEMORY (-1)

struct dnc_error {
	int code; /* defined by the function that fails, often an errno; else 0, or DNC_ERROR_NO_MEMORY */
	size_t offset; /* byte inside the text named by place, or DNC_NO_OFFSET */
	char place
		[96]; /* path of the field or option at fault; may be empty; not cut inside a character */
	char message
		[224]; /* for people, without the name of the program; not cut inside a character */
};

/* Exit codes of every command; 64 and up as in sysexits.h, plus the shell's 128 + SIGINT. */
enum dnc_exit {
	DNC_EXIT_OK = 0,
	DNC_EXIT_SOME = 1,  /* nothing matched, or records were rejected (--strict) */
	DNC_EXIT_USAGE = 2, /* bad option, pattern or program */
	DNC_EXIT_INCOMPLETE =
		3, /* done, but without what rejected records may have: not to be done again */
	DNC_EXIT_UNAVAILABLE = 69, /* a service does not answer, or an address is in use */
	DNC_EXIT_IO = 74,          /* a file, pipe or disk failed */
	DNC_EXIT_TEMPFAIL = 75,    /* try again later */
	DNC_EXIT_NOPERM = 77,      /* not allowed */
	DNC_EXIT_TIMEOUT = 124,    /* nothing came for so long, as of timeout(1) */
	DNC_EXIT_INTERRUPTED = 130,
};

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a message to TEXT, of SIZE bytes (at least one) with its NUL. One that is too long is cut between characters. */
void dnc_error_format(char *text, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* Fills ERR (may be NULL), without a place, and returns -1 for `return dnc_error_set(...)`. */
int dnc_error_set(struct dnc_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the place to an ERR (may be NULL) that is set. */
void dnc_error_place(struct dnc_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Sets ERR (may be NULL) to "out of memory", code DNC_ERROR_NO_MEMORY. Returns -1. */
int dnc_error_nomem(struct dnc_error *err);

#ifdef __cplusplus
}
#endif
