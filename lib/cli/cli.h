/* cli.h - what the commands share: options, errors, signals, progress. For main()s only: these
 * functions print and exit. */
#pragma once
#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "filter/filter.h"

/* Options of every command: --verbose, --quiet, --log-format, --version. */
extern const struct argp dnc_cli_common;

/* Parses ARGV with ARGP; any error is one line that names the option, and exit 2. NAME is the
 * command's. INPUT as for argp_parse(). Standard descriptors that are closed stay unusable, but no other file
 * gets their numbers. */
void dnc_cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input);

/* One line about a wrong option, then exit 2. */
_Noreturn void dnc_cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One line, then exit with CODE. */
_Noreturn void dnc_cli_die(enum dnc_exit code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The exit code that the errno of a failed file, socket or log calls for. */
enum dnc_exit dnc_cli_exit_code(int code);

/* Dies with ERR's message; the exit code follows from its errno. */
_Noreturn void dnc_cli_die_io(const struct dnc_error *err);

/* The value of a numeric option NAME, from MIN to MAX; anything else is a usage error. */
uint64_t dnc_cli_number(const char *name, const char *text, uint64_t min, uint64_t max);

/* A size such as 64M or 1G (powers of 1024), in bytes. */
uint64_t dnc_cli_size(const char *name, const char *text, uint64_t min, uint64_t max);

/* What somebody types must be a known word: a usage error, with the nearest one, unless WORD is among
 * WORDS (separated by blanks). NAME is the option's or the field's; ELSEWHERE, a sentence or NULL, says
 * how to give another word all the same. */
void dnc_cli_word(const char *name, struct dnc_str word, const char *words, const char *elsewhere);

/* A time (RFC 3339, or a date alone) or a span back from now ("-1h"); usage error otherwise. */
int64_t dnc_cli_time(const char *name, const char *text);

/* Calls STOP(CTX) on the first SIGTERM, SIGINT or SIGHUP, in the signal handler; a second one ends
 * the process at once. SIGPIPE is ignored from here on. */
void dnc_cli_on_stop(void (*stop)(void *), void *ctx);

/* Calls AGAIN(CTX) on each SIGHUP, in the signal handler, instead of stopping: for services, after
 * dnc_cli_on_stop(). */
void dnc_cli_on_hangup(void (*again)(void *), void *ctx);

/* Ends the process by SIGPIPE, in silence: the reader of its output has left. */
_Noreturn void dnc_cli_broken_pipe(void);

/* The signal that asked to stop, or 0. */
int dnc_cli_stopped_by(void);

/* Options for a filter, shared by dnc-filter and dnc-tail. */
struct dnc_cli_filter {
	struct dnc_buf field[16]; /* values, each ended by NUL, by the field's row */
	struct dnc_buf customs;   /* FIELD=VALUE, each ended by NUL */
	int64_t start_ms, end_ms; /* set by the command; 0 when open */
};

/* Child parser whose input is a struct dnc_cli_filter, all zero at first. */
extern const struct argp dnc_cli_filter_argp;

/* Appends the options as one JSON filter object. */
void dnc_cli_filter_json(const struct dnc_cli_filter *f, struct dnc_buf *json);

/* Checks the JSON made from options; a bad pattern is shown with a caret below, exit 2. Returns
 * the compiled filter. */
struct dnc_filter *dnc_cli_filter_compile(const struct dnc_buf *json);

void dnc_cli_filter_free(struct dnc_cli_filter *f);

/* Progress on a terminal: rows, rows per second, percent. Call it for every row; it looks at the
 * clock now and then, and prints nothing when standard error is no terminal. */
struct dnc_cli_progress {
	bool on, shown;
	uint64_t rows, next_look;
	int64_t started_ms, last_ms;
};

void dnc_cli_progress_start(struct dnc_cli_progress *p, bool quiet);
void dnc_cli_progress(struct dnc_cli_progress *p, uint64_t done_bytes, uint64_t size_bytes);
/* Wipes the line. */
void dnc_cli_progress_end(struct dnc_cli_progress *p);
bool dnc_cli_quiet(void);
