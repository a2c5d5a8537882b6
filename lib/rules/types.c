/* types.c - the types of events that a rule can match. */
#include "priv/reading.h"

unsigned rules_types(const struct rule *rule)
{
	unsigned types = rule->all ? dnc_filter_types(rule->all) : (1u << DNC_TYPES) - 1;

	for (size_t i = 0; i < rule->condition_count; i++)
		if (strcmp(rule->conditions[i].key, "not.type") == 0)
			types &= ~dnc_filter_types(rule->conditions[i].filter);
	return types;
}
