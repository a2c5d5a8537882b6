/* dnc-ingest - converts records of upstream systems to canonical events. */
#include <signal.h>
#include "base/clock.h"
#include "compare.h"
#include "mapping.h"
#include "reading.h"
#include "watch.h"

/* Says what became of the records, unless all of them are events in a pipe. */
static void report(const struct ingest *in)
{
	if (!dnc_stage_report(&in->stage) && in->stage.rejects.count)
		dnc_note("%llu events, %llu records rejected", (unsigned long long)in->accepted,
			(unsigned long long)in->stage.rejects.count);
	if (in->dropped)
		dnc_note("%llu record%s no event by a rule of the format, such as HELP",
			(unsigned long long)in->dropped, in->dropped == 1 ? " is" : "s are");
}

/* Writes what is left and waits for its acknowledgement, whatever ended the run. */
static int finish(struct ingest *in, int rc)
{
	dnc_cli_progress_end(&in->progress);
	if (rc < 0 && in->too_many) {
		dnc_err("stopped: %llu of %llu records were rejected, more than --max-rejects allows; the "
			"%llu events before that are published",
			(unsigned long long)in->stage.rejects.count,
			(unsigned long long)(in->accepted + in->stage.rejects.count),
			(unsigned long long)in->accepted);
		dnc_stage_finish(&in->stage, 0, NULL);
		return DNC_EXIT_SOME;
	}
	rc = dnc_stage_finish(&in->stage, rc, &in->err);
	if (rc)
		return rc;
	report(in);
	if (in->stage.failed)
		return DNC_EXIT_IO;
	if (in->refused)
		return (int)in->refused;
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (in->options.strict && dnc_stage_rejected(&in->stage))
		return DNC_EXIT_SOME;
	/* Only rejects: a wrong file or a wrong format. For a service this is not an error. */
	if (in->accepted || !in->stage.rejects.count || in->options.stage.input_count)
		return DNC_EXIT_OK;
	dnc_err("no record became an event; see the rejects and --format");
	return DNC_EXIT_SOME;
}

int main(int argc, char **argv)
{
	static struct ingest in;
	const struct dnc_input_events events = {.open = reading_open,
		.line = reading_line,
		.close = reading_close,
		.idle = reading_idle,
		.ctx = &in};
	int rc;

	options_read(&in.options, argc, argv);
	mapping_start(&in, reading_accept, reading_reject);
	in.runs.given = in.options.run;
	in.reader = dnc_event_reader_new(&(struct dnc_event_options){
		.region = in.options.source.region, .strict_phone = in.options.strict_phone});
	if (!in.reader)
		dnc_cli_die_nomem();
	dnc_stage_open(&in.stage, &in.options.stage, in.options.source.max_record, &events);
	dnc_input_unpack(
		in.stage.input, &(struct dnc_unpack_options){.max_bytes = in.options.max_unpacked,
					.encoding = (enum dnc_encoding)in.options.encoding});
	dnc_cli_progress_start(&in.progress, dnc_cli_quiet());
	in.started_ns = dnc_clock_mono_ns();
	rc = in.options.watch     ? watch(&in)
	     : in.options.against ? compare_run(&in)
	                          : finish(&in, dnc_input_run(in.stage.input));
	dnc_stage_close(&in.stage);
	dnc_event_reader_free(in.reader);
	mapping_finish(&in);
	runs_finish(&in.runs);
	return rc;
}
