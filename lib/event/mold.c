/* mold.c - makes, checks and fills the events of a kind of row. */
#include "priv/mold.h"
#include <stdio.h>

/* A number is masked in a word of the summary that has its last seven digits (phone.h). */
enum { MASKED_DIGITS = 7, MARK_MAX = DNC_TIME_LEN };

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 32;
}

static uint64_t mix_text(uint64_t h, struct dnc_str s)
{
	uint64_t eight = 0;

	h = mix(h, s.n);
	for (; s.n > sizeof eight; s.p += sizeof eight, s.n -= sizeof eight) {
		memcpy(&eight, s.p, sizeof eight);
		h = mix(h, eight);
	}
	eight = 0;
	memcpy(&eight, s.p, s.n);
	return mix(h, eight);
}

uint64_t mold_hash(const struct dnc_cells *row, size_t number_n)
{
	uint64_t h = mix(row->count, number_n);

	for (size_t i = 0; i < row->count; i++) {
		h = mix(h, row->cell[i].name->hash);
		if (row->cell[i].name->role == DNC_CELL_FIXED)
			h = mix_text(h, row->cell[i].value);
	}
	return h;
}

static void add_sized(struct dnc_buf *b, struct dnc_str s)
{
	dnc_buf_add(b, &s.n, sizeof s.n);
	dnc_buf_str(b, s);
}

/* True if AT, which it moves, has S with its length. */
static bool has_sized(const char **at, struct dnc_str s)
{
	size_t n;

	memcpy(&n, *at, sizeof n);
	if (n != s.n || memcmp(*at + sizeof n, s.p, n) != 0)
		return false;
	*at += sizeof n + n;
	return true;
}

bool mold_fits(const struct mold *m, const struct dnc_cells *row, size_t number_n,
	const char *source_format)
{
	const char *at = m->kind.p;
	size_t count;

	if (m->number_n != number_n || m->source_format != source_format || !m->kind.n)
		return false;
	memcpy(&count, at, sizeof count);
	at += sizeof count;
	if (count != row->count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!has_sized(&at, row->cell[i].name->text) ||
			(row->cell[i].name->role == DNC_CELL_FIXED &&
				!has_sized(&at, row->cell[i].value)))
			return false;
	return true;
}

static void keep_kind(struct mold *m, const struct dnc_cells *row)
{
	dnc_buf_clear(&m->kind);
	dnc_buf_add(&m->kind, &row->count, sizeof row->count);
	for (size_t i = 0; i < row->count; i++) {
		add_sized(&m->kind, row->cell[i].name->text);
		if (row->cell[i].name->role == DNC_CELL_FIXED)
			add_sized(&m->kind, row->cell[i].value);
	}
	if (!dnc_buf_ok(&m->kind))
		dnc_buf_clear(&m->kind);
}

/* True if no cell says more than a mold can know. */
static bool may_be_molded(const struct dnc_cells *row)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct dnc_cell *cell = &row->cell[i];

		if (cell->name->role == DNC_CELL_SINGLE || !cell->value.n ||
			(cell->name->role == DNC_CELL_FIXED &&
				dnc_phone_digits(cell->value) >= MASKED_DIGITS))
			return false;
	}
	return true;
}

/* One event, written as any other, with an id of zeros. */
struct specimen {
	struct dnc_buf record, line, content;
	struct dnc_event_shape shape;
	struct filling filling;
	size_t timestamp; /* where the line's timestamp starts */
};

static void specimen_finish(struct specimen *s)
{
	dnc_buf_free(&s->record);
	dnc_buf_free(&s->line);
	dnc_buf_free(&s->content);
}

static bool specimen_make(
	struct specimen *s, const struct dnc_cells *row, const struct mold_work *w)
{
	static const struct dnc_str before_timestamp = DNC_STR("\",\"timestamp\":\"");
	struct draft *d = w->draft;
	struct dnc_error ignored;

	dnc_cells_write(&s->record, row);
	if (!dnc_buf_reserve(&s->record, DNC_JSON_PADDING) || !dnc_buf_ok(&s->record) ||
		dnc_json_parse(w->parser, s->record.p, s->record.n, w->doc, &ignored) < 0 ||
		draft_read(d, w->doc, w->options, NULL, &ignored) < 0)
		return false;
	memset(d->uuid, '0', sizeof d->uuid);
	draft_write(d, w->options->source_format, &s->line, &s->shape);
	draft_write_content(d, &s->content);
	filling_set(&s->filling, d->e164, d->timestamp_ms, d->ingested_at_ms);
	s->timestamp = s->shape.severity_text + d->severity->name.n + before_timestamp.n;
	return dnc_buf_ok(&s->line) && dnc_buf_ok(&s->content) && s->line.n <= DNC_EVENT_MAX_BYTES;
}

/* A place where a text is cut: N bytes at AT are a part. */
struct cut {
	size_t at, n;
	enum mold_part part;
	size_t cell;
};

struct cuts {
	struct cut cut[MOLD_PIECES];
	size_t count;
	bool full; /* or a cut has no place: the text is not kept */
};

