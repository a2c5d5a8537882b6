#include "watch.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arrivals.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/filing.h"
#include "outcome.h"
#include "run.h"

/* The directory is listed at this interval, and a file whose writers the kernel does not know is complete after this time
 * without changes. The clients of a network file system notice changes within seconds. */
enum { SCAN_MS = 10000, SETTLE_MS = 10000 };

/* Between attempts to move a file or to write beside it. */
enum { FIRST_RETRY_MS = 1000, LAST_RETRY_MS = 30000 };

enum { REASON_BYTES = 1024 };

/* What becomes of a file. */
enum fate {
	FATE_DONE,
	FATE_FAILED,
	FATE_AGAIN, /* it stays, and is taken again */
	FATE_LATER, /* the same, when it has not changed for SETTLE_MS */
	FATE_STOP,  /* it stays, and the process ends with `code` */
};

struct watch {
	struct ingest *in;
	struct dnc_arrivals *arrivals;
	struct dnc_filing filing;
	struct dnc_arrival file; /* the current one */
	char path[PATH_MAX];     /* of it, for messages, rejects and ids */
	enum fate fate;
	char reason[REASON_BYTES]; /* why it failed */
	int code;
	bool complete; /* with --once: no file is left but those that are still being written */
	uint64_t failed, rejected; /* files; records */
	uint64_t unreported;       /* files whose summary a later stage rejected */
};

