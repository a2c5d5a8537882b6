#include "stage.h"
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "cli.h"
#include "base/target.h"

/* How long to wait for a listener on --output, and for acknowledgements at the end. */
enum { PATIENCE_MS = 10000, STOPPED_WAIT_MS = 10000 };

/* For signal handlers. */
static struct dnc_stage *running;

static void stop(void *ctx)
{
	(void)ctx;
	dnc_input_stop(running->input);
}

static void on_hangup(void *ctx)
{
	(void)ctx;
	dnc_rejects_ask_reopen(&running->rejects);
	dnc_input_wake(running->input);
}

static void on_woken(void *ctx)
{
	(void)ctx;
	dnc_rejects_reopen(&running->rejects);
	if (running->woken)
		running->woken(running->woken_ctx);
}

static void on_failed(void *ctx, const struct dnc_stream *s, const struct dnc_error *err)
{
	(void)ctx;
	(void)s;
	bool first;

	if (dnc_said_before(&running->said, err->message))
		return;
	first = !running->failed++;
	if (first)
		running->why = *err;
	/* The owner says why a file failed that it has added itself. */
	if (!first || !running->owner_says)
		dnc_err("%s", err->message);
}

static bool is_stopped(void *ctx)
{
	(void)ctx;
	return dnc_cli_stopped_by() != 0;
}

