/* dnc-ingest - turns what upstream systems send into canonical events. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/stage.h"
#include "event/event.h"
#include "options.h"
#include "run.h"

/* A share of rejects says nothing before so many records were seen. */
enum { SHARE_AFTER = 1000 };

/* What a stream's user is. */
struct reading {
	struct dnc_source *source;
	struct dnc_event_run *run; /* NULL when its records are live */
};

struct ingest {
	struct options options;
	struct dnc_event_reader *reader;
	struct dnc_stage stage;
	struct dnc_cli_progress progress;
	struct runs runs;
	uint64_t accepted;
	int64_t started_ns;
	struct dnc_stream *stream; /* the one whose line is under way */
	struct dnc_error err;      /* why the run ended early */
	bool too_many;
	enum dnc_exit refused;  /* what the refused streams end the run with, else DNC_EXIT_OK */
	unsigned failed_before; /* places that could not be read when the stream was opened */
	uint64_t refusals, results_before;
};

/* What became of records and files so far. */
static uint64_t results(const struct ingest *in)
{
	return in->accepted + in->stage.rejects.count + in->refusals;
}

/* Waits until the next event is due. Once asked to stop, what is in hand goes out at once. */
static int pace(struct ingest *in)
{
	int64_t due = in->started_ns + (int64_t)((double)in->accepted * 1e9 / in->options.rate);
	struct timespec t = {due / 1000000000, due % 1000000000};

	if (due <= dnc_clock_mono_ns() || dnc_cli_stopped_by())
		return 0;
	if (dnc_outlet_flush(in->stage.out, &in->err) < 0)
		return -1;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		if (dnc_cli_stopped_by())
			return 0;
	return 0;
}

static bool over_limit(const struct ingest *in)
{
	uint64_t seen = in->accepted + in->stage.rejects.count;

	if (in->stage.rejects.count > in->options.max_rejects)
		return true;
	return seen >= SHARE_AFTER &&
	       (double)in->stage.rejects.count > in->options.max_rejects_share * (double)seen;
}

static int on_reject(void *ctx, const struct dnc_record *r, const struct dnc_error *err)
{
	struct ingest *in = ctx;

	if (dnc_stage_reject(&in->stage, in->stream, r->line, r->item, r->raw, err, &in->err) < 0)
		return -1;
	in->too_many = over_limit(in);
	return in->too_many ? -1 : 0;
}

static int on_record(void *ctx, const struct dnc_record *r)
{
	struct ingest *in = ctx;
	const struct reading *reading = in->stream->user;
	struct dnc_error err;
	struct dnc_event event;

	dnc_event_reader_format(in->reader, dnc_source_format(reading->source));
	dnc_event_reader_place(in->reader, reading->run, r->line, r->item);
	if (dnc_event_normalize(in->reader, r->event.p, r->event.n, &event, &err) < 0)
		return on_reject(ctx, r, &err);
	if (in->options.rate > 0 && pace(in) < 0)
		return -1;
	in->accepted++;
	return dnc_outlet_line(in->stage.out, event.line.p, event.line.n, &in->err);
}

/* The others go on; the exit status tells. */
static int on_refuse(void *ctx, enum dnc_refusal kind, const char *why)
{
	struct ingest *in = ctx;

	dnc_err("%s %s", in->stream->name, why);
	in->refusals++;
	/* With nothing else to read, a pipe that goes on and on must not be read in silence. */
	if (in->options.stage.file_count + in->options.stage.input_count <= 1)
		dnc_input_stop(in->stage.input);
	if (in->refused != DNC_EXIT_IO)
		in->refused = kind == DNC_REFUSED_CONTENT ? DNC_EXIT_IO : DNC_EXIT_USAGE;
	return 0;
}

static void close_reading(struct reading *reading)
{
	dnc_source_free(reading->source);
	dnc_event_run_free(reading->run);
	free(reading);
}

static int on_open(void *ctx, struct dnc_stream *s)
{
	struct ingest *in = ctx;
	/* A producer's lines are rejected one by one: it is told what became of each. */
	const struct dnc_source_events events = {
		on_record, on_reject, s->acked ? NULL : on_refuse, in};
	struct reading *reading = calloc(1, sizeof *reading);

	if (!reading)
		return dnc_error_nomem(&in->err);
	if (runs_open(&in->runs, s, &reading->run) < 0) {
		close_reading(reading);
		return dnc_error_nomem(&in->err);
	}
	s->lone_cr = !s->acked;
	in->failed_before = in->stage.failed;
	in->results_before = results(in);
	reading->source = dnc_source_new(&in->options.source, &events, &in->err);
	if (!reading->source) {
		close_reading(reading);
		return -1;
	}
	s->user = reading;
	return 0;
}

