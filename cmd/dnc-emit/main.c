/* dnc-emit - publishes one event, for cron and scripts. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include "base/file.h"
#include "cli/cli.h"
#include "event/event.h"
#include "fields.h"
#include "link/link.h"
#include "options.h"

/* Writes a file of its own for dnc-ingest to read later. Its name ends in .ndjson only once it is complete. */
static void write_spool(const char *dir, struct dnc_str id, struct dnc_str event)
{
	struct dnc_buf line = {0};
	struct dnc_error err;
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%.*s.ndjson", dir, DNC_STR_ARG(id)) >= (int)sizeof path)
		dnc_cli_usage("--spool: %s: the path is too long", dir);
	dnc_buf_str(&line, event);
	dnc_buf_chr(&line, '\n');
	if (!dnc_buf_ok(&line))
		dnc_cli_die_nomem();
	if (dnc_file_replace(path, 0640, dnc_buf_view(&line), &err) < 0)
		dnc_cli_die(DNC_EXIT_IO, "%s", err.message);
	dnc_buf_free(&line);
}

/* What became of the event, as the reader acknowledged it. Returns an exit code; ERR says why it is not 0. */
static enum dnc_exit judge(const struct dnc_outlet *out, struct dnc_error *err)
{
	struct dnc_outcome outcome = dnc_outlet_outcome(out);

	if (outcome.unclear) {
		dnc_note("the event was acknowledged together with others, some of which were "
			 "duplicates, rejected or dropped: it is not known whether this event is "
			 "new in the log");
		return DNC_EXIT_OK;
	}
	if (outcome.rejected) {
		dnc_error_set(err, 0,
			"rejected: the log has another event with this id, or a stage before the "
			"hub rejected this one; see the rejects of that stage");
		return DNC_EXIT_SOME;
	}
	if (outcome.dropped) {
		dnc_error_set(err, 0,
			"dropped by a rule of a stage before the hub: the event is not in the log");
		return DNC_EXIT_SOME;
	}
	if (outcome.duplicates)
		dnc_note("the log already has this event");
	return DNC_EXIT_OK;
}

/* Sends the event and waits for its acknowledgement. Returns an exit code; ERR says why it is not 0. */
static enum dnc_exit publish(const struct options *o, struct dnc_str event, struct dnc_error *err)
{
	char address[4200];
	struct dnc_outlet *out;
	enum dnc_exit rc = DNC_EXIT_OK;

	if (snprintf(address, sizeof address, "unix:%s", o->socket) >= (int)sizeof address)
		dnc_cli_usage("--socket: the path is too long");
	out = dnc_outlet_open(address, o->timeout_ms, err);
	if (!out)
		dnc_cli_usage("--socket: %s", err->message);
	if (dnc_outlet_line(out, event.p, event.n, err) < 0)
		rc = DNC_EXIT_TEMPFAIL;
	else if (dnc_outlet_finish(out, o->timeout_ms, err) < 0)
		rc = err->code == EAGAIN ? DNC_EXIT_TEMPFAIL : DNC_EXIT_UNAVAILABLE;
	else
		rc = judge(out, err);
	dnc_outlet_free(out);
	return rc;
}

/* Publishes the event or writes it to the spool, and prints its id. Returns an exit code. */
static enum dnc_exit emit(const struct options *o, const struct dnc_event *event)
{
	struct dnc_error err;
	enum dnc_exit rc = publish(o, event->line, &err);

	if (rc != DNC_EXIT_OK && rc != DNC_EXIT_SOME && o->spool) {
		write_spool(o->spool, event->id, event->line);
		dnc_note("%s; the event was written to %s instead", err.message, o->spool);
		rc = DNC_EXIT_OK;
	}
	if (rc != DNC_EXIT_OK) {
		dnc_err("%s", err.message);
		return rc;
	}
	printf("%.*s\n", DNC_STR_ARG(event->id));
	dnc_cli_flush_stdout();
	return DNC_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options o;
	struct dnc_event_reader *reader;
	struct dnc_buf raw = {0};
	struct dnc_event event;
	struct dnc_error err;
	enum dnc_exit rc;

	options_read(&o, argc, argv);
	reader = dnc_event_reader_new(&(struct dnc_event_options){.source_format = "emit"});
	if (!reader)
		dnc_cli_die_nomem();
	fields_write(&o, &raw);
	if (dnc_event_normalize(reader, raw.p, raw.n, &event, &err) < 0) {
		if (err.code == DNC_ERROR_NO_MEMORY)
			dnc_cli_die_nomem();
		dnc_cli_usage("%s: %s", dnc_reject_name((enum dnc_reject)err.code), err.message);
	}
	rc = emit(&o, &event);
	dnc_event_reader_free(reader);
	dnc_buf_free(&raw);
	return (int)rc;
}
