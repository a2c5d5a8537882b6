/* compare.c - --against: reads a full list, decides whether it can be believed, and has its differences published. */
#include "compare.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/words.h"
#include "differences.h"
#include "fresh.h"
#include "reading.h"
#include "rows.h"
#include "run.h"

static int fail_io(struct ingest *in, const struct dnc_error *err)
{
	in->compare->run_failed = true;
	return outcome_refuse_aloud(in, outcome_set_code(err), "--against: %s", err->message);
}

static int name_files(struct ingest *in)
{
	struct compare *c = in->compare;
	const char *slash = strrchr(c->path, '/');
	int n = slash ? (int)(slash - c->path) : 0;

	if (snprintf(c->lock, sizeof c->lock, "%s.lock", c->path) >= (int)sizeof c->lock)
		return outcome_refuse_aloud(in, DNC_EXIT_USAGE, "--against: the name is too long");
	snprintf(c->next, sizeof c->next, "%s.next", c->path);
	snprintf(c->fresh, sizeof c->fresh, "%s.new", c->path);
	snprintf(c->dir, sizeof c->dir, "%.*s", n ? n : 1, slash ? c->path : ".");
	return 0;
}

/* Held until the process ends. */
static int lock(struct ingest *in)
{
	struct compare *c = in->compare;

	struct dnc_error err;

	c->lock_fd = open(c->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock_fd < 0) {
		dnc_error_set(&err, errno, "unable to open %s: %s", c->lock, strerror(errno));
		return fail_io(in, &err);
	}
	c->run_failed = flock(c->lock_fd, LOCK_EX | LOCK_NB) < 0;
	if (c->run_failed)
		return outcome_refuse_aloud(in, DNC_EXIT_TEMPFAIL,
			"--against: another process compares a list with %s", c->path);
	return 0;
}

/* What FILE.next must go on from. */
static int check_next(struct ingest *in, const struct dnc_set_about *old)
{
	const struct compare *c = in->compare;
	unsigned char state[DNC_SET_DIGEST_BYTES];
	struct dnc_error err;
	struct dnc_set_reader *next = dnc_set_open(c->next, &err);
	struct list_text text;
	bool fits;

	if (!next)
		return err.code == ENOENT ? 0 : fail_io(in, &err);
	if (list_read(c->next, dnc_set_about(next)->list, &text, &err) < 0) {
		dnc_set_reader_free(next);
		return outcome_refuse_aloud(in, DNC_EXIT_IO, "--against: %s", err.message);
	}
	if (old)
		dnc_set_state(old, state);
	fits = old ? memcmp(state, dnc_set_about(next)->base, sizeof state) == 0 : text.list.first;
	dnc_set_reader_free(next);
	if (!fits)
		return outcome_refuse_aloud(in, DNC_EXIT_IO,
			"--against: %s, which a run before has left, does not belong to %s: restore both "
			"together, or remove the former",
			c->next, c->path);
	return -1; /* to be published */
}

static int explain_stop(struct ingest *in, uint64_t published)
{
	return outcome_refuse_aloud(in,
		dnc_cli_stopped_by() == SIGINT ? DNC_EXIT_INTERRUPTED : DNC_EXIT_TEMPFAIL,
		"stopped after %llu %s; the next run with --against=%s publishes all of them",
		(unsigned long long)published, dnc_plural(published, "difference", "differences"),
		in->compare->path);
}

/* For the ingest's error, or that of its input. Ends the process if the reader of a pipe has left. */
static int fail_run(struct ingest *in)
{
	int code = dnc_stage_finish(&in->stage, -1, &in->err);
	const struct dnc_error *err =
		in->err.message[0] ? &in->err : dnc_input_error(in->stage.input);

	compare_blame(in->compare, err->code);
	return outcome_refuse(
		in, (enum dnc_exit)code, "%s", err->message[0] ? err->message : "out of memory");
}

static int publish(struct ingest *in, struct differences *d)
{
	switch (differences_publish(in, d)) {
	case DIFFERENCES_DONE:
		return 0;
	case DIFFERENCES_STOPPED:
		return explain_stop(in, d->published);
	case DIFFERENCES_REJECTED:
		return outcome_refuse_aloud(in, DNC_EXIT_SOME,
			"a later stage has rejected differences (see its rejects); the next run with "
			"--against=%s publishes all of them again",
			in->compare->path);
	case DIFFERENCES_FAILED:
		break;
	}
	return fail_run(in);
}

/* The list is in the log, and so is its summary, before FILE says so: on disk, if the output is a file. */
static int commit(struct ingest *in)
{
	int rc = 0;

	in->compare->reported = true;
	dnc_stage_report(&in->stage); /* of the differences, without the summary */
	if (in->options.summary)
		rc = summary_publish(in, DNC_EXIT_OK, false);
	if (rc)
		dnc_err("the next run with --against=%s publishes all differences again",
			in->compare->path);
	if (rc)
		return rc;
	return differences_sync(in) < 0 || fresh_commit(in) < 0 ? fail_run(in) : 0;
}