/* Adds a cut at its place: they are in the order of the text. */
static void add_cut(struct cuts *c, struct cut cut)
{
	size_t i;

	c->full |= c->count == MOLD_PIECES - 1;
	if (c->full)
		return;
	for (i = c->count++; i && c->cut[i - 1].at > cut.at; i--)
		c->cut[i] = c->cut[i - 1];
	c->cut[i] = cut;
}

/* Cuts wherever the MARK of a cell is; its value has so many bytes BEFORE it. The text is not kept if they can't be there. */
static void cut_marks(
	struct cuts *c, struct dnc_str text, struct dnc_str mark, size_t before, size_t cell)
{
	const char *at = text.p, *end = text.p + text.n;

	while ((at = memmem(at, (size_t)(end - at), mark.p, mark.n))) {
		if ((size_t)(at - text.p) < before) {
			c->full = true;
			return;
		}
		add_cut(c, (struct cut){(size_t)(at - text.p) - before, mark.n + before, MOLD_VALUE,
				   cell});
		at += mark.n;
	}
}

/* Cuts at the first WHAT in a part of TEXT. */
static void cut_first(
	struct cuts *c, struct dnc_str text, size_t from, struct dnc_str what, enum mold_part part)
{
	const char *at = memmem(text.p + from, text.n - from, what.p, what.n);

	if (at)
		add_cut(c, (struct cut){(size_t)(at - text.p), what.n, part, 0});
}

/* Keeps TEXT as its pieces. False if there are too many of them, or no memory. */
static bool keep_pieces(struct mold_text *t, struct dnc_str text, const struct cuts *c)
{
	size_t from = 0;

	dnc_buf_clear(&t->text);
	t->pieces = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct cut *cut = &c->cut[i];

		if (cut->at < from)
			return false; /* a mark is a part of something else */
		dnc_buf_add(&t->text, text.p + from, cut->at - from);
		t->piece[t->pieces++] = (struct mold_piece){
			(uint16_t)(cut->at - from), (uint8_t)cut->part, (uint8_t)cut->cell};
		from = cut->at + cut->n;
	}
	dnc_buf_add(&t->text, text.p + from, text.n - from);
	t->piece[t->pieces++] = (struct mold_piece){(uint16_t)(text.n - from), MOLD_END, 0};
	return !c->full && dnc_buf_ok(&t->text);
}

/* A text for cell I that stands nowhere else; a time for a time. */
static struct dnc_str make_mark(const struct dnc_cell *cell, size_t i, char mark[MARK_MAX])
{
	enum { A_TIME = 1000000007, STEP = 90061001 };

	if (cell->name->role == DNC_CELL_TEXT)
		return (struct dnc_str){mark, (size_t)snprintf(mark, MARK_MAX, "<cell %zu>", i)};
	dnc_clock_format(A_TIME * INT64_C(1000) + (int64_t)i * STEP, mark);
	return (struct dnc_str){mark, DNC_TIME_LEN};
}

static bool cut_line(struct mold *m, const struct specimen *s, const struct dnc_cells *row)
{
	const struct dnc_event_shape *shape = &s->shape;
	struct dnc_str line = dnc_buf_view(&s->line);
	struct cuts c = {.count = 0};

	add_cut(&c, (struct cut){shape->id.at, shape->id.n, MOLD_ID, 0});
	add_cut(&c, (struct cut){shape->phone_number.at, shape->phone_number.n, MOLD_NUMBER, 0});
	add_cut(&c, (struct cut){s->timestamp, DNC_TIME_LEN, MOLD_TIMESTAMP, 0});
	cut_first(&c, (struct dnc_str){line.p, (size_t)shape->summary.at + shape->summary.n},
		shape->summary.at, (struct dnc_str){s->filling.mask, s->filling.e164.n}, MOLD_MASK);
	add_cut(&c, (struct cut){shape->metadata, 0, MOLD_METADATA, 0});
	add_cut(&c, (struct cut){shape->ingested_at.at, shape->ingested_at.n, MOLD_NOW, 0});
	for (size_t i = 0; i < row->count; i++) {
		char quoted[MARK_MAX + 2];
		struct dnc_str value = row->cell[i].value;
		enum dnc_cell_role role = row->cell[i].name->role;

		if (role == DNC_CELL_FIXED || role == DNC_CELL_STAMP)
			continue;
		quoted[0] = quoted[value.n + 1] = '"';
		memcpy(quoted + 1, value.p, value.n);
		cut_marks(&c, line, (struct dnc_str){quoted, value.n + 2}, 0, i);
	}
	return keep_pieces(&m->line, line, &c);
}

static bool cut_content(struct mold *m, const struct specimen *s, const struct dnc_cells *row)
{
	struct dnc_str content = dnc_buf_view(&s->content);
	struct cuts c = {.count = 0};

	cut_first(&c, content, 0, s->filling.e164, MOLD_NUMBER);
	for (size_t i = 0; i < row->count; i++)
		if (row->cell[i].name->role != DNC_CELL_FIXED)
			cut_marks(&c, content, row->cell[i].value, sizeof(uint64_t), i);
	return keep_pieces(&m->content, content, &c);
}

