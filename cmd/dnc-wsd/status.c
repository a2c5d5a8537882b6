/* status.c - what the daemon reports: metrics, readiness, and to the service manager. */
#include <systemd/sd-daemon.h>
#include "base/clock.h"
#include "daemon.h"
#include "metrics/metrics.h"

enum { STATUS_MS = 5000 };

static void log_metrics(const struct dnc_journal_stats *log, struct dnc_buf *out)
{
	const struct dnc_metric metrics[] = {
		{"dnc_log_bytes", "gauge", "Size of the log's database", NULL, (double)log->bytes},
		{"dnc_log_free_bytes", "gauge", "Free pages in the database", NULL,
			(double)log->free_bytes},
		{"dnc_log_wal_bytes", "gauge", "Size of the log's WAL", NULL,
			(double)log->wal_bytes},
		{"dnc_log_wal_reset_blocked", "gauge",
			"1 while a reader keeps the WAL from being reset", NULL, log->wal_held},
		{"dnc_log_reserve_bytes", "gauge", "Size of the reserve file", NULL,
			(double)log->reserve_bytes},
		{"dnc_log_disk_free_bytes", "gauge",
			"Free space of the log's file system; 0 if it is not known", NULL,
			(double)log->disk_free_bytes},
		{"dnc_log_pruned_total", "counter", "Events removed by --retain", NULL,
			(double)log->pruned},
		{"dnc_log_clock_ahead_seconds", "gauge",
			"How far the clock is ahead of the time that has passed", NULL,
			(double)log->clock_ahead_ms / 1e3},
		{"dnc_log_checkpoints_total", "counter",
			"Times that the whole WAL was copied into the database", NULL,
			(double)log->checkpoints},
		{"dnc_log_lag_events", "gauge",
			"Events that a shared log has and this hub has not read yet", NULL,
			(double)log->lag_events},
		{"dnc_log_rows_read_total", "counter",
			"Events that this hub has read from a shared log, to follow it and for clients",
			NULL, (double)log->rows_read},
		{"dnc_log_standby_rows_read_total", "counter",
			"Of these, those that came from a standby of --log-standby", NULL,
			(double)log->standby_rows_read},
		{"dnc_log_commits_repeated_total", "counter",
			"Commits to a shared log that were repeated, because it was not known whether "
			"they had succeeded",
			NULL, (double)log->commits_repeated},
		{"dnc_log_reconnects_total", "counter",
			"Connections to a shared log that were lost and made again", NULL,
			(double)log->reconnects},
		{"dnc_log_revoked_tokens", "gauge", "Tokens that a shared log revokes", NULL,
			(double)log->revoked},
		{"dnc_log_failovers_total", "counter",
			"Changes and starts of the shared log's server after which this hub went on",
			NULL, (double)log->failovers},
	};

	dnc_metrics_text(out, metrics, sizeof metrics / sizeof metrics[0]);
}

void daemon_metrics(void *ctx, struct dnc_buf *out)
{
	struct daemon *d = ctx;
	struct dnc_writer_stats s = dnc_writer_stats(d->writer);
	const struct dnc_journal_stats log = dnc_journal_stats(d->journal);
	const struct dnc_metric metrics[] = {
		{"dnc_events_total", "counter", "Events written to the log", NULL,
			(double)d->pump.events},
		{"dnc_event_bytes_total", "counter", "Bytes of these events", NULL,
			(double)d->pump.event_bytes},
		{"dnc_log_failures_total", "counter", "Commits that failed and were retried", NULL,
			(double)s.failures},
		{"dnc_audit_lost_total", "counter",
			"Audit records that could not be added to the log", NULL,
			(double)s.lost_records},
		{"dnc_log_queue_events", "gauge", "Events that wait to be committed to the log",
			NULL, (double)s.waiting_events},
		{"dnc_log_queue_bytes", "gauge", "Bytes of these events", NULL,
			(double)s.waiting_bytes},
		{"dnc_newest_event_timestamp_seconds", "gauge",
			"When the newest event was logged, in seconds since 1970; 0 if there is none",
			NULL, (double)log.newest_ms / 1e3},
		{"dnc_duplicates_total", "counter", "Duplicates: events that the log already had",
			NULL, (double)dnc_journal_duplicates(d->journal)},
		{"dnc_id_conflicts_total", "counter",
			"Events that were rejected because another event in the log has their id",
			NULL, (double)dnc_journal_conflicts(d->journal)},
		{"dnc_reload_failed", "gauge",
			"1 after a reload that failed: what was read before it is in use", NULL,
			d->reload.failed},
		{"dnc_ready", "gauge", "1 while no check of /readyz fails, but for draining", NULL,
			!daemon_not_ready(d)},
	};

	dnc_metrics_text(out, metrics, sizeof metrics / sizeof metrics[0]);
	log_metrics(&log, out);
	dnc_metrics_histogram(
		out, "dnc_log_commit_seconds", "Duration of a commit to the log", &s.commit);
	dnc_providers_metrics(dnc_journal_providers(d->journal), dnc_clock_now_ms(), out);
	dnc_intake_metrics(d->intake, out);
}

void daemon_stats(void *ctx, struct dnc_web_stats *out)
{
	struct daemon *d = ctx;
	struct dnc_writer_stats writer = dnc_writer_stats(d->writer);
	struct dnc_journal_stats log = dnc_journal_stats(d->journal);

	*out = (struct dnc_web_stats){.events = d->pump.events,
		.duplicates = dnc_journal_duplicates(d->journal),
		.conflicts = dnc_journal_conflicts(d->journal),
		.newest_ms = log.newest_ms,
		.waiting_events = writer.waiting_events,
		.waiting_bytes = writer.waiting_bytes,
		.accepted = dnc_intake_accepted(d->intake),
		.rejected = dnc_intake_rejected(d->intake),
		.log_bytes = log.bytes,
		.log_free_bytes = log.free_bytes,
		.log_wal_bytes = log.wal_bytes,
		.log_failures = writer.failures,
		.disk_free_bytes = log.disk_free_bytes,
		.commit = writer.commit};
}

const char *daemon_not_ready(void *ctx)
{
	struct daemon *d = ctx;
	struct dnc_error why;

	const char *intake = dnc_intake_not_ready(d->intake);

	if (dnc_writer_failing(d->writer, &why))
		return "log";
	if (intake)
		return intake;
	if (dnc_journal_stats(d->journal).clock_held)
		return "clock";
	/* With --exit-on-eof, input that has ended does not come again. */
	return d->options.exit_on_eof && dnc_intake_ended(d->intake) ? "input" : NULL;
}

/* Sends the status, and the watchdog's sign that the loop runs: sd_notify(3). */
static void on_status(uv_timer_t *timer)
{
	struct daemon *d = timer->data;
	struct dnc_error why;

	dnc_hubs_count(dnc_journal_hubs(d->journal), dnc_shared_count(d->shared));
	if (dnc_writer_failing(d->writer, &why))
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=The log can't be written: %s", why.message);
	else if (d->reload.failed)
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=The last reload failed: %s",
			d->reload.fault.message);
	else
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=%zu clients, %llu events in the log",
			dnc_shared_count(d->shared), (unsigned long long)dnc_ring_last(d->ring));
}

void daemon_start_status(struct daemon *d)
{
	uint64_t watchdog_us = 0, every_ms = STATUS_MS;

	if (sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us / 2000 < every_ms)
		every_ms = watchdog_us / 2000;
	uv_timer_start(&d->status, on_status, 0, every_ms);
	sd_notify(0, "READY=1");
}
