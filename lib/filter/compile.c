/* compile.c - JSON to a filter: its objects, and its canonical text. */
#include <stdio.h>
#include <stdlib.h>
#include "priv/compiler.h"

/* Cheap ones first: most events fail one of them, and event_data is searched for its members. */
static int by_cost(const void *a, const void *b)
{
	const struct condition *x = a, *y = b;

	return (int)x->word->source - (int)y->word->source;
}

/* To both texts of a list of filters. */
static void write_both(struct dnc_filter *f, char c)
{
	dnc_buf_chr(&f->text, c);
	dnc_buf_chr(&f->outline, c);
}

static int compile_object(struct compiler *c, uint32_t object)
{
	const struct dnc_json_node *node = c->doc->node;
	struct dnc_buf *text = &c->filter->text, *outline = &c->filter->outline;

	if (node[object].type != DNC_JSON_OBJECT)
		return filter_fail(c, DNC_STR(""), -1, "a filter must be an object");
	for (uint32_t i = object + 1; i < node[object].next; i = node[i].next)
		if (!dnc_filter_word(node[i].key))
			return filter_fail(c, node[i].key, -1, "unknown filter field");
	*c->clause = (struct clause){.types = (1u << DNC_TYPES) - 1,
		.severities = (1u << DNC_SEVERITIES) - 1,
		.start_ms = INT64_MIN,
		.end_ms = INT64_MAX};
	c->filter->count++;
	dnc_buf_chr(text, '{');
	dnc_buf_chr(outline, '{');
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];
		uint32_t at = dnc_json_get(c->doc, object, w->name);

		if (!at || node[at].type == DNC_JSON_NULL)
			continue;
		if (filter_compile_field(c, w, at) < 0)
			return -1;
		dnc_json_write_key(text, w->name);
		dnc_json_write_node(text, c->doc, at);
		filter_write_outline(c, w, at);
	}
	dnc_buf_chr(text, '}');
	dnc_buf_chr(outline, '}');
	if (c->clause->condition_count > 1)
		qsort(c->clause->conditions, c->clause->condition_count,
			sizeof *c->clause->conditions, by_cost);
	c->filter->open |= c->clause->pattern_count == 0;
	return dnc_buf_ok(text) && dnc_buf_ok(outline) ? 0 : dnc_error_nomem(c->err);
}

static const struct dnc_filter *compile(const struct dnc_json *doc, uint32_t index,
	const struct filter_owner *owner, struct dnc_error *err)
{
	const struct dnc_json_node *node = &doc->node[index];
	bool list = node->type == DNC_JSON_ARRAY;
	size_t room = list ? node->count : 1;
	struct compiler c = {.doc = doc, .err = err};

	if (room > DNC_FILTER_MAX_VALUES) {
		dnc_error_set(err, 0, "more than %d filters", DNC_FILTER_MAX_VALUES);
		return NULL;
	}
	c.filter = calloc(1, sizeof *c.filter);
	if (c.filter) {
		c.filter->refs = 1;
		c.filter->owner = owner;
		c.filter->clauses = calloc(room ? room : 1, sizeof *c.filter->clauses);
	}
	if (!c.filter || !c.filter->clauses) {
		dnc_error_nomem(err);
		goto fail;
	}
	if (!list || room == 0) {
		c.clause = c.filter->clauses;
		if (list) {
			dnc_buf_lit(&c.filter->text, "{}");
			dnc_buf_lit(&c.filter->outline, "{}");
			return c.filter;
		}
		if (compile_object(&c, index) < 0)
			goto fail;
		return c.filter;
	}
	for (uint32_t i = index + 1; i < node->next; i = doc->node[i].next) {
		snprintf(c.prefix, sizeof c.prefix, "[%zu].", c.filter->count);
		c.clause = &c.filter->clauses[c.filter->count];
		/* A list of one is spelled as that one. */
		if (room > 1)
			write_both(c.filter, i == index + 1 ? '[' : ',');
		if (compile_object(&c, i) < 0)
			goto fail;
	}
	if (room > 1)
		write_both(c.filter, ']');
	return c.filter;
fail:
	dnc_filter_unref(c.filter);
	return NULL;
}

const struct dnc_filter *dnc_filter_compile(
	const struct dnc_json *doc, uint32_t index, struct dnc_error *err)
{
	return compile(doc, index, NULL, err);
}

static const struct dnc_filter *compile_text(
	const char *json, size_t n, const struct filter_owner *owner, struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	char *copy = calloc(1, n + DNC_JSON_PADDING);
	const struct dnc_filter *f = NULL;
	struct dnc_json doc;

	if (!parser || !copy) {
		dnc_error_nomem(err);
	} else {
		memcpy(copy, json, n);
		if (dnc_json_parse(parser, copy, n, &doc, err) == 0)
			f = compile(&doc, 0, owner, err);
	}
	free(copy);
	dnc_json_parser_free(parser);
	return f;
}

const struct dnc_filter *dnc_filter_compile_text(const char *json, size_t n, struct dnc_error *err)
{
	return compile_text(json, n, NULL, err);
}

const struct dnc_filter *dnc_filter_compile_owned(
	const char *json, size_t n, enum dnc_filter_owner owner, struct dnc_error *err)
{
	static const struct filter_owner owners[] = {
		[DNC_FILTER_OF_ROLE] = {"what a role sees", "reported as gaps",
			DNC_FILTER_MAX_VALUES},
		[DNC_FILTER_OF_RULE] = {"a rule", "rejected", DNC_FILTER_RULE_VALUES},
	};

	return compile_text(json, n, &owners[owner], err);
}