/* True if the mold, filled, is what the SPECIMEN is. False, too, if there is no memory. */
static bool gives(const struct mold *m, const struct specimen *s, const struct dnc_cells *row)
{
	struct dnc_buf line = {0}, content = {0};
	struct dnc_event_shape shape;
	char uuid[DNC_UUID_LEN];
	bool same;

	memset(uuid, '0', sizeof uuid);
	mold_line(m, &s->filling, row, uuid, &line, &shape);
	mold_content(m, &s->filling, row, &content);
	same = dnc_str_eq(dnc_buf_view(&line), dnc_buf_view(&s->line)) &&
	       dnc_str_eq(dnc_buf_view(&content), dnc_buf_view(&s->content)) &&
	       shape.timestamp_ms == s->shape.timestamp_ms && shape.metadata == s->shape.metadata &&
	       shape.bytes == s->shape.bytes && shape.ingested_at.at == s->shape.ingested_at.at;
	dnc_buf_free(&line);
	dnc_buf_free(&content);
	return same;
}

/* Cuts the event of a row that has marks as cells, and compares the result with the event of ROW. */
static bool make(struct mold *m, const struct dnc_cells *row, const struct mold_work *work)
{
	struct specimen marked = {0}, real = {0};
	char mark[MOLD_CELLS][MARK_MAX];
	struct dnc_cell cell[MOLD_CELLS];
	struct dnc_cells marks = *row;
	bool valid;

	marks.cell = cell;
	for (size_t i = 0; i < row->count; i++) {
		cell[i] = row->cell[i];
		if (cell[i].name->role != DNC_CELL_FIXED)
			cell[i].value = make_mark(&cell[i], i, mark[i]);
	}
	valid = specimen_make(&marked, &marks, work);
	if (valid) {
		m->shape = marked.shape;
		valid = cut_line(m, &marked, &marks) && cut_content(m, &marked, &marks) &&
		        specimen_make(&real, row, work) && gives(m, &real, row);
	}
	specimen_finish(&marked);
	specimen_finish(&real);
	return valid;
}

void mold_make(struct mold *m, const struct dnc_cells *row, struct dnc_str e164,
	const struct mold_work *work)
{
	struct dnc_cells normal = *row;

	normal.number = e164;
	m->made = true;
	m->number_n = e164.n;
	m->source_format = work->options->source_format;
	keep_kind(m, row);
	m->valid = may_be_molded(row) && make(m, &normal, work);
}

void mold_finish(struct mold *m)
{
	dnc_buf_free(&m->kind);
	dnc_buf_free(&m->line.text);
	dnc_buf_free(&m->content.text);
}

void mold_content(const struct mold *m, const struct filling *f, const struct dnc_cells *row,
	struct dnc_buf *b)
{
	const struct mold_piece *piece = m->content.piece;
	const char *text = m->content.text.p;

	dnc_buf_clear(b);
	for (;; piece++) {
		dnc_buf_add(b, text, piece->bytes);
		text += piece->bytes;
		if (piece->part == MOLD_END)
			return;
		if (piece->part == MOLD_NUMBER) {
			dnc_buf_str(b, f->e164);
		} else {
			uint64_t n = row->cell[piece->cell].value.n;

			dnc_buf_add(b, &n, sizeof n);
			dnc_buf_str(b, row->cell[piece->cell].value);
		}
	}
}

void mold_line(const struct mold *m, const struct filling *f, const struct dnc_cells *row,
	const char uuid[DNC_UUID_LEN], struct dnc_buf *b, struct dnc_event_shape *shape)
{
	const char *text = m->line.text.p;

	dnc_buf_clear(b);
	*shape = m->shape;
	shape->timestamp_ms = f->at_ms;
	for (const struct mold_piece *piece = m->line.piece;; piece++) {
		dnc_buf_add(b, text, piece->bytes);
		text += piece->bytes;
		switch ((enum mold_part)piece->part) {
		case MOLD_ID:
			dnc_buf_add(b, uuid, DNC_UUID_LEN);
			break;
		case MOLD_NUMBER:
			dnc_buf_str(b, f->e164);
			break;
		case MOLD_MASK:
			dnc_buf_add(b, f->mask, f->e164.n);
			break;
		case MOLD_TIMESTAMP:
			dnc_buf_add(b, f->at, DNC_TIME_LEN);
			break;
		case MOLD_NOW:
			shape->ingested_at.at = (uint16_t)b->n;
			dnc_buf_add(b, f->now, DNC_TIME_LEN);
			break;
		case MOLD_METADATA:
			shape->metadata = (uint16_t)b->n;
			break;
		case MOLD_VALUE:
			dnc_json_write_str(b, row->cell[piece->cell].value);
			break;
		case MOLD_END:
			shape->bytes = (uint16_t)b->n;
			return;
		}
	}
}