static int on_line(void *ctx, struct dnc_stream *s, const struct dnc_line *line)
{
	struct ingest *in = ctx;

	in->stream = s;
	dnc_cli_progress(&in->progress, s->read_bytes, s->size_bytes);
	return dnc_source_line(((struct reading *)s->user)->source, line);
}

/* A file that was read to its end and gave nothing: no error, an export may well be empty, but told. */
static void tell_nothing(
	const struct ingest *in, const struct dnc_stream *s, const struct dnc_source *source)
{
	const char *nothing = dnc_source_nothing(source);

	if (in->failed_before != in->stage.failed)
		return;
	if (nothing)
		dnc_note("%s %s", s->name, nothing);
	else if (in->options.source.map && results(in) == in->results_before)
		dnc_note("%s gave no event: the map made none of its records", s->name);
}

static int on_close(void *ctx, struct dnc_stream *s)
{
	struct ingest *in = ctx;
	struct reading *reading = s->user;
	int rc;

	if (!reading)
		return 0;
	in->stream = s;
	rc = dnc_source_end(reading->source);
	if (rc == 0 && !s->acked && !s->cut_short)
		tell_nothing(in, s, reading->source);
	dnc_event_reader_place(in->reader, NULL, 0, 0);
	close_reading(reading);
	s->user = NULL;
	return rc;
}

static int on_idle(void *ctx)
{
	struct ingest *in = ctx;

	return dnc_outlet_flush(in->stage.out, &in->err);
}

static void load_map(struct options *o)
{
	struct dnc_error err;

	if (o->map && !(o->source.map = dnc_map_compile(o->map, &err)))
		dnc_cli_usage("--map: %s", err.message);
	if (o->map_file && !(o->source.map = dnc_map_compile_file(o->map_file, &err))) {
		if (err.code)
			dnc_cli_die(DNC_EXIT_IO, "--map-file: %s", err.message);
		dnc_cli_usage("--map-file: %s: %s", o->map_file, err.message);
	}
}

/* What was read goes on, and is waited for, whatever ended the reading. */
static int finish(struct ingest *in, int rc)
{
	dnc_cli_progress_end(&in->progress);
	if (rc < 0 && in->too_many) {
		dnc_err("stopped: %llu of %llu records rejected, more than --max-rejects allows; the %llu events "
			"before are published",
			(unsigned long long)in->stage.rejects.count,
			(unsigned long long)(in->accepted + in->stage.rejects.count),
			(unsigned long long)in->accepted);
		dnc_stage_finish(&in->stage, 0, NULL);
		return DNC_EXIT_SOME;
	}
	rc = dnc_stage_finish(&in->stage, rc, &in->err);
	if (rc)
		return rc;
	if (!dnc_stage_report(&in->stage) && in->stage.rejects.count)
		dnc_note("%llu events, %llu records rejected", (unsigned long long)in->accepted,
			(unsigned long long)in->stage.rejects.count);
	if (in->stage.failed)
		return DNC_EXIT_IO;
	if (in->refused)
		return (int)in->refused;
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (in->options.strict && dnc_stage_rejected(&in->stage))
		return DNC_EXIT_SOME;
	/* A wrong file, or a wrong format. Of a service a stop after nothing but rejects says nothing. */
	if (in->accepted || !in->stage.rejects.count || in->options.stage.input_count)
		return DNC_EXIT_OK;
	dnc_err("no record became an event: see the rejects, and --format");
	return DNC_EXIT_SOME;
}

int main(int argc, char **argv)
{
	static struct ingest in;
	const struct dnc_input_events events = {
		.open = on_open, .line = on_line, .close = on_close, .idle = on_idle, .ctx = &in};
	int rc;

	options_read(&in.options, argc, argv);
	load_map(&in.options);
	in.runs.given = in.options.run;
	in.reader = dnc_event_reader_new(&(struct dnc_event_options){
		.region = in.options.source.region, .strict_phone = in.options.strict_phone});
	if (!in.reader)
		dnc_cli_die_nomem();
	dnc_stage_open(&in.stage, &in.options.stage, in.options.source.max_record, &events);
	dnc_cli_progress_start(&in.progress, dnc_cli_quiet());
	in.started_ns = dnc_clock_mono_ns();
	rc = finish(&in, dnc_input_run(in.stage.input));
	dnc_stage_close(&in.stage);
	dnc_event_reader_free(in.reader);
	dnc_map_free(in.options.source.map);
	runs_finish(&in.runs);
	return rc;
}
