/* match.c - one event against a compiled filter. */
#include <stdatomic.h>
#include "base/clock.h"
#include "priv/clause.h"

/* Work allowed to one pattern on one number. A number has 16 bytes: an honest pattern needs tens
 * of steps; 2,000 take some microseconds. */
enum { MATCH_LIMIT = 2000, DEPTH_LIMIT = 250, HEAP_LIMIT_KIB = 64 };

static atomic_uint_fast64_t limit_hits;

uint64_t dnc_filter_limit_hits(void)
{
	return limit_hits;
}

/* What a match needs, one for each thread; lives as long as the thread's process. */
static _Thread_local pcre2_match_data *match_data;
static _Thread_local pcre2_match_context *match_context;

static bool prepare_thread(void)
{
	if (!match_data)
		match_data = pcre2_match_data_create(1, NULL);
	if (!match_context && (match_context = pcre2_match_context_create(NULL))) {
		pcre2_set_match_limit(match_context, MATCH_LIMIT);
		pcre2_set_depth_limit(match_context, DEPTH_LIMIT);
		pcre2_set_heap_limit(match_context, HEAP_LIMIT_KIB);
	}
	return match_data && match_context;
}

enum pattern_verdict filter_try_pattern(const pcre2_code *re, struct dnc_str number)
{
	int rc;

	if (!prepare_thread())
		return PATTERN_DIFFERS;
	rc = pcre2_match(re, (PCRE2_SPTR)number.p, number.n, 0, 0, match_data, match_context);
	if (rc >= 0)
		return PATTERN_MATCHES;
	return rc == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS : PATTERN_TOO_MUCH;
}

static bool match_patterns(
	const struct dnc_filter *f, const struct clause *c, struct dnc_str number)
{
	if (!number.p)
		return false;
	for (size_t i = 0; i < c->pattern_count; i++)
		switch (filter_try_pattern(c->patterns[i], number)) {
		case PATTERN_MATCHES:
			return true;
		case PATTERN_DIFFERS:
			break;
		case PATTERN_TOO_MUCH:
			limit_hits++;
			/* All that ever changes in a filter. */
			((struct dnc_filter *)(uintptr_t)f)->struck = true;
			return false;
		}
	return false;
}

bool dnc_filter_over_budget(const struct dnc_filter *f)
{
	return atomic_load_explicit(&f->struck, memory_order_relaxed);
}

static bool among(const struct values *list, struct dnc_str value)
{
	for (size_t i = 0; value.p && i < list->n; i++)
		if (dnc_str_eq(list->v[i], value))
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

static bool match_lists(const struct clause *c, const struct dnc_event *e)
{
	for (int l = 0; l < LISTS; l++) {
		const struct list_spec *spec = &dnc_list_specs[l];
		struct dnc_str value;

		if (!c->list[l].n || (spec->own_type && spec->type != e->type))
			continue;
		if (spec->own_type)
			value = event_data_text(e, spec->field);
		else if (l == LIST_PROVIDERS)
			value = e->provider;
		else if (l == LIST_PROVIDER_IDS)
			value = e->provider_id;
		else
			value = e->severity->name;
		if (!among(&c->list[l], value))
			return false;
	}
	return true;
}

static bool match_flags(unsigned flags, const struct dnc_event *e)
{
	if (flags & FLAG_COMPLIANCE_ONLY && e->type != DNC_COMPLIANCE_VIOLATION)
		return false;
	if (flags & FLAG_HIGH_RISK_ONLY && !dnc_str_eq(e->severity->name, DNC_STR("high")) &&
		!dnc_str_eq(e->severity->name, DNC_STR("critical")))
		return false;
	if (flags & FLAG_ERRORS_ONLY && !dnc_str_eq(e->severity->name, DNC_STR("error")))
		return false;
	if (flags & FLAG_BLOCKED_ONLY &&
		!dnc_str_eq(metadata_text(e, DNC_STR("is_blocked")), DNC_STR("true")))
		return false;
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
	if (!(c->types & 1u << e->type) || e->severity->rank < c->min_rank)
		return false;
	if (e->timestamp_ms < c->start_ms || e->timestamp_ms >= c->end_ms)
		return false;
	if (c->relative_ms && e->timestamp_ms < dnc_clock_now_ms() - c->relative_ms)
		return false;
	if (!match_flags(c->flags, e) || !match_lists(c, e))
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
