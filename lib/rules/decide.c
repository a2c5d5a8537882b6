#include "priv/decide.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"

/* An event whose match is not known is not decided. */
static int fail_match(const struct rule *rule, int matches, struct dnc_error *err)
{
	if (matches == DNC_MATCH_NO_MEMORY)
		return dnc_error_nomem(err);
	return dnc_error_set(err, DNC_REJECT_INVALID_FIELD,
		"rule %s: a pattern takes too much work on this number; use a simpler one",
		rule->name);
}

static int try_condition(const struct rule_condition *c, const struct dnc_event *event)
{
	if (c->filter)
		return dnc_filter_match(c->filter, event);
	for (size_t i = 0; i < c->list_count; i++)
		if (dnc_number_table_has(c->lists[i], event->phone_number))
			return 1;
	return 0;
}

int rule_match(struct rule *rule, const struct dnc_event *event, bool explain,
	struct dnc_str *failed, struct dnc_error *err)
{
	int holds = rule->all ? dnc_filter_match(rule->all, event) : 1;

	*failed = (struct dnc_str){0};
	if (holds < 0)
		return fail_match(rule, holds, err);
	if (!holds && !explain)
		return 0;
	/* With `explain` these say which of the words it is. */
	for (size_t i = 0; i < rule->condition_count; i++) {
		const struct rule_condition *c = &rule->conditions[i];
		int one = try_condition(c, event);

		if (one < 0)
			return fail_match(rule, one, err);
		if (one == c->negated) {
			*failed = dnc_str(c->key);
			return 0;
		}
	}
	if (!holds || !rule->program.map)
		return holds;
	holds = rule_program_holds(rule, event, err);
	if (holds == 0)
		*failed = DNC_STR("jq");
	return holds;
}

/* The same share of events for everybody who samples by this rule. */
static bool is_kept(const struct rule *rule, const struct dnc_event *event)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	if (!rule->sample)
		return true;
	for (size_t i = 0; i < event->id.n; i++)
		h = (h ^ (unsigned char)event->id.p[i]) * UINT64_C(1099511628211);
	h ^= h >> 32;
	return h % rule->sample == 0;
}

static int note(struct dnc_rules *r, size_t rule, struct dnc_str failed, struct dnc_error *err)
{
	if (!dnc_array_grow(&r->trace, &r->trace_room, r->trace_count + 1))
		return dnc_error_nomem(err);
	r->trace[r->trace_count++] = (struct rule_trace){rule, failed};
	return 0;
}

static void decide(struct dnc_decision *d, struct dnc_rule_counts *counts, size_t rule,
	enum dnc_verdict verdict)
{
	d->verdict = verdict;
	d->rule = rule;
	counts->passed += verdict == DNC_VERDICT_PASS;
	counts->dropped += verdict == DNC_VERDICT_DROP;
	counts->routed += verdict == DNC_VERDICT_ROUTE;
}

/* The tables start anew when the rule is read again with another window; what is counted goes on. */
static void count_forgotten(struct rule *rule)
{
	struct rule_window *w = &rule->window;
	uint64_t forgotten = w->seen.forgotten + w->counted.forgotten;

	if (forgotten && !rule->counts.forgotten)
		dnc_warn("rule %s counts more than %zu keys: the one that was not used for the "
			 "longest is forgotten",
			rule->name, w->seen.max);
	rule->counts.forgotten += forgotten;
	w->seen.forgotten = w->counted.forgotten = 0;
}

/* Counts the event in the windows of RULE. Returns 1 if the rule acts on it, 0 if it does not and the next rules are asked, 2
 * if the event is decided, -1 with ERR. */
static int count(struct dnc_rules *r, size_t at, const struct dnc_event *event,
	struct dnc_decision *d, struct dnc_error *err)
{
	struct rule *rule = &r->rule[at];
	struct rule_window *w = &rule->window;
	int answer;

	if (!w->unique_ms && !w->limit)
		return 1;
	answer = rule_window_count(w, event, r->options.now_ms());
	count_forgotten(rule);
	switch (answer) {
	case WINDOW_KEPT:
		break;
	case WINDOW_LACKING:
		if (!rule->counts.lacking++)
			dnc_warn("rule %s: there are events without a field of \"by\": they are "
				 "neither limited nor repeats",
				rule->name);
		break;
	case WINDOW_REPEATED:
		rule->counts.repeated++;
		decide(d, &rule->counts, at, DNC_VERDICT_DROP);
		return 2;
	case WINDOW_ABOVE:
		rule->counts.limited++;
		if (rule->above == RULE_ABOVE_CONTINUE)
			return 0;
		decide(d, &rule->counts, at,
			rule->above == RULE_ABOVE_PASS ? DNC_VERDICT_PASS : DNC_VERDICT_DROP);
		return 2;
	default:
		return dnc_error_nomem(err);
	}
	return 1;
}

/* What a rule does that matches. Returns 1 if it has decided, 0 if the next rules are asked, -1 with ERR. */
static int act(struct dnc_rules *r, size_t at, struct dnc_event *event, struct dnc_decision *d,
	struct dnc_error *err)
{
	struct rule *rule = &r->rule[at];
	int rc;

