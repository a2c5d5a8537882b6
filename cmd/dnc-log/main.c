/* dnc-log - copies the log of a hub to another place, and compares logs. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include "cli/cli.h"
#include "report.h"

/* How often more is copied because tokens were revoked while the logs were compared. */
enum { COPIES_AGAIN = 3 };

struct shown {
	struct dnc_cli_progress progress;
	uint64_t done;
};

static void on_stop(void *ctx)
{
	(void)ctx;
}

static bool stopped(void *ctx)
{
	(void)ctx;
	return dnc_cli_stopped_by() != 0;
}

static void show(void *ctx, uint64_t done, uint64_t all)
{
	struct shown *s = ctx;

	if (done <= s->done)
		return;
	s->progress.rows += done - s->done - 1; /* many, where numbers are missing */
	s->done = done;
	dnc_cli_progress(&s->progress, done, all);
}

static void begin(struct shown *shown)
{
	*shown = (struct shown){0};
	dnc_cli_progress_start(&shown->progress, dnc_cli_quiet());
}

/* Ends with the status of an error of a log. */
_Noreturn static void die(const struct dnc_error *err)
{
	static const struct {
		int code;
		enum dnc_exit status;
	} statuses[] = {{ECANCELED, DNC_EXIT_TEMPFAIL}, {EEXIST, DNC_EXIT_USAGE},
		{ENOTSUP, DNC_EXIT_USAGE}, {EACCES, DNC_EXIT_NOPERM},
		{ETIMEDOUT, DNC_EXIT_TEMPFAIL}, {EROFS, DNC_EXIT_TEMPFAIL}};

	if (err->code == ECANCELED && dnc_cli_stopped_by() == SIGINT)
		dnc_cli_die(DNC_EXIT_INTERRUPTED, "%s", err->message);
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (statuses[i].code == err->code)
			dnc_cli_die(statuses[i].status, "%s", err->message);
	dnc_cli_die_io(err);
}

static struct dnc_copy_compared compare(const struct dnc_copy_options *copy, struct shown *shown)
{
	struct dnc_copy_compared compared;
	struct dnc_error err = {0};
	int rc;

	begin(shown);
	rc = dnc_copy_compare(copy, &compared, &err);
	dnc_cli_progress_end(&shown->progress);
	if (rc < 0)
		die(&err);
	return compared;
}

static int verify_log(
	const struct options *o, const struct dnc_copy_options *copy, struct shown *shown)
{
	const struct dnc_copy_compared compared = compare(copy, shown);

	return report_compared(o, &compared) ? DNC_EXIT_OK : DNC_EXIT_SOME;
}

static void copy_once(
	const struct options *o, const struct dnc_copy_options *copy, struct shown *shown)
{
	struct dnc_copied copied;
	struct dnc_error err = {0};
	int rc;

	begin(shown);
	rc = dnc_copy(copy, &copied, &err);
	dnc_cli_progress_end(&shown->progress);
	if (rc < 0)
		die(&err);
	report_copied(o, &copied);
}

/* Tokens that were revoked after they were copied are copied, too, however long it took to compare the events. */
static int copy_log(
	const struct options *o, const struct dnc_copy_options *copy, struct shown *shown)
{
	struct dnc_copy_compared compared;

	copy_once(o, copy, shown);
	if (o->no_verify)
		return DNC_EXIT_OK;
	compared = compare(copy, shown);
	for (int tries = 0; compared.unrevoked && tries < COPIES_AGAIN; tries++) {
		dnc_note("tokens were revoked meanwhile (%" PRIu64 "): copying again",
			compared.unrevoked);
		copy_once(o, copy, shown);
		compared = compare(copy, shown);
	}
	report_compared(o, &compared);
	/* What was copied is right, though a source that is in use has more by now. */
	return compared.differ ? DNC_EXIT_SOME : DNC_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options o;
	struct shown shown;
	struct dnc_copy_options copy = {.progress = show, .stopped = stopped, .ctx = &shown};
	int rc;

	options_read(&o, argc, argv);
	if (sodium_init() < 0)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "unable to get random numbers");
	dnc_cli_on_stop(on_stop, NULL);
	copy.from = o.from;
	copy.to = o.to;
	copy.rate = o.rate;
	dnc_copy_warn(&copy);
	rc = strcmp(o.command, "copy") == 0 ? copy_log(&o, &copy, &shown)
	                                    : verify_log(&o, &copy, &shown);
	dnc_cli_flush_stdout();
	return rc;
}
