/* stage.h - a program that reads lines from its inputs and writes lines to its output: dnc-ingest, dnc-filter. One for
 * each process, because signals stop it. For main()s only: these functions print and exit. */
#pragma once
#include <stdbool.h>
#include "link/link.h"
#include "link/routes.h"
#include "rejects.h"
#include "said.h"

struct dnc_stage_options {
	const char *const *files, *const *inputs; /* of --input; both empty: standard input */
	size_t file_count, input_count;
	const char *output, *rejects; /* NULL: standard output, standard error */
	const char *output_before;    /* an --output that it has replaced; NULL: none */
	struct dnc_routes *routes; /* beside the output; NULL: none. They must outlive the stage */
	/* Instead of files and inputs: the owner adds files between runs, as a service or until all are read. */
	bool files_later,
		service; /* files_later: the first failure of a file is not printed, but in `why` */
};

/* True if an input is a socket, whose producers' lines are acknowledged one by one. */
bool dnc_stage_has_producers(const struct dnc_stage_options *options);

struct dnc_stage {
	struct dnc_input *input;
	struct dnc_outlet *out;
	struct dnc_rejects rejects;
	unsigned failed;      /* inputs that could not be read */
	struct dnc_error why; /* the first of them failed */
	/* Of files that are read twice; see dnc_stage_check(). */
	struct dnc_file_version *versions; /* owned; NULL: they are not */
	struct dnc_said said;
	bool service, owner_says;
	void (*woken)(void *ctx); /* of the owner; NULL: none */
	void *woken_ctx;
};

/* From here on rejects are written to the file PATH (borrowed), and counted from 0. NULL: the current file is closed, and
 * another must be set before the next reject. -1 with ERR. */
int dnc_stage_rejects_to(struct dnc_stage *s, const char *path, struct dnc_error *err);

/* Writes a reject of the stream, as dnc_rejects_add() does. A service (--input) tries it again until it succeeds. */
int dnc_stage_reject(struct dnc_stage *s, struct dnc_stream *stream, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why);

/* Opens output, inputs and rejects, for lines of at most MAX_LINE bytes. The stage sets `failed` of EVENTS, and has
 * work of its own in `woken`.
 * From here on SIGTERM and SIGINT stop the input; a service opens the rejects file again on SIGHUP, unless the owner
 * has called dnc_cli_on_hangup() before. */
void dnc_stage_open(struct dnc_stage *s, const struct dnc_stage_options *options, size_t max_line,
	const struct dnc_input_events *events);

/* Before dnc_input_run(): the COUNT files of the input are read twice, to be checked and to be published. Rejects of the first
 * reading are held (rejects.h): if there is a second one they are those of the second; else dnc_rejects_release() writes
 * them. -1 with ERR if there is no memory. */
int dnc_stage_check(struct dnc_stage *s, size_t count, struct dnc_error *err);

/* After that and dnc_input_run(): prepares the second reading of the files of OPTIONS. Only files that the first one has read to
 * their end are read again, and only in that version: others have failed, or fail now. What was said of a file is not said
 * or counted again. Files that the owner adds must be given to dnc_input_expect() with S->versions. Exits if there is no memory. */
void dnc_stage_again(struct dnc_stage *s, const struct dnc_stage_options *options, size_t max_line,
	const struct dnc_input_events *events);

/* After dnc_input_run() returned RC: writes what is left and waits for its acknowledgement, at most ten seconds if asked to
 * stop. Returns an exit code: DNC_EXIT_OK, or the one for the error, which is printed: ERR if RC is -1 and it is set, else
 * the input's error. If the reader of the output pipe has left, the process ends by SIGPIPE, as filters do. */
int dnc_stage_finish(struct dnc_stage *s, int rc, const struct dnc_error *err);

/* After dnc_stage_finish() returned DNC_EXIT_OK: prints what became of the events that were written to a socket: "N events:
 * A new, D duplicates, R rejected". Returns false if the output is a pipe, whose reader does not acknowledge. */
bool dnc_stage_report(const struct dnc_stage *s);

/* The number of records that this stage or a later one rejected. */
uint64_t dnc_stage_rejected(const struct dnc_stage *s);

void dnc_stage_close(struct dnc_stage *s);
