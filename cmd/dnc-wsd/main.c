/* dnc-wsd - the hub: keeps the log and serves WebSocket clients. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "base/clock.h"
#include "cli/cli.h"
#include "hub/hub.h"
#include "intake.h"
#include "log/reader.h"
#include "log/writer.h"
#include "metrics/metrics.h"
#include "options.h"

/* How often it is looked whether clients have caught up at the end, and how often the service manager
 * is told how things are. */
enum { DRAIN_STEP_MS = 20, STATUS_MS = 5000 };

/* What one turn of the loop may frame and send: some milliseconds of work. */
enum { SLICE_BYTES = 4 << 20, SLICE_DELIVERIES = 400000 };

struct daemon {
	struct options options;
	uv_loop_t loop;
	struct dnc_journal *journal;
	struct dnc_writer *writer;
	struct dnc_reader *reader;
	struct dnc_hub *hub;
	struct dnc_web *web;
	struct intake *intake;
	struct dnc_batch batch;
	size_t taken; /* events of the batch that are framed */
	uv_async_t stop, committed, found;
	uv_timer_t drain, status;
	int64_t drain_until_ms;
	bool draining;
};

/* Frames and sends what the log has, a slice of it: what is left waits for the loop's next turn, so that
 * nobody waits long behind a large batch. */
static void take(struct daemon *d)
{
	/* All of it must still be in the ring when it is sent. */
	size_t bytes = 0, most = d->options.buffer_bytes / 4;

	if (most > SLICE_BYTES)
		most = SLICE_BYTES;
	if (d->taken == d->batch.count) {
		d->taken = 0;
		if (!dnc_writer_take(d->writer, &d->batch))
			return;
	}
	for (; d->taken < d->batch.count && bytes < most && dnc_hub_owed(d->hub) < SLICE_DELIVERIES;
		d->taken++) {
		const struct dnc_batch_event *e = &d->batch.events[d->taken];
		struct dnc_str line = dnc_piece_str(&d->batch, e->line);

		if (e->seq)
			dnc_hub_append(d->hub, line.p, line.n);
		bytes += line.n;
	}
	dnc_web_flush(d->web);
	uv_async_send(&d->committed); /* the rest, or the next batch */
}

/* At the end: all of it. */
static void take_all(struct daemon *d)
{
	do
		take(d);
	while (d->taken < d->batch.count);
}

static void on_committed(uv_async_t *async)
{
	take(async->data);
}

static void on_found(uv_async_t *async)
{
	struct daemon *d = async->data;

	dnc_reader_finish(d->reader);
	if (d->web)
		dnc_web_work(d->web);
}

/* In the writer's thread. */
static void wake_committed(void *ctx)
{
	struct daemon *d = ctx;

	intake_committed(d->intake);
	uv_async_send(&d->committed);
}

/* In the reader's thread. */
static void wake_found(void *ctx)
{
	uv_async_send(&((struct daemon *)ctx)->found);
}

static void finish(struct daemon *d)
{
	uv_timer_stop(&d->drain);
	uv_timer_stop(&d->status);
	intake_free(d->intake);
	dnc_writer_free(d->writer);
	dnc_web_free(d->web);
	d->web = NULL;
	dnc_reader_free(d->reader);
	uv_close((uv_handle_t *)&d->drain, NULL);
	uv_close((uv_handle_t *)&d->status, NULL);
	uv_close((uv_handle_t *)&d->stop, NULL);
	uv_close((uv_handle_t *)&d->committed, NULL);
	uv_close((uv_handle_t *)&d->found, NULL);
	uv_stop(&d->loop);
}

