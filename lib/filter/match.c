/* match.c - tests an event. */
#include <stdatomic.h>
#include "base/clock.h"
#include "priv/clause.h"

static atomic_uint_fast64_t limit_hits;

uint64_t dnc_filter_limit_hits(void)
{
	return limit_hits;
}

static bool match_patterns(
	const struct dnc_filter *f, const struct clause *c, struct dnc_str number)
{
	if (!number.p)
		return false;
	for (size_t i = 0; i < c->pattern_count; i++)
		switch (filter_pattern_try(c->patterns[i], number)) {
		case PATTERN_MATCHES:
			return true;
		case PATTERN_DIFFERS:
			break;
		case PATTERN_OVER_BUDGET:
			limit_hits++;
			((struct dnc_filter *)(uintptr_t)f)->over_budget = true;
			return false;
		}
	return false;
}

static inline bool among(const struct values *list, struct dnc_str value)
{
	const struct dnc_str *v = list->v, *end = v + list->n;

	if (!value.p)
		return false;
	for (; v < end; v++)
		if (dnc_str_eq(*v, value))
			return true;
	return false;
}

static struct dnc_str member_text(const struct dnc_json *doc, uint32_t object, struct dnc_str key)
{
	uint32_t at = dnc_json_get(doc, object, key);

	return at ? doc->node[at].text : (struct dnc_str){0};
}

static struct dnc_str event_data_text(const struct dnc_event *e, struct dnc_str key)
{
	const struct dnc_json *doc = dnc_event_doc(e);

	return doc ? member_text(doc, dnc_event_data_node(doc), key) : (struct dnc_str){0};
}

static struct dnc_str metadata_text(const struct dnc_event *e, struct dnc_str key)
{
	const struct dnc_json *doc = dnc_event_doc(e);

	return doc ? member_text(doc, dnc_event_metadata_node(doc), key) : (struct dnc_str){0};
}

static inline struct dnc_str value_of(const struct dnc_event *e, const struct dnc_filter_word *w)
{
	switch (w->source) {
	case DNC_FILTER_OF_PROVIDER:
		return e->provider;
	case DNC_FILTER_OF_PROVIDER_ID:
		return e->provider_id;
	case DNC_FILTER_OF_EVENT_DATA:
		return event_data_text(e, w->field);
	case DNC_FILTER_OF_METADATA:
		return metadata_text(e, w->field);
	case DNC_FILTER_OF_TYPE:
	case DNC_FILTER_OF_SEVERITY: /* the clause has bits for them */
	case DNC_FILTER_NO_SOURCE:
		break;
	}
	return (struct dnc_str){0};
}

static bool match_conditions(const struct clause *c, const struct dnc_event *e)
{
	for (size_t i = 0; i < c->condition_count; i++) {
		const struct dnc_filter_word *w = c->conditions[i].word;

		if (w->source == DNC_FILTER_OF_EVENT_DATA && w->type != e->type)
			continue;
		if (!among(&c->conditions[i].values, value_of(e, w)))
			return false;
	}
	return true;
}

/* The node at the dotted PATH; keys that hold dots themselves are found when they come last. */
static uint32_t find_path(const struct dnc_json *doc, struct dnc_str path)
{
	uint32_t at = 0;

	for (;;) {
		uint32_t whole = dnc_json_get(doc, at, path);
		const char *dot = memchr(path.p, '.', path.n);
		struct dnc_str part = {path.p, dot ? (size_t)(dot - path.p) : 0};

		if (whole || !dot)
			return whole;
		at = dnc_json_get(doc, at, part);
		if (!at)
			return 0;
		path = (struct dnc_str){dot + 1, path.n - part.n - 1};
	}
}

/* A value matches a scalar that is equal, or an array that holds an equal one. */
static bool match_custom(const struct custom *custom, const struct dnc_event *e)
{
	const struct dnc_json *doc = dnc_event_doc(e);
	uint32_t at = doc ? find_path(doc, custom->path) : 0;
	const struct dnc_json_node *node = doc ? doc->node : NULL;

	if (!at || node[at].type == DNC_JSON_OBJECT)
		return false;
	if (node[at].type != DNC_JSON_ARRAY)
		return among(&custom->values, node[at].text);
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next)
		if (node[i].type < DNC_JSON_ARRAY && among(&custom->values, node[i].text))
			return true;
	return false;
}

/* Cheap tests first: most events fail one of them. */
static bool match_clause(
	const struct dnc_filter *f, const struct clause *c, const struct dnc_event *e)
{
	if (!(c->types & 1u << e->type) || !(c->severities & 1u << (e->severity - dnc_severities)))
		return false;
	if (e->timestamp_ms < c->start_ms || e->timestamp_ms >= c->end_ms)
		return false;
	if (c->relative_ms && e->timestamp_ms < dnc_clock_now_ms() - c->relative_ms)
		return false;
	if (!match_conditions(c, e))
		return false;
	if (c->pattern_count && !match_patterns(f, c, e->phone_number))
		return false;
	for (size_t i = 0; i < c->custom_count; i++)
		if (!match_custom(&c->customs[i], e))
			return false;
	return true;
}

bool dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event)
{
	if (!f->count)
		return true;
	for (size_t i = 0; i < f->count && !dnc_filter_over_budget(f); i++)
		if (match_clause(f, &f->clauses[i], event))
			return true;
	return false;
}
