/* exit.h - how a command ends with an error: one line on standard error, and an exit code. */
#pragma once
#include "base/err.h"
#include "base/log.h"

/* Prints one line about a wrong option or argument and exits with DNC_EXIT_USAGE. */
_Noreturn void dnc_cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints one line and exits with CODE. */
_Noreturn void dnc_cli_die(enum dnc_exit code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Exits with DNC_EXIT_TEMPFAIL: out of memory. */
_Noreturn void dnc_cli_die_nomem(void);

/* Returns the exit code for the errno of a file, a socket or a log that failed. */
enum dnc_exit dnc_cli_exit_code(int code);

/* Prints ERR's message and exits with the code that follows from its errno. */
_Noreturn void dnc_cli_die_io(const struct dnc_error *err);

/* Flushes standard output; prints an error and exits if it can't be written. */
void dnc_cli_flush_stdout(void);
