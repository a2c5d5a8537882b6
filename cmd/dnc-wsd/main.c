/* dnc-wsd - the hub: keeps events and serves WebSocket clients. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "cli/cli.h"
#include "hub/hub.h"
#include "intake.h"
#include "options.h"

/* How often it is looked whether clients have caught up at the end. */
enum { DRAIN_STEP_MS = 20 };

struct daemon {
	struct options options;
	uv_loop_t loop;
	struct dnc_hub *hub;
	struct dnc_web *web;
	struct intake *intake;
	struct dnc_buf batch;
	uv_async_t stop;
	uv_timer_t drain;
	int64_t drain_until_ms;
	bool draining;
};

static void take(struct daemon *d)
{
	bool any = false;

	if (intake_take(d->intake, &d->batch)) {
		const char *p = d->batch.p, *end = p + d->batch.n, *newline;

		for (; p < end && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1)
			dnc_hub_append(d->hub, p, (size_t)(newline - p));
		any = true;
	}
	if (any)
		dnc_web_flush(d->web);
}

static void finish(struct daemon *d)
{
	uv_timer_stop(&d->drain);
	uv_close((uv_handle_t *)&d->drain, NULL);
	uv_close((uv_handle_t *)&d->stop, NULL);
	dnc_web_free(d->web);
	intake_free(d->intake);
	uv_stop(&d->loop);
}

static void on_drain(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	bool late = dnc_clock_mono_ms() >= d->drain_until_ms;

	take(d);
	if (!intake_ended(d->intake) && !late)
		return;
	if (dnc_web_drain(d->web, late) == 0 || dnc_clock_mono_ms() >= d->drain_until_ms + 500)
		finish(d);
}

static void begin_drain(struct daemon *d)
{
	if (d->draining)
		return;
	d->draining = true;
	d->drain_until_ms = dnc_clock_mono_ms() + d->options.grace_ms;
	intake_stop(d->intake);
	uv_timer_start(&d->drain, on_drain, 0, DRAIN_STEP_MS);
}

static void on_stop(uv_async_t *async)
{
	begin_drain(async->data);
}

static void on_intake(void *ctx)
{
	struct daemon *d = ctx;

	if (d->draining)
		return; /* the timer takes */
	take(d);
	if (d->options.exit_on_eof && intake_ended(d->intake))
		begin_drain(d);
}

static uv_async_t *stop_async;

/* In the signal handler: uv_async_send() is safe there. */
static void ask_to_stop(void *ctx)
{
	(void)ctx;
	uv_async_send(stop_async);
}

static void add_metrics(void *ctx, struct dnc_buf *out)
{
	intake_metrics(((struct daemon *)ctx)->intake, out);
}

static const char *not_ready(void *ctx)
{
	struct daemon *d = ctx;

	/* Without a socket to come back by, input that has ended will not return. */
	return d->draining || (d->options.exit_on_eof && intake_ended(d->intake)) ? "input" : NULL;
}

/* False when there are none. */
static bool open_inputs(struct daemon *d)
{
	struct dnc_error err;
	bool any = d->options.input_count > 0;

	d->intake = intake_new(&d->loop, d->options.rejects, on_intake, d);
	if (!d->intake)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	any |= intake_add_stdin(d->intake, &err);
	for (size_t i = 0; i < d->options.input_count; i++)
		if (intake_add(d->intake, d->options.inputs[i], &err) < 0)
			dnc_cli_die_io(&err);
	return any;
}

static void serve(struct daemon *d)
{
	static struct dnc_web_options web;
	struct dnc_error err;

	web = (struct dnc_web_options){.listen = d->options.listen,
		.listen_count = d->options.listen_count,
		.max_connections = d->options.max_connections,
		.allow_origin = d->options.origins,
		.allow_origin_count = d->options.origin_count,
		.by_the_book = d->options.by_the_book,
		.hub = d->hub,
		.metrics = add_metrics,
		.not_ready = not_ready,
		.ctx = d};
	d->web = dnc_web_new(&d->loop, &web, &err);
	if (!d->web)
		dnc_cli_die_io(&err);
	for (size_t i = 0; i < d->options.listen_count; i++)
		printf("%s\n", dnc_web_address(d->web, i));
	if (fflush(stdout) != 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to write standard output: %s", strerror(errno));
	dnc_note("no keys are configured: every client on this machine is admin");
}

int main(int argc, char **argv)
{
	static struct daemon d;
	bool any_input;

	options_read(&d.options, argc, argv);
	uv_loop_init(&d.loop);
	d.hub = dnc_hub_new(&(struct dnc_hub_options){.buffer_bytes = d.options.buffer_bytes,
		.max_lag = d.options.max_lag,
		.transport = dnc_web_transport});
	if (!d.hub || uv_async_init(&d.loop, &d.stop, on_stop) != 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	uv_timer_init(&d.loop, &d.drain);
	d.stop.data = d.drain.data = &d;
	stop_async = &d.stop;
	any_input = open_inputs(&d);
	serve(&d);
	if (!any_input)
		dnc_warn("no input: standard input is no pipe or file, and there is no --input");
	dnc_cli_on_stop(ask_to_stop, NULL);
	if (intake_start(d.intake) < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to start a thread");
	uv_run(&d.loop, UV_RUN_DEFAULT);
	/* Handles that were closed at the end still have to be let go. */
	for (int turns = 0; turns < 100 && uv_loop_alive(&d.loop); turns++)
		uv_run(&d.loop, UV_RUN_NOWAIT);
	uv_loop_close(&d.loop);
	dnc_hub_free(d.hub);
	dnc_buf_free(&d.batch);
	return dnc_cli_stopped_by() == SIGINT ? DNC_EXIT_INTERRUPTED : DNC_EXIT_OK;
}
