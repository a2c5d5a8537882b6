/* copy_compare.c - compares two logs, row by row, in pieces that are read from both. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/words.h"
#include "priv/copy.h"

struct piece_row {
	uint64_t n;
	unsigned char digest[COPY_DIGEST];
};

struct comparison {
	struct copy_log *logs[2];
	const struct dnc_copy_options *options;
	struct dnc_copy_compared *out;
	crypto_generichash_state state[2];
	enum copy_kind kind;
	int side;
	uint64_t last;
	struct piece_row rows[2][COPY_ROWS];
	int count[2];
};

static void add_to_hash(crypto_generichash_state *state, const struct copy_cell *row)
{
	uint64_t seq = htobe64((uint64_t)row[0].n), n = htobe64(row[8].text.n);

	crypto_generichash_update(state, (const unsigned char *)&seq, sizeof seq);
	crypto_generichash_update(state, (const unsigned char *)row[1].text.p, row[1].text.n);
	crypto_generichash_update(state, (const unsigned char *)&n, sizeof n);
	crypto_generichash_update(state, (const unsigned char *)row[8].text.p, row[8].text.n);
}

/* The row of event or record C->last + 1, or a later one, ends the piece. */
static int take(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	struct comparison *c = ctx;
	int side = c->side;
	struct piece_row *to = &c->rows[side][c->count[side]];

	(void)err;
	if ((uint64_t)row[0].n > c->last || c->count[side] == COPY_ROWS)
		return 0;
	c->count[side]++;
	to->n = (uint64_t)row[0].n;
	copy_digest(c->kind, row, to->digest);
	if (c->kind == COPY_EVENTS)
		add_to_hash(&c->state[side], row);
	return 0;
}

static const char *what(const struct comparison *c)
{
	return c->kind == COPY_EVENTS ? "event" : "audit record";
}

static int differ(struct comparison *c, const char *how, uint64_t n)
{
	c->out->differ = true;
	snprintf(c->out->difference, sizeof c->out->difference, "%s %" PRIu64 " %s", what(c), n,
		how);
	return 1;
}

/* Compares the rows that were read of both. Returns 1 at a difference. */
static int compare_piece(struct comparison *c)
{
	for (int i = 0; i < c->count[0] || i < c->count[1]; i++) {
		const struct piece_row *a = &c->rows[0][i], *b = &c->rows[1][i];
		bool in_a = i < c->count[0], in_b = i < c->count[1];

		if (!in_b || (in_a && a->n < b->n))
			return differ(c, "is missing in the target", a->n);
		if (!in_a || b->n < a->n)
			return differ(c, "of the target is missing in the source", b->n);
		if (memcmp(a->digest, b->digest, COPY_DIGEST) != 0)
			return differ(c, "is not the same in source and target", a->n);
	}
	return 0;
}

/* Both read a piece from FROM on, up to the number that the source's ends with. */
static int read_piece(struct comparison *c, uint64_t from, uint64_t last, struct dnc_error *err)
{
	c->count[0] = c->count[1] = 0;
	c->last = last;
	for (c->side = 0; c->side < 2; c->side++) {
		struct copy_log *log = c->logs[c->side];
		uint64_t at = from;
		int before;

		do {
			before = c->count[c->side];
			if (log->engine->read(log, c->kind, at, COPY_ROWS - before, take, c, err) <
				0)
				return -1;
			if (c->count[c->side] > before)
				at = c->rows[c->side][c->count[c->side] - 1].n + 1;
		} while (c->count[c->side] > before && at <= c->last && c->side == 1 &&
			 c->count[1] < COPY_ROWS);
		if (c->side == 0 && c->count[0])
			c->last = c->rows[0][c->count[0] - 1].n;
	}
	return 0;
}

static int note_number(void *ctx, const struct copy_cell *row, struct dnc_error *err)
{
	uint64_t *n = ctx;

	(void)err;
	*n = (uint64_t)row[0].n;
	return 0;
}

static int oldest_record(struct copy_log *log, uint64_t *oldest, struct dnc_error *err)
{
	*oldest = 0;
	return log->engine->read(log, COPY_AUDIT, 0, 1, note_number, oldest, err) < 0 ? -1 : 0;
}

/* The same as of one moment of the source. What it has removed in the meantime is passed over. */
static int read_both(struct comparison *c, uint64_t *from, uint64_t last, struct dnc_error *err)
{
	struct copy_log *source = c->logs[0];
	struct dnc_copy_ends ends;
	uint64_t oldest;

	if (source->engine->begin(source, err) < 0 || copy_ends(source, &ends, err) < 0)
		return -1;
	oldest = ends.oldest;
	if (c->kind == COPY_AUDIT && oldest_record(source, &oldest, err) < 0)
		return -1;
	if (*from < oldest)
		*from = oldest;
	return read_piece(c, *from, last, err) == 0 ? source->engine->commit(source, err) : -1;
}

/* Compares the rows FIRST to LAST of KIND. 1 at a difference. */
static int compare_rows(struct comparison *c, enum copy_kind kind, uint64_t first, uint64_t last,
	struct dnc_error *err)
{
	const struct dnc_copy_options *o = c->options;
	uint64_t *counts = c->out->events, at = first;

