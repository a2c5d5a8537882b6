/* copy_check.c - whether the target of a copy may be written to. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "priv/copy.h"

enum { KEY_SIZE = 80 };

static int take_key(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	(void)err;
	snprintf(ctx, KEY_SIZE, "%.*s", DNC_STR_ARG(row[0].text));
	return 0;
}

int copy_same_key(struct copy_log *a, struct copy_log *b, bool *same, struct dnc_error *err)
{
	char x[KEY_SIZE] = "", y[KEY_SIZE] = "";
	int rc = a->engine->read(a, COPY_KEY, 0, 0, take_key, x, err);

	if (rc == 0)
		rc = b->engine->read(b, COPY_KEY, 0, 0, take_key, y, err);
	*same = sodium_memcmp(x, y, KEY_SIZE) == 0;
	sodium_memzero(x, sizeof x);
	sodium_memzero(y, sizeof y);
	return rc;
}

struct reading {
	struct copy_epochs *out;
	uint64_t last;
};

static int take_epoch(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct reading *r = ctx;
	struct copy_epochs *e = r->out;
	char name[17];

	if ((uint64_t)row[1].n > r->last)
		return 0;
	snprintf(name, sizeof name, "%.*s", DNC_STR_ARG(row[0].text));
	if (!dnc_array_grow(&e->names, &e->room, e->n + 1))
		return dnc_error_nomem(err);
	e->newest = e->names[e->n++] = strtoull(name, NULL, 16);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int copy_epochs_read(
	struct copy_log *log, uint64_t last, struct copy_epochs *out, struct dnc_error *err)
{
	struct reading r = {out, last};

	if (log->engine->read(log, COPY_EPOCHS, 0, 0, take_epoch, &r, err) < 0)
		return -1;
	if (out->n)
		qsort(out->names, out->n, sizeof *out->names, by_name);
	return 0;
}

bool copy_epochs_have(const struct copy_epochs *e, uint64_t name)
{
	return e->n && bsearch(&name, e->names, e->n, sizeof *e->names, by_name);
}

void copy_epochs_free(struct copy_epochs *e)
{
	free(e->names);
	*e = (struct copy_epochs){0};
}

/* The newest epoch of the target is none of the source: a hub has opened it, and may have told clients of it. */
static int check_epochs(struct copy_log *from, struct copy_log *to, struct dnc_error *err)
{
	struct copy_epochs a = {0}, b = {0};
	int rc = copy_epochs_read(from, UINT64_MAX, &a, err);

	if (rc == 0)
		rc = copy_epochs_read(to, UINT64_MAX, &b, err);
	if (rc == 0 && b.n && !copy_epochs_have(&a, b.newest))
		rc = dnc_error_set(err, EEXIST,
			"%s has epoch %016" PRIx64
			", which the source has not: a hub has used it: copy into an empty log",
			to->name, b.newest);
	copy_epochs_free(&a);
	copy_epochs_free(&b);
	return rc;
}

struct digest {
	uint64_t n; /* 0: no row */
	unsigned char bytes[COPY_DIGEST];
};

static int take_digest(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct digest *d = ctx;

	(void)err;
	d->n = (uint64_t)row[0].n;
	copy_digest(COPY_EVENTS, row, d->bytes);
	return 0;
}

/* Event SEQ is the same in both. */
static int check_event(
	struct copy_log *from, struct copy_log *to, uint64_t seq, struct dnc_error *err)
{
	struct digest a = {0}, b = {0};

	if (from->engine->read(from, COPY_EVENTS, seq, 1, take_digest, &a, err) < 0 ||
		to->engine->read(to, COPY_EVENTS, seq, 1, take_digest, &b, err) < 0)
		return -1;
	if (a.n == seq && b.n == seq && memcmp(a.bytes, b.bytes, COPY_DIGEST) == 0)
		return 0;
	return dnc_error_set(err, EEXIST,
		"%s has another event %" PRIu64
		" than the source: it is no copy of it: copy into an empty log",
		to->name, seq);
}

static int check_events(struct copy_log *from, struct copy_log *to, const struct dnc_copy_ends *a,
	const struct dnc_copy_ends *b, struct dnc_error *err)
{
	if (b->last > a->last)
		return dnc_error_set(err, EEXIST,
			"%s has events up to %" PRIu64 ", the source up to %" PRIu64
			": it is newer, or no copy of it: copy into an "
			"empty log",
			to->name, b->last, a->last);
	if (a->oldest > b->last + 1)
		return dnc_error_set(err, EEXIST,
			"%s has events up to %" PRIu64
			", and the source has removed those up to %" PRIu64
			": copy into an empty log",
			to->name, b->last, a->oldest - 1);
	if (a->oldest <= b->oldest && check_event(from, to, b->oldest, err) < 0)
		return -1;
	return a->oldest <= b->last ? check_event(from, to, b->last, err) : 0;
}

int copy_check_target(struct copy_log *from, struct copy_log *to, struct dnc_error *err)
{
	struct dnc_copy_ends a, b;
	bool same;

	if (copy_ends(from, &a, err) < 0 || copy_ends(to, &b, err) < 0)
		return -1;
	if (!b.last && !b.record)
		return 0;
	if (copy_same_key(from, to, &same, err) < 0)
		return -1;
	if (!same)
		return dnc_error_set(err, EEXIST,
			"%s is not empty, and no copy of the source: copy into an empty log",
			to->name);
	if (b.last && check_events(from, to, &a, &b, err) < 0)
		return -1;
	return check_epochs(from, to, err);
}
