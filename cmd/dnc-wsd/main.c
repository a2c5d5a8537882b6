/* dnc-wsd - the hub: keeps the log and serves WebSocket clients. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "base/clock.h"
#include "cli/cli.h"
#include "intake.h"
#include "log/writer.h"
#include "metrics/metrics.h"
#include "daemon.h"

/* How often it is looked whether clients have caught up at the end, and how often the service manager
 * is told how things are. */
enum { DRAIN_STEP_MS = 20, STATUS_MS = 5000, SETTLE_MS = 2000 };

static void on_committed(uv_async_t *async)
{
	struct daemon *d = async->data;

	if (!d->workers[0].ended)
		daemon_take(d);
}

/* In a worker's thread. */
static void on_access(void *ctx, struct dnc_str json)
{
	struct daemon *d = ctx;

	if (d->writer) /* at the very end nobody writes any more */
		dnc_writer_note(d->writer, json);
}

/* A worker has looked at something new. In its thread. */
static void on_advanced(void *ctx)
{
	struct daemon *d = ctx;

	if (dnc_ring_wanted(d->ring))
		uv_async_send(&d->committed);
}

/* In the writer's thread. */
static void wake_committed(void *ctx)
{
	struct daemon *d = ctx;

	intake_committed(d->intake);
	uv_async_send(&d->committed);
}

static void finish(struct daemon *d)
{
	uv_timer_stop(&d->drain);
	uv_timer_stop(&d->status);
	for (unsigned i = d->options.workers; i-- > 0;)
		worker_end(&d->workers[i]);
	dnc_writer_settle(d->writer, SETTLE_MS); /* who has left is noted, too */
	dnc_writer_join(d->writer);
	d->input_failed = intake_failed(d->intake);
	intake_free(d->intake);
	dnc_writer_free(d->writer);
	d->writer = NULL;
	uv_close((uv_handle_t *)&d->drain, NULL);
	uv_close((uv_handle_t *)&d->status, NULL);
	uv_close((uv_handle_t *)&d->stop, NULL);
	uv_close((uv_handle_t *)&d->reload, NULL);
	uv_close((uv_handle_t *)&d->committed, NULL);
	uv_stop(&d->loop);
}

static void on_drain(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	bool late = dnc_clock_mono_ms() >= d->drain_until_ms;
	size_t left = 0;

	while (daemon_take(d))
		;
	if ((!intake_ended(d->intake) || d->taken < d->batch.count) && !late)
		return;
	for (unsigned i = 0; i < d->options.workers; i++) {
		size_t one = worker_drain(&d->workers[i], late);

		left = one > SIZE_MAX - left ? SIZE_MAX : left + one;
	}
	if (left == 0 || dnc_clock_mono_ms() >= d->drain_until_ms + 500)
		finish(d);
}

static void begin_drain(struct daemon *d)
{
	if (d->draining)
		return;
	d->draining = true;
	sd_notify(0, "STOPPING=1");
	d->drain_until_ms = dnc_clock_mono_ms() + d->options.grace_ms;
	intake_stop(d->intake);
	uv_timer_start(&d->drain, on_drain, 0, DRAIN_STEP_MS);
}

static void on_stop(uv_async_t *async)
{
	begin_drain(async->data);
}

static void on_input_ended(void *ctx)
{
	struct daemon *d = ctx;

	daemon_take(d);
	if (d->options.exit_on_eof)
		begin_drain(d);
}

static uv_async_t *stop_async;

/* In the signal handler: uv_async_send() is safe there. */
static void ask_to_stop(void *ctx)
{
	(void)ctx;
	uv_async_send(stop_async);
}

/* In the signal handler. */
static void on_hangup(void *ctx)
{
	struct daemon *d = ctx;

	intake_reopen(d->intake);
	uv_async_send(&d->reload);
}

/* Keys, roles, revoked tokens and the certificate are read again. */
static void on_reload(uv_async_t *async)
{
	struct daemon *d = async->data;
	struct dnc_error err;

	sd_notify(0, "RELOADING=1");
	if (dnc_auth_reload(d->auth, &err) < 0)
		dnc_err("%s; what was read before stays in force", err.message);
	else
		dnc_note("keys, roles and revoked tokens were read again");
	for (unsigned i = 0; i < d->options.workers; i++)
		worker_reload(&d->workers[i]);
	sd_notify(0, "READY=1");
}

/* Says how things are, and that the loop turns: sd_notify(3). */
static void on_status(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct dnc_error why;

	if (dnc_writer_failing(d->writer, &why))
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=The log can't be written: %s", why.message);
	else
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=%zu clients, %llu events in the log",
			dnc_shared_count(d->door), (unsigned long long)dnc_ring_last(d->ring));
}

static void open_log(struct daemon *d)
{
	struct dnc_error err;

	d->journal = dnc_journal_open(&d->options.journal, &err);
	if (!d->journal)
		dnc_cli_die_io(&err);
	d->writer = dnc_writer_new(d->journal, wake_committed, d);
	if (!d->writer)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	d->ring = dnc_ring_new(d->options.buffer_bytes, dnc_journal_last(d->journal));
	d->door = dnc_shared_new(&d->options.limits);
	d->workers = calloc(d->options.workers, sizeof *d->workers);
	if (!d->ring || !d->door || !d->workers)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
}

