/* numbers.c - conditions that ask lists of numbers. */
#include <stdlib.h>
#include "base/array.h"
#include "base/log.h"
#include "priv/reading.h"

char *rules_find_path(const struct rules_reading *r)
{
	const char *slash = strrchr(r->path, '/');
	struct dnc_buf path = {0};

	if (r->entry->value.p[0] != '/' && slash)
		dnc_buf_add(&path, r->path, (size_t)(slash - r->path) + 1);
	dnc_buf_str(&path, r->entry->value);
	dnc_buf_chr(&path, '\0');
	if (dnc_buf_ok(&path))
		return path.p;
	dnc_buf_free(&path);
	return NULL;
}

/* The list of PATH that rules have which are read again, if the file did not change. */
static struct dnc_number_table *keep(const struct dnc_rules *before, const char *path)
{
	for (size_t i = 0; before && i < before->list_count; i++)
		if (strcmp(before->lists[i].path, path) == 0 &&
			dnc_number_table_is(before->lists[i].table, path))
			return dnc_number_table_ref(before->lists[i].table);
	return NULL;
}

/* An empty list is hardly what is meant: its comment may only have outlived its numbers. */
static void warn_if_emptied(
	const struct dnc_rules *before, const char *path, const struct dnc_number_table *fresh)
{
	for (size_t i = 0; before && i < before->list_count; i++)
		if (strcmp(before->lists[i].path, path) == 0 && !dnc_number_table_count(fresh) &&
			dnc_number_table_count(before->lists[i].table))
			dnc_warn("%s has no numbers any more", path);
}

/* The list of PATH, which is taken over; loaded once. NULL after a fault. */
static const struct dnc_number_table *load(struct rules_reading *r, char *path)
{
	struct dnc_rules *rules = r->rules;
	struct dnc_number_table *table = NULL;
	struct dnc_error err;

	for (size_t i = 0; path && i < rules->list_count; i++)
		if (strcmp(rules->lists[i].path, path) == 0) {
			free(path);
			return rules->lists[i].table;
		}
	if (!path || !dnc_array_grow(&rules->lists, &rules->list_room, rules->list_count + 1))
		rules_no_memory(r);
	else if ((table = keep(rules->options.before, path)) ||
		 (table = dnc_number_table_load(path, &err))) {
		warn_if_emptied(rules->options.before, path, table);
		rules->lists[rules->list_count++] = (struct rule_list){path, table};
	} else if (err.code == DNC_ERROR_NO_MEMORY)
		rules_no_memory(r);
	else
		rules_fault_value(r, DNC_NO_OFFSET, err.message);
	if (!table)
		free(path);
	return table;
}

/* The condition of the rule that `numbers`, or `not.numbers`, adds to. */
static struct rule_condition *find_condition(struct rules_reading *r, bool negated)
{
	struct rule *rule = r->rule;
	struct rule_condition *c;

	for (size_t i = 0; i < rule->condition_count; i++)
		if (!rule->conditions[i].filter && rule->conditions[i].negated == negated)
			return &rule->conditions[i];
	if (!dnc_array_grow(&rule->conditions, &rule->condition_room, rule->condition_count + 1))
		return NULL;
	c = &rule->conditions[rule->condition_count];
	*c = (struct rule_condition){
		.negated = negated, .key = strdup(negated ? "not.numbers" : "numbers")};
	if (!c->key)
		return NULL;
	rule->condition_count++;
	return c;
}

int rules_read_numbers(struct rules_reading *r, bool negated)
{
	const struct dnc_number_table *table;
	struct rule_condition *c;

	if (!r->entry->value.n)
		return rules_fault_value(r, DNC_NO_OFFSET, "the name of a file is missing");
	table = load(r, rules_find_path(r));
	if (!table)
		return -1;
	if (!dnc_number_table_count(table))
		rules_warn(r, r->entry->value_at, "the list has no numbers");
	c = find_condition(r, negated);
	if (!c || !dnc_array_grow(&c->lists, &c->list_room, c->list_count + 1))
		return rules_no_memory(r);
	c->lists[c->list_count++] = table;
	return 0;
}
