/* rules.c - rules after they were read. */
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "priv/decide.h"
#include "priv/expect.h"

static int prepare_mark(struct rule *mark, struct dnc_error *err)
{
	struct rule_assignment *a;

	if (!dnc_array_grow(&mark->metadata.v, &mark->metadata.room, 1))
		return dnc_error_nomem(err);
	a = mark->metadata.v;
	*a = (struct rule_assignment){.key = strdup("rule")};
	mark->metadata.n = 1;
	return a->key ? rule_text_read(&a->text, DNC_STR("{rule}"), false, err)
	              : dnc_error_nomem(err);
}

int rules_prepare(struct dnc_rules *r, struct dnc_error *err)
{
	const struct dnc_event_options options = {0};

	r->counted = calloc(r->count + 1, COUNTED_BY_RULE * sizeof *r->counted);
	if (!r->counted || !rule_index_start(&r->index, r->count))
		return dnc_error_nomem(err);
	for (size_t i = 0; i < r->count; i++)
		if (!rule_index_add(&r->index, i, r->rule[i].all))
			return dnc_error_nomem(err);
	if (r->options.mark && prepare_mark(&r->mark, err) < 0)
		return -1;
	if (!r->changed.reader)
		r->changed.reader = dnc_event_reader_new(&options);
	if (!r->marked.reader)
		r->marked.reader = dnc_event_reader_new(&options);
	if (!r->made_reader)
		r->made_reader = dnc_event_reader_new(&options);
	if (!r->changed.reader || !r->marked.reader || !r->made_reader)
		return dnc_error_nomem(err);
	if (!r->options.now_ms)
		r->options.now_ms = dnc_clock_now_ms;
	for (size_t i = 0; i < r->count; i++) {
		rule_window_start(&r->rule[i].window);
		if (rule_program_start(&r->rule[i], &r->options, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < r->expectation_count; i++)
		if (rule_program_start(&r->expectation[i].rule, &r->options, err) < 0)
			return -1;
	return 0;
}

static void finish(struct rule *rule)
{
	const struct rule_assignments *lists[] = {
		&rule->metadata, &rule->emission.metadata, &rule->emission.event_data};

	for (size_t i = 0; i < rule->condition_count; i++) {
		dnc_filter_unref(rule->conditions[i].filter);
		free(rule->conditions[i].key);
		free(rule->conditions[i].lists);
	}
	free(rule->conditions);
	free(rule->copies);
	dnc_filter_unref(rule->all);
	rule_program_finish(&rule->program);
	rule_window_finish(&rule->window);
	for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
		for (size_t i = 0; i < lists[k]->n; i++) {
			free(lists[k]->v[i].key);
			rule_text_finish(&lists[k]->v[i].text);
		}
		free(lists[k]->v);
	}
	rule_text_finish(&rule->emission.phone_number);
	rule_text_finish(&rule->emission.provider);
}

/* Most likely it has the number that it had. */
static struct rule *find_rule(const struct dnc_rules *r, const char *name, size_t at)
{
	if (at < r->count && strcmp(r->rule[at].name, name) == 0)
		return &r->rule[at];
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->rule[i].name, name) == 0)
			return &r->rule[i];
	return NULL;
}

static void inherit_expectations(struct dnc_rules *fresh, struct dnc_rules *old)
{
	fresh->expect_changes += old->expect_changes + 1;
	for (size_t i = 0; i < fresh->expectation_count; i++)
		for (size_t k = 0; k < old->expectation_count; k++) {
			struct expectation *x = &fresh->expectation[i], *was = &old->expectation[k];

			if (strcmp(x->rule.name, was->rule.name) != 0)
				continue;
			if (memcmp(x->digest, was->digest, sizeof x->digest) == 0) {
				expectation_inherit(x, was);
				continue;
			}
			dnc_warn("expect %s: its conditions have changed: it starts anew",
				x->rule.name);
			expectation_inherit_made(x, was);
		}
}

void dnc_rules_inherit(struct dnc_rules *fresh, struct dnc_rules *old)
{
	fresh->options.before = NULL;
	fresh->counts = old->counts;
	fresh->decided = old->decided;
	fresh->timed = old->timed;
	fresh->unmarked = old->unmarked;
	for (size_t i = 0; i < fresh->count; i++) {
		struct rule *rule = &fresh->rule[i], *was = find_rule(old, rule->name, i);

		if (!was)
			continue;
		rule->counts = was->counts;
		rule->timed_ns = was->timed_ns;
		rule_window_inherit(&rule->window, &was->window);
	}
	inherit_expectations(fresh, old);
}

void dnc_rules_free(struct dnc_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		finish(&r->rule[i]);
	free(r->rule);
	for (size_t i = 0; i < r->expectation_count; i++) {
		finish(&r->expectation[i].rule);
		expectation_finish(&r->expectation[i]);
	}
	free(r->expectation);
	free(r->state_path);
	dnc_json_parser_free(r->expect_parser);
	dnc_buf_free(&r->expect_text);
	finish(&r->mark);
	for (size_t i = 0; i < r->path_count; i++)
		free(r->paths[i]);
	free(r->paths);
	for (size_t i = 0; i < r->list_count; i++) {
		dnc_number_table_unref(r->lists[i].table);
		free(r->lists[i].path);
	}
	free(r->lists);
	for (size_t i = 0; i < r->route_count; i++)
		dnc_route_finish(&r->routes[i].what);
	free(r->routes);
	free(r->routed);
	free(r->routed_at);
	dnc_buf_free(&r->routed_text);
	rule_index_finish(&r->index);
	dnc_event_reader_free(r->changed.reader);
	dnc_event_reader_free(r->marked.reader);
	dnc_event_reader_free(r->made_reader);
	dnc_buf_free(&r->edit);
	dnc_buf_free(&r->changed.text);
	dnc_buf_free(&r->marked.text);
	dnc_buf_free(&r->made_text);
	rules_forget_made(r);
	free(r->unmade);
	free(r->made);
	free(r->made_at);
	free(r->trace);
	free(r->counted);
	free(r);
}

size_t dnc_rules_routes(const struct dnc_rules *r)
{
	return r->route_count;
}

const struct dnc_route *dnc_rules_route(const struct dnc_rules *r, size_t route)
{
	return &r->routes[route].what;
}

const char *dnc_rules_file(const struct dnc_rules *r, size_t number)
{
	if (number < r->path_count)
		return r->paths[number];
	number -= r->path_count;
	return number < r->list_count ? r->lists[number].path : NULL;
}

size_t dnc_rules_count(const struct dnc_rules *r)
{
	return r->count;
}

const char *dnc_rules_name(const struct dnc_rules *r, size_t rule)
{
	return rule < r->count ? r->rule[rule].name : "default";
}

const struct dnc_rule_counts *dnc_rules_counts(const struct dnc_rules *r, size_t rule)
{
	return rule < r->count ? &r->rule[rule].counts : &r->counts;
}

double dnc_rules_seconds(const struct dnc_rules *r, size_t rule)
{
	if (rule >= r->count || !r->timed)
		return 0;
	return (double)r->rule[rule].timed_ns / 1e9 * (double)r->decided / (double)r->timed;
}