static void on_drain(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	bool late = dnc_clock_mono_ms() >= d->drain_until_ms;

	take_all(d);
	if (!intake_ended(d->intake) && !late)
		return;
	take_all(d);
	if (dnc_web_drain(d->web, late) == 0 || dnc_clock_mono_ms() >= d->drain_until_ms + 500)
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

	take(d);
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

static void on_hangup(void *ctx)
{
	intake_reopen(((struct daemon *)ctx)->intake);
}

/* Says how things are, and that the loop turns: sd_notify(3). */
static void on_status(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct dnc_hub_stats s = dnc_hub_stats(d->hub);
	struct dnc_error why;

	if (dnc_writer_failing(d->writer, &why))
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=The log can't be written: %s", why.message);
	else
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=%zu clients, %llu events in the log",
			s.subscribers, (unsigned long long)dnc_hub_last(d->hub));
}

static void add_metrics(void *ctx, struct dnc_buf *out)
{
	struct daemon *d = ctx;
	struct dnc_writer_stats s = dnc_writer_stats(d->writer);
	const struct dnc_metric metrics[] = {
		{"dnc_log_commits_total", "counter", "Commits to the log", NULL, (double)s.commits},
		{"dnc_log_commit_seconds_total", "counter", "Time that commits took", NULL,
			(double)s.commit_ns / 1e9},
		{"dnc_log_failures_total", "counter", "Commits that failed and were tried again",
			NULL, (double)s.failures},
		{"dnc_duplicates_total", "counter", "Events whose id was in the log already", NULL,
			(double)dnc_journal_duplicates(d->journal)},
	};

	dnc_metrics_text(out, metrics, sizeof metrics / sizeof metrics[0]);
	intake_metrics(d->intake, out);
}

static const char *not_ready(void *ctx)
{
	struct daemon *d = ctx;
	struct dnc_error why;

	if (dnc_writer_failing(d->writer, &why))
		return "log";
	/* Without a socket to come back by, input that has ended will not return. */
	return d->draining || (d->options.exit_on_eof && intake_ended(d->intake)) ? "input" : NULL;
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
	if (d->options.journal.dir &&
		!(d->reader = dnc_reader_new(d->journal, wake_found, d, &err)))
		dnc_cli_die_io(&err);
	d->hub = dnc_hub_new(&(struct dnc_hub_options){.buffer_bytes = d->options.buffer_bytes,
		.max_lag = d->options.max_lag,
		.journal = d->journal,
		.reader = d->reader,
		.transport = dnc_web_transport});
	if (!d->hub)
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
		.reader = d->reader,
		.metrics = add_metrics,
		.not_ready = not_ready,
		.ctx = d};
	d->web = dnc_web_new(&d->loop, &web, &err);
	if (!d->web)
		dnc_cli_die_io(&err);
	for (size_t i = 0; *dnc_web_address(d->web, i); i++)
		printf("%s\n", dnc_web_address(d->web, i));
	if (fflush(stdout) != 0)
		dnc_cli_die(DNC_EXIT_IO, "unable to write standard output: %s", strerror(errno));
	dnc_note("no keys are configured: every client on this machine is admin");
}

static void open_loop(struct daemon *d)
{
	bool ok = uv_loop_init(&d->loop) == 0 && uv_async_init(&d->loop, &d->stop, on_stop) == 0 &&
	          uv_async_init(&d->loop, &d->committed, on_committed) == 0 &&
	          uv_async_init(&d->loop, &d->found, on_found) == 0;

	if (!ok)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to make an event loop");
	uv_timer_init(&d->loop, &d->drain);
	uv_timer_init(&d->loop, &d->status);
	d->stop.data = d->committed.data = d->found.data = d->drain.data = d->status.data = d;
	stop_async = &d->stop;
}

static void start(struct daemon *d)
{
	uint64_t watchdog_us = 0;
	uint64_t every_ms = STATUS_MS;

	if (dnc_writer_start(d->writer) < 0 || intake_start(d->intake) < 0)
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
	dnc_hub_free(d.hub);
	dnc_journal_close(d.journal);
	dnc_batch_free(&d.batch);
	options_free(&d.options);
	return dnc_cli_stopped_by() == SIGINT ? DNC_EXIT_INTERRUPTED : DNC_EXIT_OK;
}
