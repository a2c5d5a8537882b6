/* stage.h - what programs share that read lines here and write lines there: dnc-ingest, dnc-filter.
 * One for each process, because signals end it. For main()s only: these functions print and exit. */
#pragma once
#include <stdbool.h>
#include "link/link.h"
#include "rejects.h"

struct dnc_stage_options {
	const char *const *files,
		*const *inputs; /* of --input; both may be empty: standard input */
	size_t file_count, input_count;
	const char *output, *rejects; /* NULL: standard output, standard error */
};

struct dnc_stage {
	struct dnc_input *input;
	struct dnc_outlet *out;
	struct dnc_rejects rejects;
	unsigned failed; /* places that could not be read */
};

/* Records a reject of the stream, as dnc_rejects_add() does. With --input it is tried again until it works. */
int dnc_stage_reject(struct dnc_stage *s, struct dnc_stream *stream, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why);

/* Opens it all, for lines of at most MAX_LINE bytes. EVENTS but for `woken` and `failed`, which are the
 * stage's own. From here on SIGTERM and SIGINT stop the input; with --input, SIGHUP opens the rejects'
 * file anew. */
void dnc_stage_open(struct dnc_stage *s, const struct dnc_stage_options *options, size_t max_line,
	const struct dnc_input_events *events);

/* After dnc_input_run() has ended with RC: hands on what is left and waits for its acknowledgement,
 * ten seconds at most once asked to stop. Returns an exit code, DNC_EXIT_OK or what went wrong, which
 * is told: ERR when RC is -1 and it is set, else the input's error. When the reader of the output's pipe has left, the
 * process ends by SIGPIPE, as filters do. */
int dnc_stage_finish(struct dnc_stage *s, int rc, const struct dnc_error *err);

/* After dnc_stage_finish() gave DNC_EXIT_OK: what became of all that went to a socket, on standard error: "N events: A new,
 * D duplicates, R rejected". False when the output is a pipe, whose reader says nothing. */
bool dnc_stage_report(const struct dnc_stage *s);

/* Records that were rejected here or by a later stage. */
uint64_t dnc_stage_rejected(const struct dnc_stage *s);

void dnc_stage_close(struct dnc_stage *s);