	c->kind = kind;
	while (at <= last) {
		int rc;

		if (o->stopped && o->stopped(o->ctx))
			return dnc_error_set(err, ECANCELED, "stopped before all was compared");
		if (read_both(c, &at, last, err) < 0)
			return -1;
		if (kind == COPY_EVENTS) {
			counts[0] += (uint64_t)c->count[0];
			counts[1] += (uint64_t)c->count[1];
		} else {
			c->out->records += (uint64_t)c->count[0];
		}
		rc = compare_piece(c);
		if (rc || !c->count[0])
			return rc;
		at = c->rows[0][c->count[0] - 1].n + 1;
		if (o->progress && kind == COPY_EVENTS)
			o->progress(o->ctx, at - first, last - first + 1);
	}
	return 0;
}

/* Audit records that both may have: the source may have removed the oldest in the meantime, the target not. */
static int compare_audit(struct comparison *c, struct dnc_error *err)
{
	uint64_t a = c->out->from.record, b = c->out->to.record, oldest[2] = {0};

	for (int i = 0; i < 2; i++)
		if (oldest_record(c->logs[i], &oldest[i], err) < 0)
			return -1;
	c->kind = COPY_AUDIT;
	if (oldest[0] < oldest[1] && oldest[0])
		return differ(c, "is missing in the target", oldest[0]);
	return compare_rows(c, COPY_AUDIT, oldest[0], a < b ? a : b, err);
}

/* 1 at a difference. */
static int compare_revoked(struct comparison *c, struct dnc_error *err)
{
	struct dnc_copy_compared *out = c->out;

	if (copy_missing_revoked(c->logs[0], c->logs[1], &out->unrevoked, err) < 0)
		return -1;
	if (!out->unrevoked)
		return 0;
	out->differ = true;
	snprintf(out->difference, sizeof out->difference,
		"the target accepts %" PRIu64 " %s that the source revokes, or will sooner",
		out->unrevoked, dnc_plural(out->unrevoked, "token", "tokens"));
	return 1;
}

/* The key, and the epochs whose events the target has. 1 at a difference. */
static int compare_key_and_epochs(struct comparison *c, struct dnc_error *err)
{
	struct copy_epochs epochs[2] = {{0}};
	bool same;
	int rc = copy_same_key(c->logs[0], c->logs[1], &same, err);

	if (rc == 0 && !same) {
		c->out->differ = true;
		snprintf(c->out->difference, sizeof c->out->difference,
			"the keys of masked events are not the same");
		return 1;
	}
	for (int i = 0; rc == 0 && i < 2; i++)
		rc = copy_epochs_read(c->logs[i], c->out->to.last + 1, &epochs[i], err);
	for (size_t i = 0; rc == 0 && i < epochs[0].n; i++)
		if (!copy_epochs_have(&epochs[1], epochs[0].names[i])) {
			c->out->differ = true;
			snprintf(c->out->difference, sizeof c->out->difference,
				"epoch %016" PRIx64 " is missing in the target",
				epochs[0].names[i]);
			rc = 1;
		}
	copy_epochs_free(&epochs[0]);
	copy_epochs_free(&epochs[1]);
	return rc;
}

static int compare_all(struct comparison *c, struct dnc_error *err)
{
	struct dnc_copy_compared *out = c->out;
	struct copy_log *from = c->logs[0], *to = c->logs[1];
	int rc;

	if (copy_ends(from, &out->from, err) < 0 || copy_ends(to, &out->to, err) < 0)
		return -1;
	out->first = out->from.oldest > out->to.oldest ? out->from.oldest : out->to.oldest;
	out->last = out->from.last < out->to.last ? out->from.last : out->to.last;
	if (out->last < out->first)
		out->last = out->first - 1;
	c->kind = COPY_EVENTS;
	if (out->to.last && out->from.oldest < out->to.oldest)
		return differ(c, "is missing in the target", out->from.oldest);
	rc = compare_rows(c, COPY_EVENTS, out->first, out->last, err);
	if (rc == 0)
		rc = compare_audit(c, err);
	if (rc == 0)
		rc = compare_key_and_epochs(c, err);
	return rc ? rc : compare_revoked(c, err);
}

static int copy_compare(struct copy_log *from, struct copy_log *to,
	const struct dnc_copy_options *options, struct dnc_copy_compared *out,
	struct dnc_error *err)
{
	struct comparison *c = calloc(1, sizeof *c);
	int rc;

	*out = (struct dnc_copy_compared){0};
	if (!c)
		return dnc_error_nomem(err);
	*c = (struct comparison){.logs = {from, to}, .options = options, .out = out};
	for (int i = 0; i < 2; i++)
		crypto_generichash_init(&c->state[i], NULL, 0, DNC_COPY_HASH);
	rc = compare_all(c, err);
	for (int i = 0; i < 2; i++)
		crypto_generichash_final(&c->state[i], out->hash[i], DNC_COPY_HASH);
	free(c);
	return rc < 0 ? -1 : 0;
}

int dnc_copy_compare(const struct dnc_copy_options *options, struct dnc_copy_compared *out,
	struct dnc_error *err)
{
	struct copy_log *from = copy_open(options->from, false, err);
	struct copy_log *to = from ? copy_open(options->to, false, err) : NULL;
	int rc = to ? copy_compare(from, to, options, out, err) : -1;

	copy_close(to);
	copy_close(from);
	return rc;
}
