/* mask.c - an event without whole phone numbers. */
#include "mask.h"
#include "base/clock.h"
#include "phone/phone.h"
#include "priv/fields.h"

static bool is_uuid(struct dnc_str s)
{
	char canonical[DNC_UUID_LEN];

	return s.n == DNC_UUID_LEN && dnc_uuid_read(s, canonical);
}

static bool is_time(struct dnc_str s)
{
	int64_t ms;

	return s.n >= 10 && s.n <= 40 && (dnc_clock_parse(s, &ms) || dnc_clock_parse_local(s, &ms));
}

/* An event that is being masked. */
struct masking {
	struct dnc_buf *out;
	const struct dnc_event *event;
	const struct dnc_json *doc;
	const char *done; /* the line is copied up to here */
	bool unsure;      /* the line may have another shape now, or two equal keys */
};

/* The string literal RAW, with its quotes, whose content TEXT had escapes, which may hide digits or
 * separators: the content is masked, then written anew. */
static void add_escaped_literal(struct masking *m, struct dnc_str raw, struct dnc_str text)
{
	enum { LONGEST_ESCAPE = 6 };
	struct dnc_buf *out = m->out;
	size_t from = out->n, written;

	/* The content is put where the literal will go, and the literal after it for now. */
	if (!dnc_buf_reserve(out, text.n + LONGEST_ESCAPE * text.n + 2))
		return;
	dnc_buf_str(out, text);
	if (!dnc_phone_mask_digits(out->p + from, text.n)) {
		out->n = from;
		dnc_buf_str(out, raw);
		return;
	}
	m->unsure = true;
	dnc_json_write_str(out, (struct dnc_str){out->p + from, text.n});
	written = out->n - from - text.n;
	memmove(out->p + from, out->p + from + text.n, written);
	out->n = from + written;
	if (written > raw.n) {
		out->n = from;
		dnc_buf_lit(out, "\"[masked]\"");
	}
}

/* The string literal RAW, with its quotes, whose content is TEXT. True when digits of it were masked; its length
 * stays the same then. */
static bool add_literal(struct masking *m, struct dnc_str raw, struct dnc_str text)
{
	size_t from = m->out->n;
	bool kept = is_uuid(text) || is_time(text);

	if (!kept && memchr(raw.p, '\\', raw.n)) {
		add_escaped_literal(m, raw, text);
		return false;
	}
	dnc_buf_str(m->out, raw);
	return !kept && dnc_buf_ok(m->out) &&
	       dnc_phone_mask_digits(m->out->p + from + 1, raw.n - 2);
}

/* A whole number: counts and durations stay. */
static void add_number(struct masking *m, const struct dnc_json_node *n)
{
	enum { SHORTEST = 7, SHOWN = 4 };
	enum dnc_type type = m->event->type;
	enum dnc_field f = dnc_field_find(type, n->key);

	if (n->raw.n < SHORTEST || strspn(n->raw.p, "0123456789") < n->raw.n ||
		(f != FIELD_NONE && dnc_fields[f].kind != KIND_ANY &&
			dnc_fields[f].kind != KIND_ARRAY) ||
		dnc_derived_find(type, n->key) >= 0 || dnc_str_eq(n->key, DNC_STR("seq"))) {
		dnc_buf_str(m->out, n->raw);
		return;
	}
	/* As long as it was: the quotes take the place of two digits. */
	dnc_buf_chr(m->out, '"');
	for (size_t i = 0; i < n->raw.n - SHOWN - 2; i++)
		dnc_buf_chr(m->out, '*');
	dnc_buf_add(m->out, n->raw.p + n->raw.n - SHOWN, SHOWN);
	dnc_buf_chr(m->out, '"');
}

/* The literal of a member's key: it ends before the colon in front of the value. */
static struct dnc_str key_literal(const struct dnc_json_node *n)
{
	const char *end = n->raw.p - 1, *start = end - 2;

	for (;; start--) {
		const char *back = start;

		if (*start != '"')
			continue;
		while (back[-1] == '\\')
			back--;
		if ((start - back) % 2 == 0)
			break;
	}
	return (struct dnc_str){start, (size_t)(end - start)};
}

static void add_up_to(struct masking *m, const char *end)
{
	dnc_buf_add(m->out, m->done, (size_t)(end - m->done));
	m->done = end;
}

/* Nodes FROM to TO, in the order of the text, each before those in it. */
static void add_nodes(struct masking *m, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		const struct dnc_json_node *n = &m->doc->node[i];

		if (n->key.p) {
			struct dnc_str key = key_literal(n);

			add_up_to(m, key.p);
			/* Two keys may be equal now. */
			m->unsure |= add_literal(m, key, n->key);
			m->done = key.p + key.n;
		}
		if (n->type != DNC_JSON_STRING && n->type != DNC_JSON_NUMBER)
			continue;
		add_up_to(m, n->raw.p);
		if (n->type == DNC_JSON_NUMBER)
			add_number(m, n);
		else if (add_literal(m, n->raw, n->text))
			/* Years that no source may send look like numbers. */
			m->unsure |= n->text.p == m->event->timestamp.p;
		m->done = n->raw.p + n->raw.n;
	}
}

/* Only what has a key of ours. */
static void add_bare(struct masking *m)
{
	uint32_t metadata = dnc_event_metadata_node(m->doc);
	const struct dnc_json_node *at =
		&m->doc->node[dnc_json_get(m->doc, metadata, DNC_STR("ingested_at"))];

	m->done = m->event->line.p;
	add_nodes(m, 1, dnc_event_data_node(m->doc));
	dnc_buf_lit(m->out, ",\"event_data\":{},\"metadata\":{\"ingested_at\":");
	add_literal(m, at->raw, at->text);
	dnc_buf_lit(m->out, "}}");
}

static bool pad(struct dnc_buf *out)
{
	return dnc_buf_reserve(out, DNC_JSON_PADDING) && dnc_buf_ok(out);
}

int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_event *masked)
{
	struct masking m = {out, e, dnc_event_doc(e), e->line.p, false};
	size_t from = out->n;
	struct dnc_event_shape shape;

	if (!m.doc)
		return -1;
	dnc_fields_init();
	add_nodes(&m, 1, m.doc->count);
	add_up_to(&m, e->line.p + e->line.n);
	if (!pad(out))
		return -1;
	if (!m.unsure) {
		dnc_event_shape_of(e, &shape);
		return dnc_event_from_shape(
			r, (struct dnc_str){out->p + from, out->n - from}, e->seq, &shape, masked);
	}
	if (dnc_event_parse(r, out->p + from, out->n - from, masked) == 0)
		return 0;
	out->n = from;
	add_bare(&m);
	return pad(out) ? dnc_event_parse(r, out->p + from, out->n - from, masked) : -1;
}