	rule->counts.matched++;
	if (!is_kept(rule, event)) {
		rule->counts.sampled++;
		decide(d, &rule->counts, at, DNC_VERDICT_DROP);
		return 1;
	}
	rc = count(r, at, event, d, err);
	if (rc != 1)
		return rc == 2 ? 1 : rc;
	if (rule->severity || rule->metadata.n) {
		if (rules_keep_routed(r, event->line, err) < 0 ||
			rules_change(r, rule, event, &r->changed, event, err) < 0)
			return -1;
		rules_count(r, &rule->counts.changed);
	}
	if (rule->emission.given) {
		rc = rules_make(r, rule, event, err);
		if (rc < 0)
			return -1;
		if (rc > 0)
			rules_count(r, &rule->counts.made);
		rule->counts.failed += rc == 0;
	}
	if ((rule->route || rule->copy_count) && rules_route(r, rule, err) < 0)
		return -1;
	if (rule->goes_on)
		return 0;
	decide(d, &rule->counts, at, rule->route ? DNC_VERDICT_ROUTE : rule->verdict);
	return 1;
}

/* Returns as act() does. */
static int ask_untimed(struct dnc_rules *r, size_t at, struct dnc_event *event,
	struct dnc_decision *d, struct dnc_error *err)
{
	struct dnc_str failed;
	int rc = rule_match(&r->rule[at], event, r->options.explain, &failed, err);

	if (rc > 0)
		rc = act(r, at, event, d, err);
	if (rc < 0) {
		r->rule[at].counts.failed++;
		return -1;
	}
	if (r->options.explain && note(r, at, failed, err) < 0)
		return -1;
	return rc;
}

static int ask(struct dnc_rules *r, size_t at, struct dnc_event *event, struct dnc_decision *d,
	struct dnc_error *err)
{
	int64_t begin_ns;
	int rc;

	if (__builtin_expect(!r->timing, 1))
		return ask_untimed(r, at, event, d, err);
	begin_ns = dnc_clock_mono_ns();
	rc = ask_untimed(r, at, event, d, err);
	r->rule[at].timed_ns += dnc_clock_mono_ns() - begin_ns;
	return rc;
}

/* Asks the rules that the index gives; all of them if they are to be explained. */
static int ask_all(
	struct dnc_rules *r, struct dnc_event *event, struct dnc_decision *d, struct dnc_error *err)
{
	const uint64_t *found = rule_index_find(&r->index, event);

	for (size_t i = 0; r->options.explain && i < r->count; i++) {
		int rc = ask(r, i, event, d, err);

		if (rc)
			return rc;
	}
	for (size_t word = 0; !r->options.explain && word < r->index.words; word++)
		for (uint64_t bits = found[word]; bits; bits &= bits - 1) {
			int rc = ask(r, word * 64 + (size_t)__builtin_ctzll(bits), event, d, err);

			if (rc)
				return rc;
		}
	return 0;
}

/* Adds the name of the rule to EVENT, unless it has no room for it: what explains an event must not reject it. */
static int mark(struct dnc_rules *r, struct dnc_event *event, size_t rule, struct dnc_error *err)
{
	struct dnc_rule_counts *counts = rule < r->count ? &r->rule[rule].counts : &r->counts;
	struct dnc_error why;

	snprintf(r->mark.name, sizeof r->mark.name, "%s", dnc_rules_name(r, rule));
	if (rules_keep_routed(r, event->line, err) < 0)
		return -1;
	if (rules_change(r, &r->mark, event, &r->marked, event, &why) == 0)
		return 0;
	if (why.code == DNC_ERROR_NO_MEMORY)
		return dnc_error_nomem(err);
	if (!r->unmarked++)
		dnc_warn("%.*s goes on without metadata.rule, for which it has no room; further "
			 "ones are counted",
			DNC_STR_ARG(event->id));
	counts->unmarked++;
	return 0;
}

int dnc_rules_decide(struct dnc_rules *r, const struct dnc_event *event,
	struct dnc_decision *decision, struct dnc_error *err)
{
	struct dnc_event present = *event;
	int rc;

	r->timing = r->decided++ % DNC_RULES_TIMED == 0;
	r->timed += r->timing;
	r->trace_count = 0;
	r->routed_count = r->counted_count = 0;
	dnc_buf_clear(&r->routed_text);
	rules_forget_made(r);
	rc = ask_all(r, &present, decision, err);
	if (rc < 0) {
		while (r->counted_count)
			--*r->counted[--r->counted_count];
		return -1;
	}
	if (rc == 0)
		decide(decision, &r->counts, DNC_RULES_MAX, r->verdict);
	if (r->options.mark && decision->verdict != DNC_VERDICT_DROP &&
		mark(r, &present, decision->rule, err) < 0)
		return -1;
	decision->line = present.line;
	rules_end_routed(r, present.line, decision);
	for (size_t i = 0; i < r->made_count; i++)
		r->made[i].p = r->made_text.p + r->made_at[i];
	decision->made = r->made;
	decision->made_count = r->made_count;
	decision->unmade = r->unmade;
	decision->unmade_count = r->unmade_count;
	return 0;
}

void dnc_rules_explain(const struct dnc_rules *r,
	void (*each)(void *ctx, size_t rule, struct dnc_str failed), void *ctx)
{
	for (size_t i = 0; i < r->trace_count; i++)
		each(ctx, r->trace[i].rule, r->trace[i].failed);
}
