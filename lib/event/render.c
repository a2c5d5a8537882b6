#include "render.h"
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

/* The same of a literal with escapes, which may hide digits or separators: its content is masked, then
 * written anew. */
static void add_escaped_literal(struct dnc_buf *out, struct dnc_str raw, struct dnc_str text)
{
	enum { LONGEST_ESCAPE = 6 };
	size_t from = out->n, written;

	/* The content is put where the literal will go, and the literal behind it for now. */
	if (!dnc_buf_reserve(out, text.n + LONGEST_ESCAPE * text.n + 2))
		return;
	dnc_buf_str(out, text);
	if (!dnc_phone_mask_digits(out->p + from, text.n)) {
		out->n = from;
		dnc_buf_str(out, raw);
		return;
	}
	dnc_json_write_str(out, (struct dnc_str){out->p + from, text.n});
	written = out->n - from - text.n;
	memmove(out->p + from, out->p + from + text.n, written);
	out->n = from + written;
	if (written > raw.n) {
		out->n = from;
		dnc_buf_lit(out, "\"[masked]\"");
	}
}

/* The string literal RAW, with its quotes, whose content is TEXT. */
static void add_literal(struct dnc_buf *out, struct dnc_str raw, struct dnc_str text)
{
	size_t from = out->n;

	if (!is_uuid(text) && !is_time(text) && memchr(raw.p, '\\', raw.n)) {
		add_escaped_literal(out, raw, text);
		return;
	}
	dnc_buf_str(out, raw);
	if (dnc_buf_ok(out) && !is_uuid(text) && !is_time(text))
		dnc_phone_mask_digits(out->p + from + 1, raw.n - 2);
}

/* A whole number: counts and durations stay. */
static void add_number(
	struct dnc_buf *out, const struct dnc_event *e, const struct dnc_json_node *n)
{
	enum { SHORTEST = 7, SHOWN = 4 };
	enum dnc_field f = dnc_field_find(e->type, n->key);

	if (n->raw.n < SHORTEST || strspn(n->raw.p, "0123456789") < n->raw.n ||
		(f != FIELD_NONE && dnc_fields[f].kind != KIND_ANY &&
			dnc_fields[f].kind != KIND_ARRAY) ||
		dnc_derived_find(e->type, n->key) >= 0 || dnc_str_eq(n->key, DNC_STR("seq"))) {
		dnc_buf_str(out, n->raw);
		return;
	}
	/* No longer than it was: the quotes take the place of two digits. */
	dnc_buf_chr(out, '"');
	for (size_t i = 0; i < n->raw.n - SHOWN - 2; i++)
		dnc_buf_chr(out, '*');
	dnc_buf_add(out, n->raw.p + n->raw.n - SHOWN, SHOWN);
	dnc_buf_chr(out, '"');
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

/* Nodes FROM to TO, which stand in the order of the text, each before those in it. Returns where the text
 * goes on behind them. */
static const char *add_nodes(struct dnc_buf *out, const struct dnc_event *e, const char *done,
	uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		const struct dnc_json_node *n = &e->doc->node[i];

		if (n->key.p) {
			struct dnc_str key = key_literal(n);

			dnc_buf_add(out, done, (size_t)(key.p - done));
			add_literal(out, key, n->key);
			done = key.p + key.n;
		}
		if (n->type != DNC_JSON_STRING && n->type != DNC_JSON_NUMBER)
			continue;
		dnc_buf_add(out, done, (size_t)(n->raw.p - done));
		if (n->type == DNC_JSON_STRING)
			add_literal(out, n->raw, n->text);
		else
			add_number(out, e, n);
		done = n->raw.p + n->raw.n;
	}
	return done;
}

static void add_whole(struct dnc_buf *out, const struct dnc_event *e)
{
	const char *done = add_nodes(out, e, e->line.p, 1, e->doc->count);

	dnc_buf_add(out, done, (size_t)(e->line.p + e->line.n - done));
}

/* Only what has a key of ours. */
static void add_bare(struct dnc_buf *out, const struct dnc_event *e)
{
	const struct dnc_json_node *at =
		&e->doc->node[dnc_json_get(e->doc, e->metadata, DNC_STR("ingested_at"))];

	add_nodes(out, e, e->line.p, 1, e->event_data);
	dnc_buf_lit(out, ",\"event_data\":{},\"metadata\":{\"ingested_at\":");
	add_literal(out, at->raw, at->text);
	dnc_buf_lit(out, "}}");
}

static int view(struct dnc_event_reader *r, struct dnc_buf *out, size_t from, struct dnc_event *e)
{
	return dnc_buf_reserve(out, DNC_JSON_PADDING) && dnc_buf_ok(out)
	               ? dnc_event_parse(r, out->p + from, out->n - from, e)
	               : -1;
}

int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_event *masked)
{
	size_t from = out->n;

	dnc_fields_init();
	add_whole(out, e);
	if (view(r, out, from, masked) == 0)
		return 0;
	out->n = from;
	add_bare(out, e);
	return view(r, out, from, masked);
}

static void add_member(struct dnc_buf *out, struct dnc_str key, struct dnc_str value)
{
	dnc_json_write_key(out, key);
	dnc_json_write_str(out, value);
}

void dnc_event_write_cloudevent(struct dnc_buf *out, const struct dnc_event *e)
{
	char time[DNC_TIME_LEN];

	dnc_buf_lit(out, "{\"specversion\":\"1.0\"");
	add_member(out, DNC_STR("id"), e->id);
	dnc_buf_lit(out, ",\"source\":\"/dnc/");
	dnc_buf_percent(out, e->provider.p ? e->provider : DNC_STR("hub"));
	dnc_buf_chr(out, '"');
	add_member(out, DNC_STR("type"), dnc_type_names[e->type]);
	if (e->phone_number.p)
		add_member(out, DNC_STR("subject"), e->phone_number);
	dnc_clock_format(e->timestamp_ms, time);
	add_member(out, DNC_STR("time"), (struct dnc_str){time, sizeof time});
	dnc_buf_lit(out, ",\"datacontenttype\":\"application/json\"");
	/* The sequence extension wants a string. */
	dnc_buf_lit(out, ",\"sequence\":\"");
	dnc_buf_u64(out, e->seq);
	dnc_buf_chr(out, '"');
	add_member(out, DNC_STR("severity"), e->severity->name);
	dnc_buf_lit(out, ",\"data\":");
	dnc_buf_str(out, e->line);
	dnc_buf_chr(out, '}');
}