/* What a run that was killed has left is a run of its own. How many records it had read is not known. */
static int resume(struct ingest *in, const struct dnc_set_about *old)
{
	struct compare *c = in->compare;
	int rc = check_next(in, old);
	struct differences d;

	if (rc >= 0)
		return rc;
	in->summary.cut = true;
	rc = publish(in, &d);
	in->tally.unchanged = d.unchanged;
	if (rc || (rc = commit(in)))
		return rc;
	dnc_note("%llu %s published", (unsigned long long)d.published,
		dnc_plural(d.published, "difference of a run that did not end was",
			"differences of a run that did not end were"));
	c->reported = false;
	run_begin(in);
	return 0;
}

/* Before and after what a run before has left is published, which may be a first list. */
static int refuse_second(struct ingest *in, bool resumed)
{
	const struct options *o = &in->options;
	const struct compare *c = in->compare;

	if (!c->exists || (!o->baseline && !o->publish_all))
		return 0;
	return outcome_refuse_aloud(in, DNC_EXIT_USAGE,
		"%s is for the first list, but %s has one%s: leave the option out",
		o->baseline ? "--baseline" : "--publish-all", c->path,
		resumed ? ", of the run before, whose events are published" : "");
}

static int check_first(struct ingest *in)
{
	const struct options *o = &in->options;
	const struct compare *c = in->compare;

	if (!c->exists && !o->baseline && !o->publish_all && access(c->next, F_OK) < 0)
		return outcome_refuse_aloud(in, DNC_EXIT_USAGE,
			"--against: %s does not exist: for the first list use --baseline, which publishes "
			"no event for its numbers, or --publish-all",
			c->path);
	return 0;
}

/* Returns an exit code. */
static int start(struct ingest *in)
{
	struct compare *c = in->compare;
	struct dnc_set_reader *old;
	struct dnc_error err;
	int rc;

	if ((rc = name_files(in)) || (rc = lock(in)))
		return rc;
	old = dnc_set_open(c->path, &err);
	if (!old && err.code == DNC_SET_DAMAGED)
		return outcome_refuse_aloud(in, DNC_EXIT_IO,
			"--against: %s; remove it and use --publish-all, which suppresses each number of "
			"the list",
			err.message);
	if (!old && err.code != ENOENT)
		return fail_io(in, &err);
	c->exists = old != NULL;
	if (!(rc = refuse_second(in, false)) && !(rc = check_first(in)) &&
		!(rc = resume(in, old ? dnc_set_about(old) : NULL)))
		rc = refuse_second(in, true);
	dnc_set_reader_free(old);
	if (rc)
		return rc;
	c->sorter = dnc_sorter_new(&(struct dnc_sorter_options){.record_bytes = sizeof(uint64_t),
					   .dir = getenv("TMPDIR") ? NULL : c->dir},
		&err);
	return c->sorter ? 0 : fail_io(in, &err);
}

/* --max-removed=100%, not a count that happens to be high enough. */
static bool accepts_empty(const struct ingest *in)
{
	return in->options.max_removed == UINT64_MAX && in->options.max_removed_share >= 1;
}

static int refuse_broken(struct ingest *in, enum check_limit limit)
{
	char text[CHECK_TEXT_BYTES];

	in->broken = limit;
	return outcome_refuse_aloud(in, DNC_EXIT_SOME, "%s; nothing was published, and %s %s",
		check_reason(in, text), in->compare->path, compare_kept(in->compare));
}

/* Whether all of the list was read. */
static int check_input(struct ingest *in, int rc)
{
	const struct compare *c = in->compare;

	if (check_exceeded(in, true))
		return refuse_broken(in, CHECK_MAX_REJECTS);
	if (rc < 0) {
		rc = fail_run(in);
		dnc_err("nothing was published, and %s %s", c->path, compare_kept(c));
		return rc;
	}
	if (dnc_cli_stopped_by())
		return outcome_refuse_aloud(in,
			dnc_cli_stopped_by() == SIGINT ? DNC_EXIT_INTERRUPTED : DNC_EXIT_TEMPFAIL,
			"stopped before the end of the list; nothing was published, and %s %s",
			c->path, compare_kept(c));
	if (in->stage.failed || in->refused)
		return outcome_refuse_aloud(in, in->stage.failed ? DNC_EXIT_IO : in->refused,
			"the list was not read as a whole; nothing was published, and %s %s",
			c->path, compare_kept(c));
	if (check_list(in) == CHECK_MIN_RECORDS)
		return refuse_broken(in, CHECK_MIN_RECORDS);
	if (!c->counts.rows && (!c->exists || !accepts_empty(in)))
		return outcome_refuse_aloud(in, DNC_EXIT_SOME,
			"the list has no number; nothing was published, and %s %s "
			"(--max-removed=100%% accepts an empty list after another)",
			c->path, compare_kept(c));
	return 0;
}

