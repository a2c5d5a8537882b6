/* molded.c - the event of a row, from the mold of its kind. */
#include <stdlib.h>
#include "base/clock.h"
#include "cells.h"
#include "priv/reader.h"

/* The way of every record. */
static int normalize(struct dnc_event_reader *r, const struct dnc_cells *row, struct dnc_event *out,
	struct dnc_error *err)
{
	dnc_buf_clear(&r->record);
	dnc_cells_write(&r->record, row);
	if (!dnc_buf_reserve(&r->record, DNC_JSON_PADDING) || !dnc_buf_ok(&r->record))
		return dnc_error_nomem(err);
	return reader_normalize_read(r, r->record.p, r->record.n, out, err);
}

/* When it happened. */
struct moment {
	struct dnc_str said;          /* as the row says; p is NULL if it does not */
	const struct dnc_cell *stamp; /* of the timestamp; NULL if there is none */
	int64_t stamp_ms;
};

static bool read_cell(const struct dnc_cell *cell, int64_t *ms)
{
	*ms = cell->at_ms;
	return cell->timed || dnc_clock_parse(cell->value, ms);
}

/* Sets M. False if the row must be normalized: its cells depend on each other, or it is no event. */
static bool read_moment(const struct dnc_cells *row, struct moment *m)
{
	size_t times = 0;
	int64_t ms;

	*m = (struct moment){0};
	for (size_t i = 0; i < row->count; i++) {
		const struct dnc_cell *cell = &row->cell[i];
		bool stamp = cell->name->role == DNC_CELL_STAMP;

		if (cell->name->role != DNC_CELL_TIME && !stamp)
			continue;
		if (!read_cell(cell, &ms) || (!stamp && times++))
			return false; /* an expiry may be before the suppression */
		if (stamp) {
			m->stamp = cell;
			m->stamp_ms = ms;
		}
		if (stamp || (!m->stamp && dnc_str_eq(cell->name->text, DNC_STR("suppressed_at"))))
			m->said = cell->value;
	}
	return true;
}

/* Sets F for a number and its moment. */
static void fill(struct filling *f, struct dnc_str e164, const struct moment *m, int64_t now)
{
	if (m->stamp && m->stamp->timed && f->e164.p) {
		memcpy(f->at, m->stamp->value.p, DNC_TIME_LEN);
		f->at_ms = m->stamp_ms;
	}
	filling_set(f, e164, m->stamp ? m->stamp_ms : now, now);
}

/* The mold for ROW. One is made for a kind of row that comes twice, so that kinds which differ in each row cost nothing. NULL if
 * there is none. */
static const struct mold *mold_for(
	struct dnc_event_reader *r, const struct dnc_cells *row, size_t number_n)
{
	const struct mold_work work = {&r->options, &r->draft, &r->doc, r->parser};
	uint64_t hash = mold_hash(row, number_n);
	struct mold *m;

	if (!r->molds && !(r->molds = calloc(MOLDS, sizeof *r->molds)))
		return NULL;
	m = &r->molds[hash % MOLDS];
	if (m->made && m->hash == hash && mold_fits(m, row, number_n, r->options.source_format))
		return m->valid ? m : NULL;
	if (m->candidate != hash) {
		m->candidate = hash;
		return NULL;
	}
	r->doc_of = 0;
	mold_make(m, row, (struct dnc_str){r->e164, number_n}, &work);
	m->hash = hash;
	return m->valid ? m : NULL;
}

int dnc_event_from_cells(struct dnc_event_reader *r, const struct dnc_cells *row,
	struct dnc_event *out, struct dnc_error *err)
{
	int64_t now = dnc_clock_now_ms();
	struct moment moment;
	struct dnc_event_shape shape;
	const struct mold *m;
	char uuid[DNC_UUID_LEN];
	size_t n;

	if (row->type != DNC_NUMBER_SUPPRESSED || !row->number.p || row->count > MOLD_CELLS ||
		dnc_phone_normalize(row->number, r->options.region, r->options.strict_phone,
			r->e164, &n) != DNC_PHONE_OK ||
		!read_moment(row, &moment) || !(m = mold_for(r, row, n)))
		return normalize(r, row, out, err);
	fill(&r->filling, (struct dnc_str){r->e164, n}, &moment, now);
	mold_content(m, &r->filling, row, &r->scratch);
	identify_content(&r->scratch, moment.said, &r->position, now, uuid);
	mold_line(m, &r->filling, row, uuid, &r->out, &shape);
	if (!dnc_buf_reserve(&r->out, DNC_JSON_PADDING) || !dnc_buf_ok(&r->out) ||
		!dnc_buf_ok(&r->scratch))
		return dnc_error_nomem(err);
	if (r->out.n > DNC_EVENT_MAX_BYTES)
		return draft_reject(
			err, DNC_REJECT_TOO_LARGE, "", "the event is longer than 32768 bytes");
	r->doc_of = 0;
	return dnc_event_from_shape(r, dnc_buf_view(&r->out), 0, &shape, out) < 0
	               ? dnc_error_nomem(err)
	               : 0;
}