/* False when there are none. */
static bool open_inputs(struct daemon *d)
{
	struct dnc_error err;
	bool any = d->options.input_count > 0;

	d->intake = intake_new(&d->loop, d->options.rejects, d->writer, on_input_ended, d);
	if (!d->intake)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "out of memory");
	any |= intake_add_stdin(d->intake, &err);
	for (size_t i = 0; i < d->options.input_count; i++)
		if (intake_add(d->intake, d->options.inputs[i], &err) < 0)
			dnc_cli_die_io(&err);
	return any;
}

static void read_auth(struct daemon *d)
{
	struct dnc_error err;

	d->auth = dnc_auth_new(&d->options.auth, &err);
	if (!d->auth)
		dnc_cli_die(err.code == EACCES ? DNC_EXIT_NOPERM : dnc_cli_exit_code(err.code),
			"%s", err.message);
}

static void serve(struct daemon *d)
{
	const struct dnc_hub_options hub = {.ring = d->ring,
		.max_lag = d->options.max_lag,
		.journal = d->journal,
		.transport = dnc_web_transport};
	struct dnc_web_options web = {.listen = d->options.listen,
		.listen_count = d->options.listen_count,
		.door = d->door,
		.auth = d->auth,
		.tls_cert = d->options.tls_cert,
		.tls_key = d->options.tls_key,
		.trust_proxy = d->options.trust_proxy,
		.allow_origin = d->options.origins,
		.allow_origin_count = d->options.origin_count,
		.by_the_book = d->options.by_the_book,
		.compress = d->options.compress,
		.ring = d->ring,
		.writer = d->writer,
		.access_note = on_access,
		.advanced = on_advanced,
		.metrics = daemon_metrics,
		.not_ready = daemon_not_ready,
		.ctx = d};
	struct dnc_journal *past = d->options.journal.dir ? d->journal : NULL;
	struct dnc_error err;

	for (unsigned i = 0; i < d->options.workers; i++) {
		if (worker_open(&d->workers[i], i ? NULL : &d->loop, past, &hub, &web, &err) < 0)
			dnc_cli_die_io(&err);
		web.beside = d->workers[0].web;
	}
	for (size_t i = 0; *dnc_web_address(d->workers[0].web, i); i++)
		printf("%s\n", dnc_web_address(d->workers[0].web, i));
	if (fflush(stdout) != 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to write standard output: %s", strerror(errno));
	if (!d->options.auth.key_file_count)
		dnc_note("no keys are configured: every client on this machine is %s",
			d->options.auth.default_role);
}

static void open_loop(struct daemon *d)
{
	bool ok = uv_loop_init(&d->loop) == 0 && uv_async_init(&d->loop, &d->stop, on_stop) == 0 &&
	          uv_async_init(&d->loop, &d->reload, on_reload) == 0 &&
	          uv_async_init(&d->loop, &d->committed, on_committed) == 0;

	if (!ok)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to make an event loop");
	uv_timer_init(&d->loop, &d->drain);
	uv_timer_init(&d->loop, &d->status);
	d->stop.data = d->committed.data = d->reload.data = d->drain.data = d->status.data = d;
	stop_async = &d->stop;
}

static void start(struct daemon *d)
{
	uint64_t watchdog_us = 0;
	uint64_t every_ms = STATUS_MS;

	bool ok = dnc_writer_start(d->writer) == 0;

	for (unsigned i = 1; ok && i < d->options.workers; i++)
		ok = worker_start(&d->workers[i]) == 0;
	if (!ok || intake_start(d->intake) < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to start a thread");
	if (sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us / 2000 < every_ms)
		every_ms = watchdog_us / 2000;
	uv_timer_start(&d->status, on_status, 0, every_ms);
	sd_notify(0, "READY=1");
}

int main(int argc, char **argv)
{
	static struct daemon d;
	bool any_input;

	options_read(&d.options, argc, argv);
	if (sodium_init() < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "no random numbers");
	open_loop(&d);
	open_log(&d);
	any_input = open_inputs(&d);
	read_auth(&d);
	serve(&d);
	if (!any_input)
		dnc_warn("no input: standard input is no pipe or file, and there is no --input");
	dnc_cli_on_stop(ask_to_stop, NULL);
	dnc_cli_on_hangup(on_hangup, &d);
	start(&d);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	/* Handles that were closed at the end still have to be let go. */
	for (int turns = 0; turns < 100 && uv_loop_alive(&d.loop); turns++)
		uv_run(&d.loop, UV_RUN_NOWAIT);
	uv_loop_close(&d.loop);
	for (unsigned i = 0; i < d.options.workers; i++)
		worker_free(&d.workers[i]);
	free(d.workers);
	dnc_ring_free(d.ring);
	dnc_shared_free(d.door);
	dnc_auth_free(d.auth);
	dnc_journal_close(d.journal);
	dnc_batch_free(&d.batch);
	options_free(&d.options);
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	return d.input_failed ? DNC_EXIT_IO : DNC_EXIT_OK;
}
