/* dnc-emit - publishes events, for cron and scripts. */
#include <signal.h>
#include <stdio.h>
#include "cli/cli.h"
#include "emission.h"
#include "fields.h"
#include "lines.h"
#include "spool.h"

/* Reads the event of the arguments. */
static void read_arguments(struct emission *e)
{
	struct dnc_event_reader *reader =
		dnc_event_reader_new(&(struct dnc_event_options){.source_format = "emit"});
	struct dnc_buf raw = {0};
	struct dnc_event event;
	struct dnc_error err;

	if (!reader)
		dnc_cli_die_nomem();
	fields_write(&e->options, &raw);
	if (dnc_event_normalize(reader, raw.p, raw.n, &event, &err) < 0) {
		if (err.code == DNC_ERROR_NO_MEMORY)
			dnc_cli_die_nomem();
		dnc_cli_usage("%s: %s", dnc_reject_name((enum dnc_reject)err.code), err.message);
	}
	if (!batch_add(&e->batch, &event, 0, 0))
		dnc_cli_die_nomem();
	dnc_event_reader_free(reader);
	dnc_buf_free(&raw);
}

static void read_lines(struct emission *e)
{
	struct dnc_error err;

	if (dnc_rejects_open(&e->rejects, e->options.rejects, &err) < 0)
		dnc_cli_die(err.code == EIO ? DNC_EXIT_IO : DNC_EXIT_USAGE, "--rejects: %s",
			err.message);
	lines_read(e);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Writes the events that nobody took to the spool. Returns false if they are in neither. */
static bool spool_rest(struct emission *e)
{
	size_t first = batch_rest(&e->batch), count = e->batch.count - first;
	struct dnc_error err;

	if (!e->options.spool || e->refused)
		return false;
	if (spool_write(e->options.spool, batch_lines(&e->batch, first, count), &err) < 0) {
		dnc_err("%s", e->why);
		emission_fail(e, DNC_EXIT_IO, "%s; %zu event%s not published", err.message, count,
			count == 1 ? " was" : "s were");
		return false;
	}
	for (size_t i = first; i < e->batch.count; i++)
		e->batch.items[i].fate = FATE_SPOOLED;
	dnc_log(e->sender || e->cut ? DNC_ERR : DNC_NOTE, "%s; %zu event%s written to %s instead",
		e->why, count, count == 1 ? " was" : "s were", e->options.spool);
	return true;
}

static enum dnc_exit send_all(struct emission *e)
{
	if (e->cut)
		return emission_stopped(e);
	return e->options.url ? send_by_http(e) : send_by_socket(e);
}

/* Sends the events, or spools them, also when a signal asks to stop. Returns an exit code: DNC_EXIT_OK if each was answered or
 * is in the spool, unless the next call will fail in the same way, or not all events were read. */
static enum dnc_exit deliver(struct emission *e)
{
	size_t rest;

	if ((!e->batch.count && !e->cut) || send_all(e) == DNC_EXIT_OK)
		return DNC_EXIT_OK;
	if (!e->batch.count) {
		dnc_err("%s; no event was read before", e->why);
		return dnc_cli_stopped_by() == SIGINT ? DNC_EXIT_INTERRUPTED : e->rc;
	}
	if (spool_rest(e))
		return e->sender                        ? e->rc
		       : dnc_cli_stopped_by() == SIGINT ? DNC_EXIT_INTERRUPTED
		       : e->cut                         ? e->rc
		                                        : DNC_EXIT_OK;
	rest = e->batch.count - batch_rest(&e->batch);
	if (e->options.lines)
		dnc_err("%s; %zu event%s from line %llu on %s not published", e->why, rest,
			plural(rest),
			(unsigned long long)e->batch.items[batch_rest(&e->batch)].line,
			rest == 1 ? "is" : "are");
	else
		dnc_err("%s%s", e->why,
			e->options.spool && e->refused ? "; the event is not in the spool" : "");
	return e->rc;
}

/* A job that succeeds says nothing. */
static void report(const struct emission *e)
{
	size_t logged = batch_count(&e->batch, FATE_LOGGED);
	size_t rejected = batch_count(&e->batch, FATE_REJECTED) + e->unreadable;

	if (e->unclear)
		dnc_note(
			"%s acknowledged together with others, some of which were duplicates, rejected "
			"or dropped: it is not known whether %s in the log",
			e->options.lines ? "lines were" : "the event was",
			e->options.lines ? "all are new" : "this event is new");
	if (!e->options.lines && e->duplicates)
		dnc_note("the log already has this event");
	else if (e->options.lines && (e->duplicates || rejected))
		dnc_note("%zu event%s: %zu new, %llu duplicates, %zu rejected, %zu spooled",
			e->batch.count + e->unreadable, plural(e->batch.count + e->unreadable),
			logged > e->duplicates ? logged - (size_t)e->duplicates : 0,
			(unsigned long long)e->duplicates, rejected,
			batch_count(&e->batch, FATE_SPOOLED));
}

static void print_ids(const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].fate == FATE_LOGGED || b->items[i].fate == FATE_SPOOLED)
			printf("%.*s\n", DNC_STR_ARG(batch_id(b, &b->items[i])));
	dnc_cli_flush_stdout();
}

int main(int argc, char **argv)
{
	struct emission e = {.stop_fd = -1};
	enum dnc_exit rc;

	options_read(&e.options, argc, argv);
	if (e.options.spool)
		emission_survive_signals(&e);
	if (e.options.lines)
		read_lines(&e);
	else
		read_arguments(&e);
	rc = deliver(&e);
	report(&e);
	print_ids(&e.batch);
	if (rc == DNC_EXIT_OK && e.reject_lost)
		rc = DNC_EXIT_IO;
	else if (rc == DNC_EXIT_OK && e.unreadable && !e.batch.count)
		rc = DNC_EXIT_USAGE;
	else if (rc == DNC_EXIT_OK && (e.unreadable || batch_count(&e.batch, FATE_REJECTED)))
		rc = DNC_EXIT_SOME;
	if (e.options.lines)
		dnc_rejects_close(&e.rejects);
	batch_free(&e.batch);
	return (int)rc;
}
