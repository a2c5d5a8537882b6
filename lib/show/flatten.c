#include "priv/flatten.h"

typedef void each_member(struct dnc_show *s, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_str name, const struct show_value *v);

/* The members of the object at NODE, whose names follow the PREFIX bytes of S->text. */
static void walk(struct dnc_show *s, const struct dnc_event *e, const struct dnc_json *doc,
	uint32_t object, each_member *each, struct dnc_buf *out)
{
	size_t prefix = s->text.n;

	for (uint32_t i = object + 1; i < doc->node[object].next; i = doc->node[i].next) {
		const struct dnc_json_node *node = &doc->node[i];
		struct show_value v = {.there = true,
			.text = node->type == DNC_JSON_STRING,
			.str = node->text,
			.node = i};

		dnc_buf_str(&s->text, node->key);
		if (node->type == DNC_JSON_OBJECT && node->count) {
			dnc_buf_chr(&s->text, '.');
			walk(s, e, doc, i, each, out);
		} else if (dnc_buf_ok(&s->text)) {
			each(s, out, e, dnc_buf_view(&s->text), &v);
		}
		s->text.n = prefix;
	}
}

void show_flatten(
	struct dnc_show *s, const struct dnc_event *e, each_member *each, struct dnc_buf *out)
{
	const struct dnc_json *doc = dnc_event_doc(e);

	dnc_buf_clear(&s->text);
	if (!doc)
		out->failed = true;
	for (size_t i = 0; s->chosen && i < s->fields.count; i++) {
		struct show_value v;

		show_field_value(&s->fields.field[i], e, &s->zone, &v);
		if (v.there)
			each(s, out, e, s->fields.field[i].name, &v);
	}
	if (doc && !s->chosen)
		walk(s, e, doc, 0, each, out);
	if (!dnc_buf_ok(&s->text))
		out->failed = true;
}