/* The reason names the file. */
static enum fate fail_file(struct watch *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static enum fate fail_file(struct watch *w, const char *fmt, ...)
{
	char text[REASON_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	dnc_escape_into(w->reason, sizeof w->reason - 1, dnc_str(text), DNC_ESCAPE_TEXT);
	return FATE_FAILED;
}

static enum fate stop_with(struct watch *w, int code)
{
	w->code = code;
	return FATE_STOP;
}

/* Waits until the time AT, or until a signal stops the process. -1 if the output has failed. */
static int wait_until(struct watch *w, int64_t at_ms)
{
	int64_t left;

	while ((left = at_ms - dnc_clock_mono_ms()) > 0 && !dnc_cli_stopped_by())
		if (dnc_input_wait(w->in->stage.input, -1, (int)left) < 0)
			return -1;
	return 0;
}

static enum fate stop_output(struct watch *w)
{
	return stop_with(w, dnc_stage_finish(&w->in->stage, -1, &(struct dnc_error){0}));
}

/* Calls STEP until it succeeds: a disk that is full or read-only today may not be tomorrow, and the file that was read must
 * not be read again until then. With --once it is called once. Returns false with the fate FATE_STOP. */
static bool persist(struct watch *w, int (*step)(struct watch *, struct dnc_error *))
{
	struct dnc_error err;
	int pause = FIRST_RETRY_MS;

	while (step(w, &err) < 0) {
		if (w->in->options.once || dnc_cli_stopped_by()) {
			dnc_err("%s; %s %s by the next run", err.message, w->path,
				w->filing.checked ? "is moved, which is completed"
						  : "is read again");
			w->fate = stop_with(w, DNC_EXIT_IO);
			return false;
		}
		dnc_err("%s; no file is read until it succeeds; retrying in %d s", err.message,
			pause / 1000);
		if (wait_until(w, dnc_clock_mono_ms() + pause) < 0) {
			w->fate = stop_output(w);
			return false;
		}
		pause = pause * 2 < LAST_RETRY_MS ? pause * 2 : LAST_RETRY_MS;
	}
	return true;
}

/* Removes what an earlier attempt wrote, and opens the rejects. */
static int begin(struct watch *w, struct dnc_error *err)
{
	if (dnc_stage_rejects_to(&w->in->stage, NULL, err) < 0 ||
		dnc_filing_begin(&w->filing, err) < 0)
		return -1;
	return dnc_stage_rejects_to(&w->in->stage, w->filing.rejects, err);
}

static void say_changed(const struct watch *w)
{
	dnc_warn("%s was changed while it was read: it is read again when it is complete", w->path);
}

static int move(struct watch *w, struct dnc_error *err)
{
	char line[REASON_BYTES + 1];
	int rc;

	snprintf(line, sizeof line, "%s\n", w->reason);
	rc = dnc_filing_move(&w->filing, &w->file,
		w->fate == FATE_FAILED ? DNC_FILING_FAILED : DNC_FILING_DONE,
		w->fate == FATE_FAILED ? line : NULL, err);
	if (rc > 0) {
		say_changed(w);
		w->fate = FATE_AGAIN;
	}
	return rc;
}

/* Refuses a file that is not to be read at all. */
static void check_file(struct watch *w)
{
	const struct options *o = &w->in->options;
	const struct dnc_arrival *f = &w->file;
	int64_t age_ms = dnc_clock_now_ms() -
	                 (f->st.st_mtim.tv_sec * 1000 + f->st.st_mtim.tv_nsec / 1000000);

	if (f->fd < 0)
		outcome_refuse(
			w->in, DNC_EXIT_IO, "unable to open %s: %s", w->path, strerror(f->code));
	else if (o->watch_max_size && (uint64_t)f->st.st_size > o->watch_max_size)
		outcome_refuse(w->in, DNC_EXIT_IO,
			"%s has %llu bytes, more than --watch-max-size allows", w->path,
			(unsigned long long)f->st.st_size);
	else if (o->watch_max_age_ms && age_ms > o->watch_max_age_ms)
		outcome_refuse(w->in, DNC_EXIT_IO,
			"%s was last modified %lld s ago, longer than --watch-max-age allows",
			w->path, (long long)(age_ms / 1000));
}

/* Reads and publishes the file. Returns what run_read() does; -1 also if it is refused unread. */
static int read_file(struct watch *w)
{
	struct ingest *in = w->in;

	in->file = w->path;
	in->file_fd = w->file.fd;
	run_begin(in);
	check_file(w);
	return in->refused ? -1 : run_read(in);
}

/* The file was read, and its events are acknowledged. */
static enum fate judge(struct watch *w)
{
	const struct ingest *in = w->in;
	unsigned long long accepted = in->accepted, rejected = in->stage.rejects.count,
			   later = outcome_events(in).rejected;
	char text[CHECK_TEXT_BYTES];

	w->rejected += rejected + later;
	if (in->stage.failed && (in->too_many || in->refused)) /* it is not the reason */
		dnc_err("%s", in->stage.why.message);
	if (in->too_many)
		return fail_file(w, "%s: %s", w->path, check_explain(in, text));
	if (in->refused)
		return fail_file(w, "%s", in->refusal);
	if (in->stage.failed)
		return fail_file(w, "%s", in->stage.why.message);
	if (!accepted && rejected)
		return fail_file(w,
			"%s: no record became an event: all %llu were rejected; see the rejects "
			"and --format",
			w->path, rejected);
	if (accepted && later >= accepted)
		return fail_file(w, "%s: a later stage rejected all %llu events: see its rejects",
			w->path, accepted);
	/* A program may write the header of a file first and its rows later. */
	if (!accepted && !rejected && !in->tally.no_events && !w->file.settled)
		return FATE_LATER;
	return FATE_DONE;
}

/* The events of the file, whose run ended with RC, are acknowledged. */
static enum fate check_again(struct watch *w, int rc)
{
	struct ingest *in = w->in;

	if (rc == 0 && (in->stopped_by || !in->whole))
		return FATE_AGAIN;
	switch (dnc_arrivals_check(w->arrivals, &w->file)) {
	case DNC_ARRIVAL_CHANGED:
		say_changed(w);
		outcome_refuse(in, DNC_EXIT_IO, "%s was changed while it was read", w->path);
		return FATE_AGAIN;
	case DNC_ARRIVAL_GONE:
		dnc_warn("%s was moved, deleted or replaced while it was read; it was read to its "
			 "end",
			w->path);
		break;
	case DNC_ARRIVAL_SAME:
		break;
	}
	return judge(w);
}

/* The file is not moved before its summary is in the log. */
static enum fate summarize(struct watch *w, enum fate fate, bool ended_early)
{
	int code;

	if (!w->in->options.summary || fate == FATE_LATER)
		return fate;
	code = summary_publish(w->in, DNC_EXIT_OK, ended_early);
	if (code == DNC_EXIT_SOME)
		w->unreported++;
	else if (code)
		return stop_with(w, code);
	return fate;
}

/* The run has ended with RC: waits for the acknowledgements. */
static enum fate finish_file(struct watch *w, int rc)
{
	struct ingest *in = w->in;
	enum fate fate;
	int code;

	dnc_cli_progress_end(&in->progress);
	code = run_settle(in, rc);
	fate = code ? stop_with(w, code) : check_again(w, rc);
	return summarize(w, fate, rc < 0 && !in->refused);
}

static void report(struct watch *w)
{
	const struct ingest *in = w->in;
	const char *where = w->filing.gone ? "not moved" : w->filing.target;
	bool failed = w->fate == FATE_FAILED;
	char dropped[64] = "";

	if (in->tally.no_events)
		snprintf(dropped, sizeof dropped, ", %llu that are no events by their format",
			(unsigned long long)in->tally.no_events);
	w->failed += failed;
	if (failed)
		dnc_err("%s; now %s", w->reason, where);
	else
		dnc_note("%s: %llu events, %llu records rejected%s; now %s", w->path,
			(unsigned long long)in->accepted,
			(unsigned long long)in->stage.rejects.count, dropped, where);
	dnc_rejects_report(&in->stage.rejects);
}

static bool is_to_move(const struct watch *w)
{
	return w->fate == FATE_DONE || w->fate == FATE_FAILED;
}

/* Reads the current file, and moves it. */
static void take(struct watch *w)
{
	struct dnc_error err;

	w->reason[0] = '\0';
	snprintf(w->path, sizeof w->path, "%s/%s", w->in->options.watch, w->file.name);
	if (!persist(w, begin))
		return;
	w->fate = finish_file(w, read_file(w));
	if (is_to_move(w) && !persist(w, move))
		return;
	if (is_to_move(w))
		report(w);
	dnc_stage_rejects_to(&w->in->stage, NULL, &err);
	if (!is_to_move(w) && dnc_filing_begin(&w->filing, &err) < 0)
		dnc_err("%s", err.message);
}

/* Waits until a file may be complete. False if the process ends with `code`. */
static bool wait_for_files(struct watch *w, int wait_ms)
{
	size_t settling, waiting = dnc_arrivals_waiting(w->arrivals, &settling);

	if (w->in->options.once && !settling) {
		w->complete = true;
		if (waiting)
			dnc_note("%s: %zu files are still being written, and are left for the next "
				 "run",
				w->in->options.watch, waiting);
		return false;
	}
	if (dnc_input_wait(w->in->stage.input, dnc_arrivals_fd(w->arrivals), wait_ms) == 0)
		return true;
	stop_output(w);
	return false;
}

/* False when the process ends with `code`. */
static bool turn(struct watch *w)
{
	static const enum dnc_arrival_next next[] = {[FATE_DONE] = DNC_ARRIVAL_NOT_AGAIN,
		[FATE_FAILED] = DNC_ARRIVAL_NOT_AGAIN,
		[FATE_AGAIN] = DNC_ARRIVAL_AGAIN,
		[FATE_LATER] = DNC_ARRIVAL_SETTLED,
		[FATE_STOP] = DNC_ARRIVAL_AGAIN};
	struct dnc_error err;
	int wait_ms, found;

	if (dnc_cli_stopped_by())
		return false;
	found = dnc_arrivals_next(w->arrivals, &w->file, &wait_ms, &err);
	if (found < 0) {
		dnc_err("%s", err.message);
		w->code = DNC_EXIT_IO;
		return false;
	}
	if (!found)
		return wait_for_files(w, wait_ms);
	take(w);
	dnc_arrivals_done(w->arrivals, &w->file, next[w->fate]);
	return w->fate != FATE_STOP;
}

static int end(const struct watch *w)
{
	if (w->code)
		return w->code;
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (w->in->options.once && !w->complete)
		return DNC_EXIT_TEMPFAIL;
	if (w->in->options.once && (w->failed || w->unreported))
		return DNC_EXIT_SOME;
	return w->in->options.strict && w->rejected ? DNC_EXIT_SOME : DNC_EXIT_OK;
}

static int die(const struct dnc_error *err)
{
	dnc_err("--watch: %s", err->message);
	return err->code == EAGAIN || err->code == DNC_ERROR_NO_MEMORY ? DNC_EXIT_TEMPFAIL
	                                                               : DNC_EXIT_IO;
}

int watch(struct ingest *in)
{
	struct watch w = {.in = in};
	struct dnc_error err;
	int code;

	w.arrivals = dnc_arrivals_open(in->options.watch,
		&(struct dnc_arrivals_options){
			dnc_filing_folders, .scan_ms = SCAN_MS, .settle_ms = SETTLE_MS},
		&err);
	if (!w.arrivals)
		return die(&err);
	if (dnc_filing_open(&w.filing, in->options.watch, dnc_arrivals_directory(w.arrivals),
		    ".dnc-ingest", &err) < 0) {
		dnc_arrivals_free(w.arrivals);
		return die(&err);
	}
	while (turn(&w))
		;
	code = end(&w);
	dnc_filing_close(&w.filing);
	dnc_arrivals_free(w.arrivals);
	return code;
}
