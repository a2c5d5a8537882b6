/* match.c - tests an event. */
#include <stdatomic.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/clause.h"

static atomic_uint_fast64_t limit_hits;

uint64_t dnc_filter_limit_hits(void)
{
	return limit_hits;
}

/* Each function that looks at an event returns 1 if it matches, 0 if not, or DNC_MATCH_. */

/* All patterns of a filter together may take PATTERN_CHEAP_STEPS on a number before it counts as costly. */
static enum pattern_verdict try_pattern(
	struct dnc_filter *f, const pcre2_code *re, struct dnc_str number)
{
	enum pattern_verdict verdict;

	/* What a role sees is found out for each of its clients, and charged to none. */
	if (f->owner)
		return filter_pattern_try(re, number, PATTERN_CHEAP_STEPS);
	if (!atomic_load_explicit(&f->costly, memory_order_relaxed)) {
		verdict = filter_pattern_try(re, number, f->cheap_steps);
		if (verdict != PATTERN_OVER_BUDGET)
			return verdict;
		f->costly = true;
	}
	return filter_pattern_try(re, number, PATTERN_STEPS);
}

static int exceed(struct dnc_filter *f)
{
	bool known = atomic_exchange(&f->over_budget, true);

	limit_hits++;
	if (!f->owner)
		return 0;
	if (!known)
		dnc_err("the patterns of %s take too much work on some numbers, whose events are "
			"%s: use simpler ones than in %.*s",
			f->owner->what, f->owner->fate, DNC_STR_ARG(dnc_filter_text(f)));
	return DNC_MATCH_TOO_COSTLY;
}

__attribute__((noinline)) static int match_patterns(
	struct dnc_filter *f, const struct clause *c, struct dnc_str number)
{
	if (!number.p)
		return 0;
	for (size_t i = 0; i < c->pattern_count; i++)
		switch (try_pattern(f, c->patterns[i], number)) {
		case PATTERN_MATCHES:
			return 1;
		case PATTERN_DIFFERS:
			break;
		case PATTERN_NO_MEMORY:
			return DNC_MATCH_NO_MEMORY;
		case PATTERN_OVER_BUDGET:
			return exceed(f);
		}
	return 0;
}

static inline bool among(const struct values *list, struct dnc_str value)
{
	if (!value.p)
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (dnc_str_eq(list->v[i], value))
			return true;
	return false;
}

/* The text of the member of event_data or metadata, whichever W says; p is NULL if there is none. */
static inline struct dnc_str member_text(
	const struct dnc_json *doc, const struct dnc_filter_word *w)
{
	uint32_t object = dnc_event_data_node(doc), at;

	if (w->source == DNC_FILTER_OF_METADATA)
		object = dnc_event_metadata_node(doc);
	at = dnc_json_get(doc, object, w->field);
	return at ? doc->node[at].text : (struct dnc_str){0};
}

static inline int match_conditions(const struct clause *clause, const struct dnc_event *e)
{
	for (size_t i = 0; i < clause->condition_count; i++) {
		const struct condition *c = &clause->conditions[i];
		const struct dnc_filter_word *w = c->word;
		struct dnc_str value =
			w->source == DNC_FILTER_OF_PROVIDER ? e->provider : e->provider_id;

		if (w->source >= DNC_FILTER_OF_EVENT_DATA) {
			const struct dnc_json *doc;

			if (w->source == DNC_FILTER_OF_EVENT_DATA && w->type != e->type)
				continue;
			doc = dnc_event_doc(e);
			if (!doc)
				return DNC_MATCH_NO_MEMORY;
			value = member_text(doc, w);
		}
		if (!among(&c->values, value))
			return 0;
	}
	return 1;
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
static bool match_custom(const struct custom *custom, const struct dnc_json *doc)
{
	const struct dnc_json_node *node = doc->node;
	uint32_t at = find_path(doc, custom->path);

	if (!at || node[at].type == DNC_JSON_OBJECT)
		return false;
	if (node[at].type != DNC_JSON_ARRAY)
		return among(&custom->values, node[at].text);
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next)
		if (node[i].type < DNC_JSON_ARRAY && among(&custom->values, node[i].text))
			return true;
	return false;
}

__attribute__((noinline)) static int match_customs(
	const struct clause *c, const struct dnc_event *e)
{
	const struct dnc_json *doc = dnc_event_doc(e);

	if (!doc)
		return DNC_MATCH_NO_MEMORY;
	for (size_t i = 0; i < c->custom_count; i++)
		if (!match_custom(&c->customs[i], doc))
			return 0;
	return 1;
}

/* Cheap tests first: most events fail one of them. */
static inline int match_clause(
	const struct dnc_filter *f, const struct clause *c, const struct dnc_event *e)
{
	int matches;

	if (!(c->types & 1u << e->type) || !(c->severities & 1u << (e->severity - dnc_severities)))
		return 0;
	if (e->timestamp_ms < c->start_ms || e->timestamp_ms >= c->end_ms)
		return 0;
	if (c->relative_ms && e->timestamp_ms < dnc_clock_now_ms() - c->relative_ms)
		return 0;
	matches = match_conditions(c, e);
	if (matches > 0 && c->pattern_count)
		matches = match_patterns((struct dnc_filter *)(uintptr_t)f, c, e->phone_number);
	if (matches > 0 && c->custom_count)
		matches = match_customs(c, e);
	return matches;
}

/* True if F matches nothing any more. */
static inline bool is_ended(const struct dnc_filter *f)
{
	return atomic_load_explicit(&f->over_budget, memory_order_relaxed) && !f->owner;
}

int dnc_filter_match(const struct dnc_filter *f, const struct dnc_event *event)
{
	int matches = 0;

	if (!f->count)
		return 1;
	for (size_t i = 0; i < f->count && !is_ended(f); i++) {
		int one = match_clause(f, &f->clauses[i], event);

		if (one > 0)
			return 1;
		matches = one < matches ? one : matches;
	}
	return matches;
}
