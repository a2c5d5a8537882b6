/* fresh.c - the set of the list that was read. */
#include "fresh.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/words.h"

/* The sorted numbers of the list, each once. */
struct distinct {
	struct compare *c;
	uint64_t last;
};

static int next_distinct(void *ctx, uint64_t *number, struct dnc_error *err)
{
	struct distinct *d = ctx;
	const void *record;
	int rc;

	while ((rc = dnc_sorter_next(d->c->sorter, &record, err)) > 0) {
		memcpy(number, record, sizeof *number);
		if (*number != d->last) {
			d->last = *number;
			return 1;
		}
		d->c->counts.duplicates++;
	}
	return rc;
}

/* Whether numbers that have left the list are kept: they may be in the rejected rows. */
static bool holds(const struct ingest *in)
{
	return in->stage.rejects.count && !in->options.release_despite_rejects;
}

/* Writes the set of the list to W, and counts what differs from OLD. */
static int write_numbers(struct ingest *in, struct dnc_numbers old, struct dnc_set_writer *w)
{
	struct compare *c = in->compare;
	struct distinct distinct = {c, 0};
	struct dnc_set_walk walk = {.old = old, .fresh = {next_distinct, &distinct}};
	uint64_t number,
		counts[] = {[DNC_SET_REMOVED] = 0, [DNC_SET_ADDED] = 0, [DNC_SET_KEPT] = 0};
	enum dnc_set_place place;
	bool hold = holds(in);
	int rc;

	if (dnc_sorter_finish(c->sorter, &in->err) < 0)
		return -1;
	while ((rc = dnc_set_walk(&walk, &number, &place, &in->err)) > 0) {
		counts[place]++;
		if ((place != DNC_SET_REMOVED || hold) && dnc_set_add(w, number, &in->err) < 0)
			return -1;
	}
	c->counts.added = counts[DNC_SET_ADDED];
	c->counts.removed = counts[DNC_SET_REMOVED];
	c->counts.unchanged = counts[DNC_SET_KEPT];
	c->counts.held = hold ? c->counts.removed : 0;
	return rc;
}

/* Which list it is. One of another provider would release all numbers of this one. -1 with the ingest's error. */
static int check_identity(struct ingest *in, const struct dnc_set_about *old)
{
	struct compare *c = in->compare;
	const struct list *was = &c->was.list, *is = &c->list;

	if (list_read(c->path, old->list, &c->was, &in->err) < 0)
		return -1;
	if (!c->format) { /* it is empty */
		c->list = *was;
		c->list.first = false;
		return 0;
	}
	if (list_same(was, is))
		return 0;
	return dnc_error_set(&in->err, EINVAL,
		"%s is for a list of provider %.60s, source %.20s, not of provider %.60s, source %.20s: "
		"each list needs a file of its own",
		c->path, was->provider ? was->provider : "(none)",
		was->source ? was->source : "(none)", is->provider ? is->provider : "(none)",
		is->source ? is->source : "(none)");
}

/* An incomplete list must not release the numbers that it lacks. */
static int check_removed(struct ingest *in, uint64_t before)
{
	const struct compare_counts *n = &in->compare->counts;
	const struct options *o = &in->options;

	if (n->removed <= o->max_removed &&
		(double)n->removed <= o->max_removed_share * (double)before)
		return 0;
	return outcome_refuse_aloud(in, DNC_EXIT_SOME,
		"%llu of %llu numbers %s missing, more than --max-removed allows: the list may be "
		"incomplete; nothing was published, and %s %s",
		(unsigned long long)n->removed, (unsigned long long)before,
		dnc_plural(n->removed, "is", "are"), in->compare->path, compare_kept(in->compare));
}

static struct dnc_set_writer *create(
	struct ingest *in, const struct dnc_set_about *old, struct dnc_set_about *about)
{
	struct compare *c = in->compare;
	struct dnc_set_writer *w = NULL;
	struct dnc_buf text = {0};

