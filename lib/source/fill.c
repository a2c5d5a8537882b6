#include "fill.h"
#include <stdlib.h>
#include "base/buf.h"
#include "base/words.h"
#include "event/event.h"
#include "json/json.h"
#include "json/member.h"

enum { VALUES = 4 };

struct dnc_fill {
	struct {
		struct dnc_str key;
		const char *value; /* NULL: none */
		bool known;        /* only where it is a known value of the type */
	} values[VALUES];
	struct dnc_json_parser *parser;
	struct dnc_buf text;
};

struct dnc_fill *dnc_fill_new(const struct dnc_source_options *o, struct dnc_error *err)
{
	struct dnc_fill *f = calloc(1, sizeof *f);

	if (!f || !(f->parser = dnc_json_parser_new())) {
		free(f);
		dnc_error_nomem(err);
		return NULL;
	}
	f->values[0].key = DNC_STR("provider");
	f->values[0].value = o->provider;
	f->values[1].key = DNC_STR("provider_id");
	f->values[1].value = o->provider_id;
	f->values[2].key = DNC_STR("reason");
	f->values[2].value = o->reason;
	f->values[3].key = DNC_STR("source");
	f->values[3].value = o->source;
	f->values[2].known = f->values[3].known = true;
	return f;
}

void dnc_fill_free(struct dnc_fill *f)
{
	if (!f)
		return;
	dnc_json_parser_free(f->parser);
	dnc_buf_free(&f->text);
	free(f);
}

/* True if the event lacks the value number I, and its type takes it. */
static bool lacks(
	const struct dnc_fill *f, size_t i, const struct dnc_json *doc, enum dnc_type type)
{
	uint32_t data = dnc_json_get(doc, 0, DNC_STR("event_data"));
	const char *known;

	if (!f->values[i].value || dnc_json_value(doc, 0, f->values[i].key) ||
		(data && doc->node[data].type == DNC_JSON_OBJECT &&
			dnc_json_value(doc, data, f->values[i].key)))
		return false;
	if (!f->values[i].known)
		return true;
	known = dnc_event_known_values(type, f->values[i].key);
	return known && dnc_words_have(known, dnc_str(f->values[i].value));
}

/* Writes OBJECT's members without those of GIVEN (a bit for each value), which follow. */
static void write_members(
	struct dnc_fill *f, const struct dnc_json *doc, uint32_t object, unsigned given)
{
	for (uint32_t i = object + 1; i < doc->node[object].next; i = doc->node[i].next) {
		struct dnc_str key = doc->node[i].key;
		bool skip = false;

		for (size_t v = 0; v < VALUES; v++)
			skip |= given & 1u << v && dnc_str_eq(f->values[v].key, key);
		if (skip)
			continue;
		dnc_json_write_key(&f->text, key);
		if (object == 0 && doc->node[i].type == DNC_JSON_OBJECT &&
			dnc_str_eq(key, DNC_STR("event_data"))) {
			dnc_buf_chr(&f->text, '{');
			write_members(f, doc, i, given);
			dnc_buf_chr(&f->text, '}');
		} else {
			dnc_json_write_node(&f->text, doc, i);
		}
	}
}

int dnc_fill_add(struct dnc_fill *f, struct dnc_str *event, struct dnc_error *err)
{
	struct dnc_error bad;
	struct dnc_json doc;
	enum dnc_type type;
	unsigned given = 0;
	uint32_t named;

	if (dnc_json_parse(f->parser, event->p, event->n, &doc, &bad) < 0)
		return bad.code == DNC_ERROR_NO_MEMORY ? dnc_error_nomem(err) : 0;
	if (doc.node[0].type != DNC_JSON_OBJECT)
		return 0;
	named = dnc_json_get(&doc, 0, DNC_STR("type"));
	if (!named || !dnc_type_from_raw(doc.node[named].text, &type))
		return 0;
	for (size_t i = 0; i < VALUES; i++)
		given |= (unsigned)lacks(f, i, &doc, type) << i;
	if (!given)
		return 0;
	dnc_buf_clear(&f->text);
	dnc_buf_chr(&f->text, '{');
	write_members(f, &doc, 0, given);
	for (size_t i = 0; i < VALUES; i++)
		if (given & 1u << i) {
			dnc_json_write_key(&f->text, f->values[i].key);
			dnc_json_write_str(&f->text, dnc_str(f->values[i].value));
		}
	dnc_buf_chr(&f->text, '}');
	if (!dnc_buf_reserve(&f->text, DNC_JSON_PADDING) || !dnc_buf_ok(&f->text))
		return dnc_error_nomem(err);
	*event = dnc_buf_view(&f->text);
	return 0;
}
