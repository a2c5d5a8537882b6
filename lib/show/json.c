/* json.c - events as JSON: as they are, in many lines, or only some of their fields. */
#include "base/escape.h"
#include "event/cloudevent.h"
#include "json/member.h"
#include "priv/show.h"

void show_indented(struct dnc_buf *out, const struct dnc_json *doc, uint32_t index)
{
	const struct dnc_json_node *node = &doc->node[index];
	uint32_t ends[DNC_JSON_MAX_DEPTH + 1], depth = 0;

	for (uint32_t i = index; i < node->next; i++) {
		const struct dnc_json_node *at = &doc->node[i];

		if (i > index) {
			dnc_buf_chr(out, '\n');
			for (uint32_t k = 0; k < depth; k++)
				dnc_buf_lit(out, "  ");
			if (doc->node[i].key.p) {
				dnc_json_write_str(out, at->key);
				dnc_buf_lit(out, ": ");
			}
		}
		if (at->type < DNC_JSON_ARRAY || !at->count) {
			dnc_buf_str(out, at->type == DNC_JSON_ARRAY    ? DNC_STR("[]")
					 : at->type == DNC_JSON_OBJECT ? DNC_STR("{}")
								       : at->raw);
		} else {
			dnc_buf_chr(out, at->type == DNC_JSON_ARRAY ? '[' : '{');
			ends[depth++] = i;
			continue;
		}
		while (depth && doc->node[ends[depth - 1]].next == i + 1) {
			bool array = doc->node[ends[--depth]].type == DNC_JSON_ARRAY;

			dnc_buf_chr(out, '\n');
			for (uint32_t k = 0; k < depth; k++)
				dnc_buf_lit(out, "  ");
			dnc_buf_chr(out, array ? ']' : '}');
		}
		if (depth)
			dnc_buf_chr(out, ',');
	}
}

void show_json_text(const struct dnc_show *s, struct dnc_buf *out, struct dnc_str json)
{
	if (s->options.terminal)
		dnc_escape(out, json, DNC_ESCAPE_JSON);
	else
		dnc_buf_str(out, json);
}

static void write_member(struct dnc_buf *out, const struct dnc_event *e, struct dnc_str key,
	const struct show_value *v)
{
	dnc_json_write_key(out, key);
	if (v->text)
		dnc_json_write_str(out, v->str);
	else
		show_value_write(out, e, v);
}

/* The members of the object: the chosen fields that the event has. */
static void write_members(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	for (size_t i = 0; i < s->fields.count; i++) {
		const struct show_field *f = &s->fields.field[i];
		struct show_value v;

		show_field_value(f, e, &s->zone, &v);
		if (v.there)
			write_member(out, e, f->name, &v);
	}
}

/* The object with the chosen fields, in S->cell. Its keys are the names that were asked for. */
static struct dnc_str selection(struct dnc_show *s, const struct dnc_event *e)
{
	dnc_buf_clear(&s->cell);
	dnc_buf_chr(&s->cell, '{');
	write_members(s, &s->cell, e);
	dnc_buf_chr(&s->cell, '}');
	dnc_buf_reserve(&s->cell, DNC_JSON_PADDING);
	return dnc_buf_view(&s->cell);
}

void show_json(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	show_json_text(s, out, s->chosen ? selection(s, e) : e->line);
}

void show_json_pretty(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	const struct dnc_json *doc = dnc_event_doc(e);
	struct dnc_json chosen;

	if (s->chosen) {
		struct dnc_str text = selection(s, e);

		if (!dnc_buf_ok(&s->cell) ||
			dnc_json_parse(s->parser, text.p, text.n, &chosen, NULL) < 0)
			doc = NULL;
		else
			doc = &chosen;
	}
	if (!doc) {
		out->failed = true;
		return;
	}
	dnc_buf_clear(&s->text);
	show_indented(&s->text, doc, 0);
	show_json_text(s, out, dnc_buf_view(&s->text));
}

void show_cloudevents(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e)
{
	if (!s->options.terminal) {
		dnc_event_write_cloudevent(out, e);
		return;
	}
	dnc_buf_clear(&s->cell);
	dnc_event_write_cloudevent(&s->cell, e);
	show_json_text(s, out, dnc_buf_view(&s->cell));
}