	c->list.first = !old && in->options.publish_all;
	list_write(&text, &c->list);
	*about = (struct dnc_set_about){
		.created_ms = dnc_clock_now_ms(), .list = dnc_buf_view(&text)};
	if (old)
		dnc_set_state(old, about->base);
	else
		randombytes_buf(about->base, sizeof about->base);
	if (dnc_buf_ok(&text))
		w = dnc_set_create(c->fresh, about, &in->err);
	else
		dnc_error_nomem(&in->err);
	about->list = (struct dnc_str){0};
	dnc_buf_free(&text);
	return w;
}

/* -1 with the ingest's error. A crash of the machine does not undo it. */
static int move(struct ingest *in, const char *from, const char *to)
{
	if (rename(from, to) < 0)
		return dnc_error_set(&in->err, errno, "unable to rename %s to %s: %s", from, to,
			strerror(errno));
	return dnc_file_sync_directory(to, &in->err);
}

/* Makes FILE.new, which is on disk, FILE.next if its differences are to be published. If there are none, nothing changes. */
static int file_set(
	struct ingest *in, const struct dnc_set_about *old, const struct dnc_set_about *about)
{
	struct compare *c = in->compare;

	if (in->options.baseline && !old)
		return 0;
	if (old && memcmp(old->digest, about->digest, sizeof old->digest) == 0)
		return remove(c->fresh) < 0
		               ? dnc_error_set(&in->err, errno, "unable to remove %s: %s", c->fresh,
					 strerror(errno))
		               : 0;
	return move(in, c->fresh, c->next);
}

/* Returns an exit code, or -1 with the ingest's error. */
static int write_set(struct ingest *in, struct dnc_set_reader *reader)
{
	const struct dnc_set_about *old = reader ? dnc_set_about(reader) : NULL;
	struct dnc_set_about about;
	struct dnc_set_writer *w;
	int rc;

	if (old && check_identity(in, old) < 0)
		return -1;
	w = create(in, old, &about);
	if (!w)
		return -1;
	rc = write_numbers(in, reader ? dnc_set_numbers(reader) : dnc_set_no_numbers(), w);
	if (rc == 0)
		rc = check_removed(in, old ? old->count : 0);
	if (rc == 0)
		rc = dnc_set_complete(w, &about, &in->err);
	if (rc == 0)
		rc = file_set(in, old, &about);
	dnc_set_writer_free(w);
	return rc;
}

int fresh_write(struct ingest *in)
{
	struct compare *c = in->compare;
	struct dnc_set_reader *old = c->exists ? dnc_set_open(c->path, &in->err) : NULL;
	int rc = c->exists && !old ? -1 : write_set(in, old);

	dnc_set_reader_free(old);
	if (rc >= 0)
		return rc;
	compare_blame(c, in->err.code);
	/* The name was given, but may not be on disk. */
	if (access(c->next, F_OK) == 0)
		return outcome_refuse_aloud(in, outcome_set_code(&in->err),
			"%s; nothing was published yet, but %s is there: the next run with --against=%s "
			"publishes its differences",
			in->err.message, c->next, c->path);
	return outcome_refuse_aloud(in, outcome_set_code(&in->err),
		"%s; nothing was published, and %s %s", in->err.message, c->path, compare_kept(c));
}

int fresh_find_next(struct ingest *in, bool *there)
{
	const char *next = in->compare->next;

	*there = access(next, F_OK) == 0;
	if (*there || errno == ENOENT)
		return 0;
	return dnc_error_set(&in->err, errno, "unable to find %s: %s", next, strerror(errno));
}

int fresh_commit(struct ingest *in)
{
	struct compare *c = in->compare;
	const char *from;
	bool there;

	if (fresh_find_next(in, &there) < 0)
		return -1;
	from = there ? c->next : in->options.baseline && !c->exists ? c->fresh : NULL;
	if (from && move(in, from, c->path) < 0)
		return -1;
	c->exists = true;
	return 0;
}
