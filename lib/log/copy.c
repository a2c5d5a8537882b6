/* copy.c - copies a log in batches. */
#include "log/copy.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "priv/copy.h"

enum { PAUSE_MS = 100, BATCHES_PER_S = 10 };

struct copying {
	const struct dnc_copy_options *options;
	struct dnc_copied *out;
	struct copy_log *from, *to;
	bool fresh; /* the target has nothing yet */
	uint64_t first,
		last;  /* the first number of this run, and the last one that the target has */
	uint64_t goal; /* the last one that the source had at the start */
	uint64_t record, record_goal;    /* the same of audit records */
	uint64_t events, records, holes; /* of this batch */
	enum copy_kind kind;             /* that is being passed on */
	int64_t started_ms;
};

static int pass_on(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct copying *c = ctx;

	return c->to->engine->put(c->to, c->kind, row, err);
}

/* Copies all rows of a kind. */
static int copy_kind(struct copying *c, enum copy_kind kind, uint64_t from, struct dnc_error *err)
{
	c->kind = kind;
	return c->from->engine->read(c->from, kind, from, 0, pass_on, c, err) == 0
	               ? c->to->engine->flush(c->to, kind, err)
	               : -1;
}

static int pass_event(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct copying *c = ctx;
	uint64_t seq = (uint64_t)row[0].n;

	if (seq <= c->last + c->events + c->holes)
		return dnc_error_set(err, EIO,
			"%s: event %" PRIu64 " is not in its place: the log is damaged",
			c->from->name, seq);
	c->holes += seq - (c->last + c->events + c->holes) - 1;
	c->events++;
	return c->to->engine->put(c->to, COPY_EVENTS, row, err);
}

static int pass_record(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct copying *c = ctx;

	c->records++;
	c->record = (uint64_t)row[0].n;
	return c->to->engine->put(c->to, COPY_AUDIT, row, err);
}

static int batch_rows(const struct copying *c)
{
	uint64_t rows = c->options->rate / BATCHES_PER_S + 1;

	return c->options->rate && rows < COPY_ROWS ? (int)rows : COPY_ROWS;
}

static int copy_rows(struct copying *c, struct dnc_error *err)
{
	const struct copy_engine *from = c->from->engine, *to = c->to->engine;

	c->events = c->records = c->holes = 0;
	if (from->read(c->from, COPY_EVENTS, c->last + 1, batch_rows(c), pass_event, c, err) < 0 ||
		to->flush(c->to, COPY_EVENTS, err) < 0)
		return -1;
	return from->read(c->from, COPY_AUDIT, c->record + 1, COPY_ROWS, pass_record, c, err) == 0
	               ? to->flush(c->to, COPY_AUDIT, err)
	               : -1;
}

static int note_jumps(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	const char *first = row[0].text.n ? memchr(row[0].text.p, ';', row[0].text.n) : NULL;
	bool *jumped = ctx;

	(void)err;
	*jumped = first && first + 1 < row[0].text.p + row[0].text.n;
	return 0;
}

/* The first transaction in an empty target: what never changes, and which epochs the events are of. */
static int begin_copy(struct copying *c, struct dnc_error *err)
{
	if (c->fresh &&
		(c->to->engine->clear(c->to, true, err) < 0 || copy_kind(c, COPY_KEY, 0, err) < 0 ||
			copy_kind(c, COPY_FACTS, c->last + 1, err) < 0))
		return -1;
	return copy_kind(c, COPY_EPOCHS, 0, err);
}

static int pass_revoked(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct copying *c = ctx;

	c->out->revoked++;
	return c->to->engine->revokes ? c->to->engine->put(c->to, COPY_REVOKED, row, err) : 0;
}

/* Before a hub opens the target: else it would take the tokens for a moment. */
static int copy_revoked(struct copying *c, struct dnc_error *err)
{
	const struct copy_engine *from = c->from->engine, *to = c->to->engine;

	c->out->revoked_kept = to->revokes;
	if (from->read(c->from, COPY_REVOKED, 0, 0, pass_revoked, c, err) < 0)
		return -1;
	return to->revokes ? to->flush(c->to, COPY_REVOKED, err) : 0;
}

