/* loop.c - the main thread's event loop: what wakes it, and the end. */
#include <inttypes.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include "base/log.h"
#include "cli/cli.h"
#include "daemon.h"

/* How long the last audit records may take to reach the log. */
enum { AUDIT_WAIT_MS = 2000 };
/* How long the end waits until the hubs that share the log know of it. */
enum { LEAVE_WAIT_MS = 500 };

void daemon_audit(void *ctx, struct dnc_str json)
{
	struct daemon *d = ctx;

	if (d->writer) /* NULL after the last client has been closed */
		dnc_writer_audit(d->writer, json);
}

void daemon_advanced(void *ctx)
{
	struct daemon *d = ctx;

	if (dnc_ring_wanted(d->ring))
		uv_async_send(&d->committed);
}

void daemon_committed(void *ctx)
{
	struct daemon *d = ctx;

	revocations_take(d);
	dnc_intake_committed(d->intake);
	uv_async_send(&d->committed);
}

static void release_ring(void *ctx)
{
	struct daemon *d = ctx;

	dnc_hub_release_ring(d->workers[0].hub);
}

static void wake_workers(void *ctx)
{
	struct daemon *d = ctx;

	for (unsigned i = 1; i < d->options.workers; i++)
		dnc_worker_wake(&d->workers[i]);
}

static void flush_workers(struct daemon *d)
{
	wake_workers(d);
	dnc_web_flush(d->workers[0].web);
}

static void deliver(void *ctx)
{
	struct daemon *d = ctx;

	flush_workers(d);
	uv_async_send(&d->committed); /* the rest of the batch, or the next one */
}

/* Nothing is left to do: closes everything, so that the loop ends. */
static void on_drained(void *ctx)
{
	struct daemon *d = ctx;

	dnc_cli_release_signals();
	uv_timer_stop(&d->status);
	for (unsigned i = d->options.workers; i-- > 0;)
		dnc_worker_end(&d->workers[i]);
	dnc_writer_drain_for(
		d->writer, AUDIT_WAIT_MS); /* the records of clients that were just closed */
	dnc_hubs_wait(dnc_journal_hubs(d->journal), LEAVE_WAIT_MS);
	dnc_writer_join(d->writer);
	dnc_intake_join(d->intake);
	d->input_failed = dnc_intake_failed(d->intake);
	d->unlogged = dnc_intake_lost(d->intake) || dnc_writer_lost(d->writer);
	dnc_intake_free(d->intake);
	dnc_writer_free(d->writer);
	d->writer = NULL;
	dnc_drain_close(&d->drain);
	uv_close((uv_handle_t *)&d->status, NULL);
	uv_close((uv_handle_t *)&d->stop, NULL);
	reload_close(&d->reload);
	uv_close((uv_handle_t *)&d->committed, NULL);
	uv_stop(&d->loop);
}

/* BEGIN: dnc_drain_begin() or dnc_drain_cut(). */
static void begin_drain(struct daemon *d, bool (*begin)(struct dnc_drain *d))
{
	d->drain.intake = d->intake;
	d->drain.workers = d->workers;
	if (!begin(&d->drain))
		return;
	dnc_writer_leave(d->writer);
	sd_notify(0, "STOPPING=1");
}

static void on_stop(uv_async_t *async)
{
	begin_drain(async->data, dnc_drain_begin);
}

/* The log has lost what clients were sent. Neither the ring nor they can forget it: they come back to the next start with the
 * position that they have, and are told the gap. */
static void end_lost(struct daemon *d, uint64_t from, uint64_t to)
{
	d->lost = true;
	dnc_err("events %" PRIu64 " to %" PRIu64
		" are not in the log any more, and this hub has read them, or was about to: the log's "
		"server lost or removed them, or another one took over without them; all clients are "
		"closed, and the hub ends: start it again, so that it tells them the gap",
		from, to);
	begin_drain(d, dnc_drain_cut);
}

static void on_committed(uv_async_t *async)
{
	struct daemon *d = async->data;
	uint64_t changes = dnc_journal_epoch_changes(d->journal), from, to;

	if (d->workers[0].ended)
		return;
	if (!d->lost && dnc_journal_lost(d->journal, &from, &to))
		end_lost(d, from, to);
	if (d->lost)
		return;
	revocations_tell(d);
	if (changes != d->epoch_changes)
		flush_workers(d);
	d->epoch_changes = changes;
	dnc_pump_run(&d->pump);
}

void daemon_input_ended(void *ctx)
{
	struct daemon *d = ctx;

	if (!d->lost)
		dnc_pump_run(&d->pump);
	if (d->options.exit_on_eof)
		begin_drain(d, dnc_drain_begin);
}

/* In the signal handler: uv_async_send() is safe there. */
static void ask_to_stop(void *ctx)
{
	uv_async_send(&((struct daemon *)ctx)->stop);
}

/* In the signal handler. */
static void on_hangup(void *ctx)
{
	struct daemon *d = ctx;

	dnc_intake_reopen(d->intake);
	reload_ask(&d->reload);
}

static void mask_hangup(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(how, &set, NULL);
}

void daemon_hold_hangup(void)
{
	mask_hangup(SIG_BLOCK);
}

void daemon_handle_signals(struct daemon *d)
{
	dnc_cli_on_stop(ask_to_stop, d);
	dnc_cli_on_hangup(on_hangup, d);
	mask_hangup(SIG_UNBLOCK);
}

void daemon_open_loop(struct daemon *d)
{
	bool ok = uv_loop_init(&d->loop) == 0 && uv_async_init(&d->loop, &d->stop, on_stop) == 0 &&
	          reload_init(&d->reload, d) == 0 &&
	          uv_async_init(&d->loop, &d->committed, on_committed) == 0;

	if (!ok)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to make an event loop");
	uv_timer_init(&d->loop, &d->status);
	d->stop.data = d->committed.data = d->status.data = d;
	d->pump.release = release_ring;
	d->pump.blocked = wake_workers;
	d->pump.appended = deliver;
	d->pump.ctx = d;
	d->drain.pump = &d->pump;
	d->drain.worker_count = d->options.workers;
	d->drain.grace_ms = d->options.grace_ms;
	d->drain.finished = on_drained;
	d->drain.ctx = d;
	dnc_drain_init(&d->drain, &d->loop);
}

int daemon_exit_status(const struct daemon *d)
{
	if (d->lost)
		return DNC_EXIT_TEMPFAIL;
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (d->input_failed)
		return DNC_EXIT_IO;
	return d->unlogged ? DNC_EXIT_TEMPFAIL : DNC_EXIT_OK;
}

void daemon_run_loop(struct daemon *d)
{
	uv_run(&d->loop, UV_RUN_DEFAULT);
	/* The handles that were closed last still have their callbacks to run. */
	for (int turns = 0; turns < 100 && uv_loop_alive(&d->loop); turns++)
		uv_run(&d->loop, UV_RUN_NOWAIT);
	uv_loop_close(&d->loop);
}
