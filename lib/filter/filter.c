/* filter.c - the references to a filter, and its properties. */
#include <stdlib.h>
#include "priv/clause.h"

static void free_clause(struct clause *clause)
{
	for (size_t i = 0; i < clause->pattern_count; i++)
		pcre2_code_free(clause->patterns[i]);
	for (size_t i = 0; i < clause->condition_count; i++)
		free(clause->conditions[i].values.v);
	for (size_t i = 0; i < clause->custom_count; i++)
		free(clause->customs[i].values.v);
	free(clause->patterns);
	free(clause->conditions);
	free(clause->customs);
}

const struct dnc_filter *dnc_filter_ref(const struct dnc_filter *f)
{
	struct dnc_filter *held = (struct dnc_filter *)(uintptr_t)f;

	if (held)
		atomic_fetch_add_explicit(&held->refs, 1, memory_order_relaxed);
	return held;
}

void dnc_filter_unref(const struct dnc_filter *held)
{
	struct dnc_filter *f = (struct dnc_filter *)(uintptr_t)held;

	if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < f->count; i++)
		free_clause(&f->clauses[i]);
	for (size_t i = 0; i < f->string_count; i++)
		free(f->strings[i]);
	free(f->clauses);
	free(f->strings);
	free(f->prefixes);
	dnc_buf_free(&f->text);
	dnc_buf_free(&f->outline);
	free(f);
}

size_t dnc_filter_count(const struct dnc_filter *f)
{
	return f->count == 1 && f->text.n == 2 ? 0 : f->count;
}

struct dnc_str dnc_filter_text(const struct dnc_filter *f)
{
	return dnc_buf_view(&f->text);
}

struct dnc_str dnc_filter_outline(const struct dnc_filter *f)
{
	return dnc_buf_view(&f->outline);
}

bool dnc_filter_over_budget(const struct dnc_filter *f)
{
	return atomic_load_explicit(&f->over_budget, memory_order_relaxed);
}

bool dnc_filter_has_patterns(const struct dnc_filter *f)
{
	return f->pattern_count;
}

bool dnc_filter_costly(const struct dnc_filter *f)
{
	return atomic_load_explicit(&f->costly, memory_order_relaxed);
}