/* What is as of the last event. */
static int complete(struct copying *c, uint64_t last, struct dnc_error *err)
{
	const struct copy_engine *from = c->from->engine;

	if (copy_kind(c, COPY_EPOCHS, 0, err) < 0 || c->to->engine->clear(c->to, false, err) < 0 ||
		copy_kind(c, COPY_RATES, last, err) < 0 || copy_kind(c, COPY_COUNTED, 0, err) < 0 ||
		copy_kind(c, COPY_TIMES, 0, err) < 0 || copy_revoked(c, err) < 0)
		return -1;
	if (c->to->engine->steady_times &&
		from->read(c->from, COPY_TIMES, 0, 0, note_jumps, &c->out->clock_jumped, err) < 0)
		return -1;
	return c->to->engine->mark(c->to, true, err);
}

/* Copies a batch, as of one moment of the source, in one transaction of the target. *DONE: it was the last one. */
static int copy_batch(struct copying *c, bool first, bool *done, struct dnc_error *err)
{
	const struct copy_engine *from = c->from->engine, *to = c->to->engine;
	struct dnc_copy_ends *a = &c->out->from, *b = &c->out->to;
	uint64_t last;

	if (from->begin(c->from, err) < 0 || to->begin(c->to, err) < 0 ||
		copy_ends(c->from, a, err) < 0 || copy_ends(c->to, b, err) < 0)
		return -1;
	if (b->last != (c->fresh ? 0 : c->last))
		return dnc_error_set(err, EEXIST,
			"%s: another writes to it: stop that, and begin again", c->to->name);
	if (a->oldest > c->last + 1)
		return dnc_error_set(err, EEXIST,
			"the source has removed events up to %" PRIu64
			" before they were copied: keep more in it (dnc-wsd "
			"--retain), and copy into an empty log",
			a->oldest - 1);
	if (first && begin_copy(c, err) < 0)
		return -1;
	if (copy_rows(c, err) < 0)
		return -1;
	last = c->last + c->events + c->holes;
	if (!c->events && last < c->goal)
		return dnc_error_set(err, EIO,
			"%s: no event is found after %" PRIu64 ": the log is damaged",
			c->from->name, last);
	/* The source may have removed its newest audit records: then no more are found. */
	*done = last >= c->goal && (c->record >= c->record_goal || !c->records);
	if ((*done ? complete(c, last, err) : to->mark(c->to, false, err)) < 0 ||
		to->commit(c->to, err) < 0)
		return -1;
	if (c->events) {
		c->fresh = false;
		b->oldest = b->last ? b->oldest : c->first;
		b->last = c->last = last;
	}
	c->out->events += c->events;
	c->out->records += c->records;
	c->out->holes += c->holes;
	return from->commit(c->from, err);
}

/* No more events a second than were asked for. */
static void keep_rate(const struct copying *c)
{
	const struct dnc_copy_options *o = c->options;

	while (o->rate && !(o->stopped && o->stopped(o->ctx)) &&
		(double)c->out->events * 1000 / (double)o->rate >
			(double)(dnc_clock_mono_ms() - c->started_ms))
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

static int copy_all(struct copying *c, struct dnc_error *err)
{
	const struct dnc_copy_options *o = c->options;
	bool done = false;

	for (bool first = true; !done; first = false) {
		if (o->stopped && o->stopped(o->ctx))
			return dnc_error_set(err, ECANCELED,
				"stopped after event %" PRIu64 ": run it again to go on", c->last);
		if (copy_batch(c, first, &done, err) < 0)
			return -1;
		if (o->progress)
			o->progress(o->ctx, c->last + 1 - c->first, c->goal + 1 - c->first);
		keep_rate(c);
	}
	return 0;
}

/* Where the target goes on. */
static int find_place(struct copying *c, struct dnc_error *err)
{
	const struct copy_engine *to = c->to->engine;
	struct dnc_copy_ends a, b;

	if (to->begin(c->to, err) < 0 || copy_check_target(c->from, c->to, err) < 0 ||
		copy_ends(c->from, &a, err) < 0 || copy_ends(c->to, &b, err) < 0)
		return -1;
	c->fresh = !b.last;
	c->last = b.last ? b.last : a.oldest - 1;
	c->first = c->last + 1;
	c->goal = a.last;
	c->record = b.record;
	c->record_goal = a.record;
	return to->commit(c->to, err);
}

int dnc_copy(const struct dnc_copy_options *options, struct dnc_copied *out, struct dnc_error *err)
{
	struct copying c = {.options = options, .out = out, .started_ms = dnc_clock_mono_ms()};
	int rc = -1;

	*out = (struct dnc_copied){0};
	c.from = copy_open(options->from, false, err);
	if (c.from)
		c.to = copy_open(options->to, true, err);
	if (c.to && find_place(&c, err) == 0)
		rc = copy_all(&c, err);
	copy_close(c.to);
	copy_close(c.from);
	return rc;
}
