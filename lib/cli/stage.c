#include "stage.h"
#include <errno.h>
#include <signal.h>
#include "cli.h"

/* How long somebody must come to listen on --output, and how long acknowledgements are waited for at
 * the end. */
enum { PATIENCE_MS = 10000, STOPPED_WAIT_MS = 10000 };

/* For signal handlers. */
static struct dnc_stage *running;
static volatile sig_atomic_t reopen;

static void stop(void *ctx)
{
	(void)ctx;
	dnc_input_stop(running->input);
}

static void on_hangup(void *ctx)
{
	(void)ctx;
	reopen = 1;
	dnc_input_wake(running->input);
}

static void on_woken(void *ctx)
{
	(void)ctx;
	if (!reopen)
		return;
	reopen = 0;
	dnc_rejects_reopen(&running->rejects);
}

static void on_failed(void *ctx, const struct dnc_error *err)
{
	(void)ctx;
	running->failed++;
	dnc_err("%s", err->message);
}

void dnc_stage_open(struct dnc_stage *s, const struct dnc_stage_options *o, size_t max_line,
	const struct dnc_input_events *events)
{
	struct dnc_input_events all = *events;
	struct dnc_error err;
	int rc = 0;

	running = s;
	all.woken = on_woken;
	all.failed = on_failed;
	s->out = dnc_outlet_open(o->output, PATIENCE_MS, &err);
	if (!s->out)
		dnc_cli_die(dnc_cli_exit_code(err.code), "--output: %s", err.message);
	s->input = dnc_input_new(max_line, &all, s->out);
	if (!s->input)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	dnc_rejects_open(&s->rejects, o->rejects);
	for (size_t i = 0; i < o->input_count; i++)
		if (dnc_input_add_address(s->input, o->inputs[i], &err) < 0)
			dnc_cli_die_io(&err);
	for (size_t i = 0; i < o->file_count; i++)
		rc |= dnc_input_add_file(s->input, o->files[i], &err);
	if (!o->file_count && !o->input_count)
		rc |= dnc_input_add_file(s->input, "-", &err);
	if (rc < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "%s", err.message);
	dnc_cli_on_stop(stop, NULL);
	if (o->input_count)
		dnc_cli_on_hangup(on_hangup, NULL);
}

int dnc_stage_finish(struct dnc_stage *s, int rc, const struct dnc_error *err)
{
	if (rc < 0) {
		if (!err->message[0])
			err = dnc_input_error(s->input);
		dnc_err("%s", err->message[0] ? err->message : "out of memory");
		return (int)dnc_cli_exit_code(err->code);
	}
	while (dnc_input_finish(s->input, dnc_cli_stopped_by() ? STOPPED_WAIT_MS : -1) < 0) {
		if (dnc_input_error(s->input)->code == EINTR)
			continue;
		dnc_err("%s", dnc_input_error(s->input)->message);
		return (int)dnc_cli_exit_code(dnc_input_error(s->input)->code);
	}
	return DNC_EXIT_OK;
}

void dnc_stage_close(struct dnc_stage *s)
{
	dnc_input_free(s->input);
	dnc_outlet_free(s->out);
	dnc_rejects_close(&s->rejects);
}
