#include "run.h"
#include <signal.h>
#include <stdio.h>
#include "base/clock.h"

static struct dnc_input_events events_of(struct ingest *in)
{
	return (struct dnc_input_events){.open = reading_open,
		.line = reading_line,
		.close = reading_close,
		.idle = reading_idle,
		.ctx = in};
}

static void unpack(struct ingest *in)
{
	const struct options *o = &in->options;

	dnc_input_unpack(in->stage.input, &(struct dnc_unpack_options){.max_bytes = o->max_unpacked,
						  .encoding = (enum dnc_encoding)o->encoding});
}

void run_begin(struct ingest *in, const struct options *options, struct dnc_event_reader *reader)
{
	struct dnc_input_events events;

	*in = (struct ingest){
		.options = *options, .reader = reader, .identities = {.given = options->run}};
	summary_begin(in);
	events = events_of(in);
	dnc_stage_open(&in->stage, &options->stage, options->source.max_record, &events);
	unpack(in);
	dnc_cli_progress_start(&in->progress, dnc_cli_quiet());
	in->started_ns = dnc_clock_mono_ns();
}

/* The files are good: they are read again, to be published. */
static int read_again(struct ingest *in)
{
	const struct dnc_input_events events = events_of(in);

	in->check.again = true;
	in->check.rejects = in->tally.rejected;
	in->check.refusals = in->refusals;
	in->accepted = 0;
	in->tally = (struct tally){0};
	order_finish(&in->order);
	identity_finish(&in->identities);
	in->identities = (struct identities){.given = in->options.run};
	summary_restart(&in->summary);
	dnc_stage_again(&in->stage, &in->options.stage, in->options.source.max_record, &events);
	unpack(in);
	return dnc_cli_stopped_by() ? 0 : dnc_input_run(in->stage.input);
}

static int read_inputs(struct ingest *in)
{
	bool twice;
	int rc;

	check_begin(in);
	twice = in->check.checking;
	rc = dnc_input_run(in->stage.input);
	if (rc == 0)
		rc = check_end(in);
	if (rc == 0 && twice && in->check.unordered && !dnc_cli_stopped_by())
		rc = read_again(in);
	dnc_buf_free(&in->check.held);
	return rc;
}

int run_read(struct ingest *in)
{
	int rc = read_inputs(in);

	in->stopped_by = dnc_cli_stopped_by();
	if (rc == 0 && !in->stopped_by)
		rc = order_publish(in);
	in->tally.withheld = in->accepted - in->published;
	return rc;
}

/* The next run publishes them in their order. */
static void report_withheld(const struct ingest *in)
{
	if (in->tally.withheld && !in->too_many)
		dnc_warn("%llu events are not published: read the files again",
			(unsigned long long)in->tally.withheld);
}

static void report_too_many(const struct ingest *in)
{
	char published[64] = "nothing was published";

	if (in->published)
		snprintf(published, sizeof published, "%llu events before that are published",
			(unsigned long long)in->published);
	dnc_err("stopped: %llu of %llu records were rejected, more than --max-rejects allows; %s",
		(unsigned long long)in->stage.rejects.count,
		(unsigned long long)(in->accepted + in->stage.rejects.count), published);
}

/* With a summary the events before an error are published as far as possible, because it counts them. */
static void deliver_rest(struct ingest *in)
{
	in->output_failed = in->output_failed || !in->err.message[0] ||
	                    dnc_stage_finish(&in->stage, 0, NULL) != DNC_EXIT_OK;
}

/* Writes what is left and waits for its acknowledgement, whatever ended the run. Sets in->output_failed if that fails. */
static int settle(struct ingest *in, int rc)
{
	bool early = rc < 0;

	if (rc < 0 && in->too_many) {
		report_too_many(in);
		rc = dnc_stage_finish(&in->stage, 0, NULL);
		in->output_failed = rc != DNC_EXIT_OK;
		return rc ? rc : DNC_EXIT_SOME;
	}
	rc = dnc_stage_finish(&in->stage, rc, &in->err);
	if (rc) {
		if (!early || !in->options.summary)
			in->output_failed = true;
		else
			deliver_rest(in);
		return rc;
	}
	if (!dnc_stage_report(&in->stage) && in->stage.rejects.count)
		dnc_note("%llu events, %llu records rejected", (unsigned long long)in->published,
			(unsigned long long)in->stage.rejects.count);
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

int run_finish(struct ingest *in, int rc)
{
	int code;

	dnc_cli_progress_end(&in->progress);
	report_withheld(in);
	code = settle(in, rc);
	if (in->options.summary)
		code = summary_publish(in, code, rc < 0, in->output_failed);
	dnc_stage_close(&in->stage);
	identity_finish(&in->identities);
	order_finish(&in->order);
	return code;
}