/* dnc_options_parse() replaces a closed one by what can't be written. */
static bool stdout_can_be_written(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

bool dnc_stage_has_producers(const struct dnc_stage_options *o)
{
	for (size_t i = 0; i < o->input_count; i++)
		if (strncmp(o->inputs[i], "fd:", 3) != 0)
			return true;
	return false;
}

/* What is written would be read again, without end. */
static void check_target(const char *name, const char *what, const char *input)
{
	if (name && dnc_target_meets(name, input))
		dnc_cli_die(DNC_EXIT_USAGE, "the input %s is also %s (%s): use another one", input,
			what, name);
}

static void check_targets(const struct dnc_stage_options *o)
{
	const char *output = o->output ? o->output : "fd:1", *rejects = o->rejects;

	for (size_t i = 0; i < o->input_count; i++) {
		check_target(output, "the output", o->inputs[i]);
		check_target(rejects, "the file of rejects", o->inputs[i]);
	}
	for (size_t i = 0; i < o->file_count; i++) {
		check_target(output, "the output", o->files[i]);
		check_target(rejects, "the file of rejects", o->files[i]);
	}
	if (!o->file_count && !o->input_count && !o->files_later) {
		check_target(output, "the output", "-");
		check_target(rejects, "the file of rejects", "-");
	}
}

void dnc_stage_open(struct dnc_stage *s, const struct dnc_stage_options *o, size_t max_line,
	const struct dnc_input_events *events)
{
	struct dnc_input_events all = *events;
	struct dnc_error err;
	int rc = 0;

	running = s;
	s->service = o->input_count || o->service;
	s->owner_says = o->files_later;
	s->woken = events->woken;
	s->woken_ctx = events->ctx;
	all.woken = on_woken;
	all.failed = on_failed;
	if (!o->output && !stdout_can_be_written())
		dnc_cli_die(DNC_EXIT_IO, "standard output is closed");
	check_targets(o);
	dnc_cli_warn_replaced("--output", o->output_before, o->output,
		"several hubs that share one log are one value: unix:PATH,unix:PATH");
	s->out = dnc_outlet_open(o->output, PATIENCE_MS, &err);
	if (!s->out)
		dnc_cli_die(dnc_cli_exit_code(err.code), "--output: %s", err.message);
	s->input = dnc_input_new(max_line, &all, s->out);
	if (!s->input)
		dnc_cli_die_nomem();
	dnc_input_routes(s->input, o->routes);
	if (dnc_rejects_open(&s->rejects, o->rejects, &err) < 0)
		dnc_cli_die(dnc_cli_exit_code(err.code), "--rejects: %s", err.message);
	if (s->service)
		dnc_rejects_persist(&s->rejects, is_stopped, NULL);
	/* Before its sockets are there: who sees them may stop the program. */
	if (s->service && !dnc_cli_hangup_taken())
		dnc_cli_on_hangup(on_hangup, NULL);
	dnc_cli_on_stop(stop, NULL);
	for (size_t i = 0; i < o->input_count; i++)
		if (dnc_input_add_address(s->input, o->inputs[i], &err) < 0)
			dnc_cli_die_io(&err);
	for (size_t i = 0; i < o->file_count; i++)
		rc |= dnc_input_add_file(s->input, o->files[i], &err);
	if (!o->file_count && !o->input_count && !o->files_later)
		rc |= dnc_input_add_file(s->input, "-", &err);
	if (rc < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "%s", err.message);
}

int dnc_stage_check(struct dnc_stage *s, size_t count, struct dnc_error *err)
{
	free(s->versions);
	s->versions = calloc(count ? count : 1, sizeof *s->versions);
	if (!s->versions)
		return dnc_error_nomem(err);
	dnc_input_expect(s->input, s->versions);
	dnc_said_begin(&s->said);
	dnc_rejects_hold(&s->rejects);
	return 0;
}

void dnc_stage_again(struct dnc_stage *s, const struct dnc_stage_options *o, size_t max_line,
	const struct dnc_input_events *events)
{
	struct dnc_input *before = s->input, *input;
	struct dnc_input_events all = *events;
	struct dnc_error err;
	size_t checked = 0;

	dnc_rejects_forget(&s->rejects);
	dnc_said_again(&s->said);
	all.woken = on_woken;
	all.failed = on_failed;
	input = dnc_input_new(max_line, &all, s->out);
	if (!input)
		dnc_cli_die_nomem();
	for (size_t i = 0; i < o->file_count; i++)
		if (s->versions[i].known) {
			s->versions[checked++] = s->versions[i];
			if (dnc_input_add_file(input, o->files[i], &err) < 0)
				dnc_cli_die_nomem();
		}
	dnc_input_expect(input, s->versions);
	s->input = input;
	if (dnc_cli_stopped_by()) /* the signal may have stopped the one before */
		dnc_input_stop(input);
	dnc_input_free(before);
}

int dnc_stage_rejects_to(struct dnc_stage *s, const char *path, struct dnc_error *err)
{
	dnc_rejects_close(&s->rejects);
	s->rejects = (struct dnc_rejects){.fd = -1};
	if (path && dnc_rejects_open(&s->rejects, path, err) < 0)
		return -1;
	if (s->service)
		dnc_rejects_persist(&s->rejects, is_stopped, NULL);
	return 0;
}

int dnc_stage_reject(struct dnc_stage *s, struct dnc_stream *stream, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why)
{
	stream->rejected++;
	return dnc_rejects_add(&s->rejects, stream->name, line, item, raw, err, why);
}

/* Ends the process if the reader of the output has left. Sockets are removed first. */
static void end_without_reader(struct dnc_stage *s)
{
	if (!dnc_outlet_reader_left(s->out))
		return;
	dnc_stage_close(s);
	dnc_cli_broken_pipe();
}

/* How long to wait still, -1: without a limit. *UNTIL_MS, 0 at first, is set once, when the process was asked to stop: further
 * signals, which interrupt the waiting, give no more time. */
static int64_t time_left(int64_t *until_ms)
{
	int64_t now = dnc_clock_mono_ms();

	if (!dnc_cli_stopped_by())
		return -1;
	if (!*until_ms)
		*until_ms = now + STOPPED_WAIT_MS;
	return *until_ms > now ? *until_ms - now : 0;
}

int dnc_stage_finish(struct dnc_stage *s, int rc, const struct dnc_error *err)
{
	int64_t until_ms = 0;

	if (rc < 0) {
		end_without_reader(s);
		if (!err->message[0])
			err = dnc_input_error(s->input);
		dnc_err("%s", err->message[0] ? err->message : "out of memory");
		return (int)dnc_cli_exit_code(err->code);
	}
	while (dnc_input_finish(s->input, time_left(&until_ms)) < 0) {
		if (dnc_input_error(s->input)->code == EINTR)
			continue;
		end_without_reader(s);
		dnc_err("%s", dnc_input_error(s->input)->message);
		return (int)dnc_cli_exit_code(dnc_input_error(s->input)->code);
	}
	return DNC_EXIT_OK;
}

uint64_t dnc_stage_rejected(const struct dnc_stage *s)
{
	return s->rejects.count + dnc_outlet_outcome(s->out).rejected;
}

bool dnc_stage_report(const struct dnc_stage *s)
{
	struct dnc_outcome o = dnc_outlet_outcome(s->out);
	uint64_t lines = dnc_outlet_lines(s->out), known = o.duplicates + o.rejected + o.dropped;
	uint64_t changes = dnc_outlet_connections(s->out).changes;
	char dropped[64] = "", there[64] = "", unclear[160] = "", changed[64] = "";

	if (!dnc_outlet_acknowledges(s->out))
		return false;
	if (o.dropped)
		snprintf(dropped, sizeof dropped, ", %llu dropped by a rule",
			(unsigned long long)o.dropped);
	if (o.rejected)
		snprintf(there, sizeof there, " (%llu by a later stage: see its rejects)",
			(unsigned long long)o.rejected);
	if (o.unclear)
		snprintf(unclear, sizeof unclear,
			"; %llu of them were sent again, or acknowledged together with lines of other "
			"producers: these numbers may not be exact",
			(unsigned long long)o.unclear);
	if (changes)
		snprintf(changed, sizeof changed, "; another hub took over %llu time%s",
			(unsigned long long)changes, changes == 1 ? "" : "s");
	dnc_note("%llu event%s: %llu new, %llu duplicates, %llu rejected%s%s%s%s",
		(unsigned long long)(lines + s->rejects.count),
		lines + s->rejects.count == 1 ? "" : "s",
		(unsigned long long)(known < lines ? lines - known : 0),
		(unsigned long long)o.duplicates, (unsigned long long)dnc_stage_rejected(s), there,
		dropped, unclear, changed);
	return true;
}

void dnc_stage_close(struct dnc_stage *s)
{
	dnc_cli_release_signals();
	dnc_input_free(s->input);
	dnc_outlet_free(s->out);
	dnc_rejects_close(&s->rejects);
	dnc_said_finish(&s->said);
	free(s->versions);
	s->versions = NULL;
}
