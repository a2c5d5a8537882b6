#include "run.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "mapping.h"
#include "outcome.h"
#include "reading.h"

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

	dnc_input_unpack(in->stage.input,
		&(struct dnc_unpack_options){.limit = {o->max_unpacked, "raise --max-unpacked"},
			.encoding = (enum dnc_encoding)o->encoding});
}

void run_begin(struct ingest *in)
{
	identity_finish(&in->identities);
	in->identities = (struct identities){.given = in->options.run};
	order_finish(&in->order);
	dnc_buf_free(&in->check.held);
	in->check = (struct check){0};
	in->tally = (struct tally){0};
	in->accepted = in->published = in->refusals = in->results_before = 0;
	in->err = (struct dnc_error){0};
	in->refusal[0] = '\0';
	in->output_failed = in->too_many = in->whole = false;
	in->stopped_by = 0;
	in->refused = DNC_EXIT_OK;
	in->stage.failed = in->failed_before = 0;
	if (in->stage.out)
		in->outcome_before = dnc_outlet_outcome(in->stage.out);
	mapping_begin(in);
	summary_begin(in);
	dnc_cli_progress_start(&in->progress, dnc_cli_quiet());
}

void run_open(struct ingest *in)
{
	const struct dnc_input_events events = events_of(in);

	run_begin(in);
	dnc_stage_open(&in->stage, &in->options.stage, in->options.source.max_record, &events);
	unpack(in);
}

/* Files of --watch are open already; others were added when the inputs were opened. */
static int add_file(struct ingest *in)
{
	int fd;

	if (!in->file)
		return 0;
	fd = fcntl(in->file_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		dnc_error_set(&in->err, errno, "unable to open %s: %s", in->file, strerror(errno));
	} else if (dnc_input_add_open_file(in->stage.input, in->file, fd, &in->err) == 0) {
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static int read_once(struct ingest *in)
{
	int rc = add_file(in);

	if (rc == 0)
		rc = dnc_input_run(in->stage.input);
	in->whole = rc == 0 && !dnc_input_cut_files(in->stage.input);
	return rc;
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
	return read_once(in);
}

static int read_inputs(struct ingest *in)
{
	bool twice;
	int rc;

	check_begin(in);
	twice = in->check.checking;
	rc = read_once(in);
	if (rc == 0)
		rc = check_end(in);
	if (rc == 0 && twice && in->check.unordered) {
		if (dnc_cli_stopped_by())
			in->whole = false;
		else
			rc = read_again(in);
	}
	dnc_buf_free(&in->check.held);
	return rc;
}

int run_read(struct ingest *in)
{
	int rc = read_inputs(in);

	/* A file that was read as a whole before the signal is finished. */
	if (!in->file || !in->whole)
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

/* With a summary the events before an error are published as far as possible, because it counts them. */
static void deliver_rest(struct ingest *in)
{
	in->output_failed = in->output_failed || !in->err.message[0] ||
	                    dnc_stage_finish(&in->stage, 0, NULL) != DNC_EXIT_OK;
}

int run_settle(struct ingest *in, int rc)
{
	/* That memory or the output failed is no fault of a file of which a member was refused before. */
	bool failed = in->err.message[0] || dnc_input_error(in->stage.input)->message[0];
	bool ended = rc == 0 || in->too_many || (in->file && in->refused && !failed);
	int code = dnc_stage_finish(&in->stage, ended ? 0 : rc, &in->err);

	if (code && !ended && in->options.summary)
		deliver_rest(in);
	else if (code)
		in->output_failed = true;
	return code;
}

/* Says what became of the records, unless all of them are events in a pipe. */
static void report(const struct ingest *in)
{
	uint64_t none = in->tally.no_events;

	if (!dnc_stage_report(&in->stage) && in->stage.rejects.count)
		dnc_note("%llu events, %llu records rejected", (unsigned long long)in->published,
			(unsigned long long)in->stage.rejects.count);
	dnc_rejects_report(&in->stage.rejects);
	if (none)
		dnc_note("%llu record%s no event by a rule of the format, such as HELP",
			(unsigned long long)none, none == 1 ? " is" : "s are");
}

/* The exit code of a run whose events are acknowledged. */
static int conclude(const struct ingest *in)
{
	if (in->too_many) {
		dnc_rejects_report(&in->stage.rejects);
		return DNC_EXIT_SOME;
	}
	report(in);
	if (in->stage.failed)
		return DNC_EXIT_IO;
	if (in->refused)
		return (int)in->refused;
	if (dnc_cli_stopped_by() == SIGINT)
		return DNC_EXIT_INTERRUPTED;
	if (dnc_cli_stopped_by() && (dnc_input_cut_files(in->stage.input) || in->tally.withheld)) {
		dnc_err("stopped before the end of the input; the %llu events before that are published",
			(unsigned long long)in->published);
		return DNC_EXIT_TEMPFAIL;
	}
	if (in->options.strict && dnc_stage_rejected(&in->stage))
		return DNC_EXIT_SOME;
	if (!in->options.stage.input_count && in->published &&
		outcome_events(in).rejected >= in->published) {
		dnc_err("a later stage rejected all %llu events; see its rejects",
			(unsigned long long)in->published);
		return DNC_EXIT_SOME;
	}
	/* Only rejects: a wrong file or a wrong format. For a service this is not an error. */
	if (in->accepted || !in->stage.rejects.count || in->options.stage.input_count)
		return DNC_EXIT_OK;
	dnc_err("no record became an event; see the rejects and --format");
	return DNC_EXIT_SOME;
}

int run_finish(struct ingest *in, int rc)
{
	char text[CHECK_TEXT_BYTES];
	int code;

	dnc_cli_progress_end(&in->progress);
	report_withheld(in);
	if (in->too_many)
		dnc_err("%s", check_explain(in, text));
	code = run_settle(in, rc);
	if (!code)
		code = conclude(in);
	return in->options.summary ? summary_publish(in, code, rc < 0) : code;
}

void run_close(struct ingest *in)
{
	dnc_stage_close(&in->stage);
	identity_finish(&in->identities);
	order_finish(&in->order);
}