static void report(const struct ingest *in)
{
	const struct compare_counts *n = &in->compare->counts;
	uint64_t numbers = n->added + n->unchanged;

	if (in->options.baseline)
		dnc_note("%s: a baseline of %llu %s, %llu duplicate %s; no event was made of them",
			in->compare->path, (unsigned long long)numbers,
			dnc_plural(numbers, "number", "numbers"), (unsigned long long)n->duplicates,
			dnc_plural(n->duplicates, "row", "rows"));
	else
		dnc_note("%s: %llu %s: %llu added, %llu removed, %llu unchanged; %llu duplicate %s",
			in->compare->path, (unsigned long long)numbers,
			dnc_plural(numbers, "number", "numbers"), (unsigned long long)n->added,
			(unsigned long long)(n->removed - n->held),
			(unsigned long long)n->unchanged, (unsigned long long)n->duplicates,
			dnc_plural(n->duplicates, "row", "rows"));
	dnc_rejects_report(&in->stage.rejects);
	reading_report_none(in);
}

/* The exit code of a list that was taken. */
static int conclude(struct ingest *in)
{
	const struct compare_counts *n = &in->compare->counts;
	uint64_t rejects = in->stage.rejects.count;

	report(in);
	if (n->held) {
		dnc_err("%llu %s not released, because %s may be in the %llu rejected %s: correct %s, or use "
			"--release-despite-rejects",
			(unsigned long long)n->held,
			dnc_plural(n->held, "number has left the list, but is",
				"numbers have left the list, but are"),
			dnc_plural(n->held, "it", "they"), (unsigned long long)rejects,
			dnc_plural(rejects, "row", "rows"), dnc_plural(rejects, "it", "these"));
		return DNC_EXIT_INCOMPLETE;
	}
	if (rejects && in->options.baseline) {
		dnc_err("%llu rejected %s not in the baseline: the next list publishes the numbers that were in "
			"%s as added; to have them in the baseline, correct the %s, delete %s and start again",
			(unsigned long long)rejects, dnc_plural(rejects, "row is", "rows are"),
			dnc_plural(rejects, "it", "them"), dnc_plural(rejects, "row", "rows"),
			in->compare->path);
		return DNC_EXIT_INCOMPLETE;
	}
	return in->options.strict && rejects ? DNC_EXIT_INCOMPLETE : DNC_EXIT_OK;
}

/* Counts what became of the list's records when PUBLISHED events were written. A number that has left it has no record, but its
 * event counts as one. */
static void count(struct ingest *in, uint64_t published)
{
	const struct compare_counts *n = &in->compare->counts;
	uint64_t changes = n->added + n->removed - n->held;
	bool silent = in->options.baseline && !in->compare->exists;

	in->compare->compared = true;
	in->tally.repeated = n->duplicates;
	in->tally.unchanged = n->unchanged + (silent ? n->added : 0);
	in->tally.withheld = silent ? 0 : changes - published;
}

static int finish(struct ingest *in, int rc)
{
	struct differences d = {0};
	bool there;

	dnc_cli_progress_end(&in->progress);
	if ((rc = check_input(in, rc)) || (rc = fresh_write(in)))
		return rc;
	if (fresh_find_next(in, &there) < 0)
		return fail_run(in);
	if (there)
		rc = publish(in, &d);
	count(in, d.published);
	if (rc || (rc = commit(in)))
		return rc;
	return conclude(in);
}

/* A list that was refused is reported, too; a command line that is wrong is not. */
static int report_refusal(struct ingest *in, int rc)
{
	if (!in->options.summary || in->compare->reported || rc == DNC_EXIT_USAGE)
		return rc;
	if (!in->compare->compared)
		in->tally.withheld = in->accepted;
	in->stopped_by = dnc_cli_stopped_by();
	/* It counts what was acknowledged. */
	if (!in->output_failed && dnc_stage_finish(&in->stage, 0, NULL) != DNC_EXIT_OK)
		in->output_failed = true;
	return summary_publish(in, rc, false);
}

int compare_run(struct ingest *in)
{
	struct compare c = {.path = in->options.against, .lock_fd = -1};
	int rc;

	in->compare = &c;
	in->take = rows_take;
	rc = start(in);
	if (!rc)
		rc = finish(in, dnc_input_run(in->stage.input));
	if (rc)
		rc = report_refusal(in, rc);
	dnc_sorter_free(c.sorter);
	if (c.lock_fd >= 0)
		close(c.lock_fd);
	in->compare = NULL;
	in->take = NULL;
	return rc;
}
