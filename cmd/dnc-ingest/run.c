#include "run.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/words.h"
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
	in->output_failed = in->whole = in->partial = in->changes = false;
	in->broken = CHECK_KEPT;
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

/* Files of --watch are open already; others were added when the inputs were opened. The second reading has only those that the
 * first one has read to their end. */
static int add_file(struct ingest *in)
{
	int fd;

	if (!in->file || (in->check.again && !in->stage.versions[0].known))
		return 0;
	fd = fcntl(in->file_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		dnc_error_set(&in->err, errno, "unable to open %s: %s", in->file, strerror(errno));
	} else if (dnc_input_add_open_file(in->stage.input, in->file, fd, &in->err) == 0) {
		if (in->check.checking || in->check.again)
			dnc_input_expect(in->stage.input, in->stage.versions);
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Memory or the output has failed, or the input. */
static bool has_failed(const struct ingest *in)
{
	return in->err.message[0] || dnc_input_error(in->stage.input)->message[0];
}

static int read_once(struct ingest *in)
{
	int rc = add_file(in);

	if (rc == 0)
		rc = dnc_input_run(in->stage.input);
	/* A file that is read alone was refused: what it has before that is dealt with like that of a file among others. */
	if (rc < 0 && in->file && in->refused && !in->broken && !has_failed(in)) {
		in->whole = true;
		rc = 0;
	} else {
		in->whole = rc == 0 && !dnc_input_cut_files(in->stage.input);
	}
	return rc == 0 ? check_end(in) : rc;
}

/* The files are good: they are read again, to be published. All that is counted and refused is so once more; files that failed
 * have failed. */
static int read_again(struct ingest *in)
{
	const struct dnc_input_events events = events_of(in);

	in->check.again = true;
	in->accepted = in->refusals = in->results_before = 0;
	in->refused = DNC_EXIT_OK;
	in->refusal[0] = '\0';
	in->partial = false;
	in->tally = (struct tally){0};
	order_finish(&in->order);
	identity_finish(&in->identities);
	in->identities = (struct identities){.given = in->options.run};
	summary_restart(&in->summary);
	dnc_stage_again(&in->stage, &in->options.stage, in->options.source.max_record, &events);
	unpack(in);
	return read_once(in);
}

/* Without a second reading the rejects are those of the first one. */
static int keep_rejects(struct ingest *in, int rc)
{
	struct dnc_error err;

	if (dnc_rejects_release(&in->stage.rejects, &err) == 0)
		return rc;
	/* Else it is said with the exit code. */
	if (in->err.message[0])
		dnc_err("%s", err.message);
	else
		in->err = err;
	in->broken = CHECK_KEPT;
	return -1;
}

static int read_twice(struct ingest *in)
{
	int rc = read_once(in);

	/* What a map makes of records may change. */
	if (rc < 0 || (!in->check.unordered && !in->mapper))
		return keep_rejects(in, rc);
	if (!dnc_cli_stopped_by())
		return read_again(in);
	in->whole = false;
	return keep_rejects(in, rc);
}

static int read_inputs(struct ingest *in)
{
	int rc = check_begin(in);

	if (rc == 0)
		rc = in->check.checking ? read_twice(in) : read_once(in);
	dnc_buf_free(&in->check.held);
	return rc;
}

/* Changes that were not read may be older than these: those of one number must not end in the wrong order. */
static bool changes_are_whole(const struct ingest *in)
{
	return !in->stopped_by && !in->stage.failed && !in->refusals;
}

int run_read(struct ingest *in)
{
	int rc = read_inputs(in);

	/* What was read as a whole before the signal is finished. */
	if (!in->whole)
		in->stopped_by = dnc_cli_stopped_by();
	if (rc == 0 && changes_are_whole(in))
		rc = order_publish(in);
	in->tally.withheld = in->accepted - in->published;
	return rc;
}

/* The next run publishes them in their order. */
static void report_withheld(const struct ingest *in)
{
	if (in->tally.withheld && !in->broken)
		dnc_warn("%llu %s not published: read the files again",
			(unsigned long long)in->tally.withheld,
			dnc_plural(in->tally.withheld, "event is", "events are"));
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
	bool ended = rc == 0 || in->broken || (in->file && in->refused && !has_failed(in));
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
	if (!dnc_stage_report(&in->stage) && in->stage.rejects.count)
		dnc_note("%llu %s, %llu %s rejected", (unsigned long long)in->published,
			dnc_plural(in->published, "event", "events"),
			(unsigned long long)in->stage.rejects.count,
			dnc_plural(in->stage.rejects.count, "record", "records"));
	dnc_rejects_report(&in->stage.rejects);
	reading_report_none(in);
}

/* How many events a later stage rejected, which is said: it was no row that is wrong, but an event that is not in the log. Those
 * of a service have no end, and are counted when it stops. */
static uint64_t report_later(const struct ingest *in)
{
	uint64_t later = in->options.stage.input_count ? 0 : outcome_events(in).rejected;

	if (later)
		dnc_err("a later stage rejected %llu of %llu %s; see its rejects",
			(unsigned long long)later, (unsigned long long)in->published,
			dnc_plural(in->published, "event", "events"));
	return later;
}

/* The exit code of a run whose events are acknowledged. */
static int conclude(const struct ingest *in)
{
	bool is_cut = dnc_input_cut_files(in->stage.input) || in->tally.withheld;
	uint64_t later;

	if (in->broken) {
		dnc_rejects_report(&in->stage.rejects);
		report_later(in);
		return DNC_EXIT_SOME;
	}
	report(in);
	later = report_later(in);
	if (in->partial && in->published)
		dnc_err("%llu %s published, with those before the fault",
			(unsigned long long)in->published,
			dnc_plural(in->published, "event is", "events are"));
	if (in->stage.failed)
		return DNC_EXIT_IO;
	if (in->refused)
		return (int)in->refused;
	/* A service has no other end. */
	if (dnc_cli_stopped_by() == SIGINT && (is_cut || in->options.stage.input_count))
		return DNC_EXIT_INTERRUPTED;
	if (dnc_cli_stopped_by() && is_cut) {
		dnc_err("stopped before the end of the input; the %llu %s published",
			(unsigned long long)in->published,
			dnc_plural(
				in->published, "event before that is", "events before that are"));
		return DNC_EXIT_TEMPFAIL;
	}
	if (later || (in->options.strict && dnc_stage_rejected(&in->stage)))
		return DNC_EXIT_SOME;
	/* Only rejects: a wrong file or a wrong format. For a service this is not an error. */
	if (in->accepted || !in->stage.rejects.count || in->options.stage.input_count)
		return DNC_EXIT_OK;
	dnc_err("no record became an event; see the rejects%s",
		in->options.source.reason ? " and --format"
					  : ", --format, and --reason for records without one");
	return DNC_EXIT_SOME;
}

int run_finish(struct ingest *in, int rc)
{
	char text[CHECK_TEXT_BYTES];
	int code;

	dnc_cli_progress_end(&in->progress);
	report_withheld(in);
	if (in->broken)
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
