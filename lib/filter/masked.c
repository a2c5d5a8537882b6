/* masked.c - whether a filter compares only what masked events do not have. */
#include <stdio.h>
#include "priv/clause.h"

/* Of TYPES, those whose masked events may have something at PATH. */
static unsigned that_show(const struct dnc_mask *mask, unsigned types, struct dnc_str path)
{
	unsigned shown = 0;

	for (int t = 0; t < DNC_TYPES; t++)
		if (types & 1u << t && dnc_mask_may_show(mask, (enum dnc_type)t, path))
			shown |= 1u << t;
	return shown;
}

/* Of TYPES, those whose masked events may pass the condition on W. */
static unsigned that_pass(
	const struct dnc_mask *mask, unsigned types, const struct dnc_filter_word *w)
{
	unsigned own = 1u << w->type;
	char path[96];

	switch (w->source) {
	case DNC_FILTER_OF_PROVIDER:
		return that_show(mask, types, DNC_STR("provider"));
	case DNC_FILTER_OF_PROVIDER_ID:
		return that_show(mask, types, DNC_STR("provider_id"));
	case DNC_FILTER_OF_EVENT_DATA:
		snprintf(path, sizeof path, "event_data.%.*s", DNC_STR_ARG(w->field));
		return (types & ~own) | that_show(mask, types & own, dnc_str(path));
	default:
		snprintf(path, sizeof path, "metadata.%.*s", DNC_STR_ARG(w->field));
		return that_show(mask, types, dnc_str(path));
	}
}

/* False if C can match events, but no masked ones; HIDDEN is then the first field to exclude all. */
static bool clause_sees(const struct clause *c, const struct dnc_mask *mask, struct dnc_str *hidden)
{
	unsigned types = c->types;

	if (types && c->pattern_count) {
		*hidden = DNC_STR("phone_patterns");
		types = that_show(mask, types, DNC_STR("phone_number"));
	}
	for (size_t i = 0; types && i < c->condition_count; i++) {
		*hidden = c->conditions[i].word->name;
		types = that_pass(mask, types, c->conditions[i].word);
	}
	for (size_t i = 0; types && i < c->custom_count; i++) {
		*hidden = c->customs[i].path;
		types = that_show(mask, types, c->customs[i].path);
	}
	return types || !c->types;
}

bool dnc_filter_sees_masked(
	const struct dnc_filter *f, const struct dnc_mask *mask, struct dnc_str *hidden)
{
	struct dnc_str first = {0}, at;

	for (size_t i = 0; i < f->count; i++) {
		if (clause_sees(&f->clauses[i], mask, &at))
			return true;
		first = first.p ? first : at;
	}
	*hidden = first;
	return !f->count;
}
