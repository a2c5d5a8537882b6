#include "watched.h"
#include "watch.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/arrivals.h"
#include "base/clock.h"
#include "base/filing.h"
#include "base/words.h"
#include "outcome.h"
#include "run.h"

/* The directory is listed at this interval, and a file whose writers the kernel does not know is complete after this time
 * without changes. The clients of a network file system notice changes within seconds. */
enum { SCAN_MS = 10000, SETTLE_MS = 10000 };

/* Between attempts to move a file or to write beside it. */
enum { FIRST_RETRY_MS = 1000, LAST_RETRY_MS = 30000 };

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

/* A list that is too old is not to be read later, either. */
static bool leaves_gap(const struct watch *w)
{
	return w->fate == FATE_FAILED && !w->outdated && gap_may_be_list(w->in);
}

static const char waits_for_it[] = "; no other change list is taken until this one is published";

static int move(struct watch *w, struct dnc_error *err)
{
	char line[REASON_BYTES + sizeof waits_for_it + 1];
	int rc;

	snprintf(line, sizeof line, "%s%s\n", w->reason, leaves_gap(w) ? waits_for_it : "");
	rc = dnc_filing_move(&w->filing, &w->file,
		w->fate == FATE_FAILED ? DNC_FILING_FAILED : DNC_FILING_DONE,
		w->fate == FATE_FAILED ? line : NULL, err);
	if (rc > 0) {
		say_changed(w);
		w->fate = FATE_AGAIN;
	}
	return rc;
}

/* Reads and publishes the file. Returns what run_read() does; -1 also if it is refused unread. */
static int read_file(struct watch *w)
{
	struct ingest *in = w->in;

	in->file = w->path;
	in->file_fd = w->file.fd;
	in->hold_changes = gap_holds(&w->gap, w->file.name) || w->file.before;
	run_begin(in);
	watched_refuse(w);
	return in->refused ? -1 : run_read(in);
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
	case DNC_ARRIVAL_UNKNOWN: /* the move asks again, and fails */
	case DNC_ARRIVAL_SAME:
		break;
	}
	return watched_judge(w);
}

/* The file is not moved before its summary is in the log. */
static enum fate summarize(struct watch *w, enum fate fate, bool ended_early)
{
	int code;

	if (!w->in->options.summary || fate == FATE_LATER || fate == FATE_BEHIND ||
		fate == FATE_HELD)
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
		snprintf(dropped, sizeof dropped, ", %llu that %s",
			(unsigned long long)in->tally.no_events,
			dnc_plural(in->tally.no_events, "is no event", "are no events"));
	w->failed += failed;
	w->incomplete += !failed && w->later;
	if (failed)
		dnc_err("%s; now %s%s", w->reason, where, leaves_gap(w) ? waits_for_it : "");
	else if (w->later)
		dnc_err("%s: a later stage rejected %llu of %llu %s: see its rejects; now %s",
			w->path, (unsigned long long)w->later, (unsigned long long)in->accepted,
			dnc_plural(in->accepted, "event", "events"), where);
	else
		dnc_note("%s: %llu %s, %llu %s rejected%s; now %s", w->path,
			(unsigned long long)in->accepted,
			dnc_plural(in->accepted, "event", "events"),
			(unsigned long long)in->stage.rejects.count,
			dnc_plural(in->stage.rejects.count, "record", "records"), dropped, where);
	dnc_rejects_report(&in->stage.rejects);
}

static bool is_to_move(const struct watch *w)
{
	return w->fate == FATE_DONE || w->fate == FATE_FAILED;
}

/* The change lists that wait are taken. */
static void release(struct watch *w)
{
	w->held = 0;
	dnc_arrivals_release(w->arrivals);
}

static int begin_gap(struct watch *w, struct dnc_error *err)
{
	return gap_begin(&w->gap, w->file.name, err);
}

static int ending_gap(struct watch *w, struct dnc_error *err)
{
	return gap_ending(&w->gap, &w->file, err);
}

static int end_gap(struct watch *w, struct dnc_error *err)
{
	return gap_end(&w->gap, err);
}

/* Moves the current file. The gap of a list that has failed is on disk before it is, and ends when it is done. */
static bool file(struct watch *w)
{
	bool ends = w->fate == FATE_DONE && strcmp(w->gap.name, w->file.name) == 0;

	if ((leaves_gap(w) && !persist(w, begin_gap)) || (ends && !persist(w, ending_gap)) ||
		!persist(w, move))
		return false;
	if (!ends || w->fate != FATE_DONE)
		return true;
	release(w);
	return persist(w, end_gap);
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
	if (is_to_move(w) && !file(w))
		return;
	if (is_to_move(w))
		report(w);
	dnc_stage_rejects_to(&w->in->stage, NULL, &err);
	if (!is_to_move(w) && dnc_filing_begin(&w->filing, &err) < 0)
		dnc_err("%s", err.message);
}

static bool fail_with(struct watch *w, const struct dnc_error *err, const char *more)
{
	dnc_err("%s%s", err->message, more);
	w->code = outcome_exit(err);
	return false;
}

/* Waits until a file may be complete. False if the process ends with `code`. */
static bool wait_for_files(struct watch *w, int wait_ms)
{
	size_t settling, waiting = dnc_arrivals_waiting(w->arrivals, &settling);
	struct dnc_error err;

	if (w->in->options.once && !settling) {
		w->complete = true;
		if (dnc_arrivals_trouble(w->arrivals, &err))
			fail_with(w, &err, "; it is left for the next run");
		else if (waiting)
			dnc_note("%s: %zu %s left for the next run", w->in->options.watch, waiting,
				dnc_plural(waiting, "file is still being written, and is",
					"files are still being written, and are"));
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
		[FATE_BEHIND] = DNC_ARRIVAL_BEHIND,
		[FATE_HELD] = DNC_ARRIVAL_HELD,
		[FATE_STOP] = DNC_ARRIVAL_AGAIN};
	struct dnc_error err;
	int wait_ms, found;

	if (dnc_cli_stopped_by())
		return false;
	if (gap_was_removed(&w->gap)) {
		dnc_note("%s was removed: change lists are taken again", w->gap.path);
		release(w);
	}
	found = dnc_arrivals_next(w->arrivals, &w->file, &wait_ms, &err);
	if (found < 0)
		return fail_with(w, &err, "");
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
	if (w->in->options.once && (w->failed || w->incomplete || w->unreported || w->held))
		return DNC_EXIT_SOME;
	return w->in->options.strict && w->rejected ? DNC_EXIT_SOME : DNC_EXIT_OK;
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
	if (!w.arrivals) {
		dnc_err("--watch: %s", err.message);
		return outcome_exit(&err);
	}
	if (dnc_filing_open(&w.filing, in->options.watch, dnc_arrivals_directory(w.arrivals),
		    ".dnc-ingest", &err) < 0) {
		dnc_err("--watch: %s", err.message);
		dnc_arrivals_free(w.arrivals);
		return outcome_exit(&err);
	}
	code = gap_open(&w.gap, in->options.watch, &err) < 0;
	if (code)
		fail_with(&w, &err, "");
	while (!code && turn(&w))
		;
	code = end(&w);
	dnc_filing_close(&w.filing);
	dnc_arrivals_free(w.arrivals);
	return code;
}
