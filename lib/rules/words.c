/* words.c - the words of a filter as conditions of a rule. */
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/reading.h"

/* How custom_filters are written: where.PATH = VALUE. */
static const struct dnc_str where = {"where.", 6};

static bool is_path(struct dnc_str key)
{
	return dnc_str_starts(key, where) && key.n > where.n;
}

/* "min-severity" and "min_severity" are the same. */
static bool same_name(const char *option, struct dnc_str key)
{
	if (!option || strlen(option) != key.n)
		return false;
	for (size_t i = 0; i < key.n; i++)
		if ((key.p[i] == '_' ? '-' : key.p[i]) != option[i])
			return false;
	return true;
}

const struct dnc_filter_word *rules_find_word(struct dnc_str key)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (w->shape == DNC_FILTER_TIMES)
			continue; /* since and until */
		if (w->shape == DNC_FILTER_PATHS) {
			if (is_path(key))
				return w;
			continue;
		}
		if (dnc_str_eq(w->name, key) || same_name(w->option, key) ||
			(w->short_name.p && dnc_str_eq(w->short_name, key)))
			return w;
	}
	return NULL;
}

void rules_list_words(struct dnc_buf *names)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (w->shape == DNC_FILTER_TIMES || w->shape == DNC_FILTER_PATHS)
			continue;
		dnc_buf_printf(names, "%s %.*s ", w->option, DNC_STR_ARG(w->name));
	}
}

/* D with nothing but W. What it holds is still D's. */
static struct dnc_filter_draft only(
	const struct dnc_filter_draft *d, const struct dnc_filter_word *w)
{
	struct dnc_filter_draft one = {0};
	size_t row = (size_t)(w - dnc_filter_words);

	one.field[row] = d->field[row];
	if (w->shape == DNC_FILTER_TIMES) {
		one.start_ms = d->start_ms;
		one.end_ms = d->end_ms;
	}
	return one;
}

static bool has_word(const struct dnc_filter_draft *d, const struct dnc_filter_word *w)
{
	return w->shape == DNC_FILTER_TIMES ? d->start_ms || d->end_ms
	                                    : d->field[w - dnc_filter_words].n > 0;
}

static const struct dnc_filter *compile(
	struct rules_reading *r, const struct dnc_filter_draft *d, struct dnc_error *err)
{
	const struct dnc_filter *f;

	dnc_buf_clear(&r->scratch);
	dnc_filter_draft_json(d, &r->scratch);
	if (!dnc_buf_ok(&r->scratch)) {
		dnc_error_nomem(err);
		return NULL;
	}
	f = dnc_filter_compile_owned(r->scratch.p, r->scratch.n, DNC_FILTER_OF_RULE, err);
	return f;
}

/* Checks one value by itself, so that what is wrong has a place; then adds it. */
static int add_value(struct rules_reading *r, const struct dnc_filter_word *w,
	struct dnc_filter_draft *d, const char *value, size_t at)
{
	struct dnc_filter_draft one = {0};
	struct dnc_buf why = {0};
	bool many = w->shape == DNC_FILTER_RANK && d->field[w - dnc_filter_words].n;
	struct dnc_error err;
	const struct dnc_filter *f = NULL;
	int rc = 0;

	if (++r->value_count > DNC_FILTER_RULE_VALUES) {
		rc = -1;
		if (r->value_count == DNC_FILTER_RULE_VALUES + 1) /* once */
			rules_fault(r, at,
				"more than %d values in the conditions of a section: use more sections, "
				"or \"numbers\" for numbers",
				DNC_FILTER_RULE_VALUES);
	} else if (many) {
		rc = rules_fault(r, at, "\"%s\" has one value: the lowest severity", w->option);
	} else if (!dnc_filter_check(w, value, "where.", &why)) {
		if (w->shape == DNC_FILTER_PATHS) /* its path is in the key */
			at = r->entry->key_at +
			     (size_t)(strstr(r->entry->key, where.p) + where.n - r->entry->key);
		rc = dnc_buf_ok(&why) ? rules_fault(r, at, "%.*s", DNC_STR_ARG(dnc_buf_view(&why)))
		                      : rules_no_memory(r);
	} else if (!dnc_filter_draft_add(&one, w, value)) {
		rc = rules_no_memory(r);
	} else if (!(f = compile(r, &one, &err))) {
		rc = err.code == DNC_ERROR_NO_MEMORY
		             ? rules_no_memory(r)
		             : rules_fault(r, at + (err.offset == DNC_NO_OFFSET ? 0 : err.offset),
				       "%s", err.message);
	} else if (!dnc_filter_draft_add(d, w, value)) {
		rc = rules_no_memory(r);
	}
	dnc_filter_unref(f);
	dnc_filter_draft_free(&one);
	dnc_buf_free(&why);
	return rc;
}

/* The length of the value at P, up to a comma or the end; a quoted one with its quotes. 0 with *BAD if a quote is not
 * closed, or something follows it. */
static size_t value_length(struct dnc_str s, bool *bad)
{
	size_t n = 0;

	*bad = false;
	if (s.n && s.p[0] == '"') {
		const char *end = memchr(s.p + 1, '"', s.n - 1);

		n = end ? (size_t)(end - s.p) + 1 : 0;
		*bad = !end;
		for (size_t i = n; i < s.n && s.p[i] != ','; i++)
			*bad |= !dnc_chr_is_blank(s.p[i]);
		return *bad ? 0 : n;
	}
	while (n < s.n && s.p[n] != ',')
		n++;
	return n;
}

/* PREFIX ("metadata.x=", or "") is put before each of the values, which commas separate. */
static int add_list(struct rules_reading *r, const struct dnc_filter_word *w,
	struct dnc_filter_draft *d, struct dnc_str prefix)
{
	struct dnc_str rest = r->entry->value;
	struct dnc_buf value = {0};
	int rc = 0;

	rules_doubt_value(r);
	for (bool more = true; more && rc == 0;) {
		struct dnc_str one;
		size_t at, n;
		bool bad;

		while (rest.n && dnc_chr_is_blank(rest.p[0]))
			rest.p++, rest.n--;
		n = value_length(rest, &bad);
		at = r->entry->value_at + (size_t)(rest.p - r->entry->value.p);
		one = dnc_str_trim((struct dnc_str){rest.p, n});
		while (n < rest.n && rest.p[n] != ',')
			n++;
		more = n < rest.n;
		if (bad || !one.n) {
			rc = rules_fault(r, at, "%s",
				bad ? "a value in quotes does not end with one"
				: !r->entry->value.n
					? "a value is missing; the first one stands behind \"=\""
				: more ? "a value is missing"
				       : "a value is missing after the comma; none is needed where the "
					 "next line continues the list");
			break;
		}
		if (one.p[0] == '"')
			one = (struct dnc_str){one.p + 1, one.n - 2};
		dnc_buf_clear(&value);
		dnc_buf_str(&value, prefix);
		dnc_buf_str(&value, one);
		dnc_buf_chr(&value, '\0');
		rc = dnc_buf_ok(&value) ? add_value(r, w, d, value.p, at) : rules_no_memory(r);
		rest = (struct dnc_str){rest.p + n + more, rest.n - n - more};
	}
	dnc_buf_free(&value);
	return rc;
}

static int add_flag(
	struct rules_reading *r, const struct dnc_filter_word *w, struct dnc_filter_draft *d)
{
	if (!dnc_str_eq(r->entry->value, DNC_STR("yes")))
		return rules_fault_value(
			r, DNC_NO_OFFSET, "must be yes; leave the key out otherwise");
	return dnc_filter_draft_add(d, w, "") ? 0 : rules_no_memory(r);
}

/* The path of where.PATH, for the end of the rule. */
static int note_path(struct rules_reading *r)
{
	const char *path = strstr(r->entry->key, where.p) + where.n;

	return rules_note_field(r, RULES_PLACE_ASKED,
		r->entry->key_at + (size_t)(path - r->entry->key), strlen(path));
}

int rules_add_word(struct rules_reading *r, const struct dnc_filter_word *w, bool negated)
{
	struct dnc_filter_draft *d = negated ? &r->negated : &r->words;
	char path[DNC_INI_NAME_MAX + 2];

	switch (w->shape) {
	case DNC_FILTER_FLAG:
		return add_flag(r, w, d);
	case DNC_FILTER_PATTERNS:
		if (!r->entry->value.n)
			return rules_fault_value(r, DNC_NO_OFFSET,
				"a pattern is missing; the first one stands behind \"=\"");
		if (rules_doubt_pattern(r) < 0)
			return -1;
		return add_value(r, w, d, r->entry->value.p, r->entry->value_at);
	case DNC_FILTER_PATHS:
		if (!r->entry->continues && note_path(r) < 0)
			return -1;
		snprintf(path, sizeof path, "%s=", strstr(r->entry->key, where.p) + where.n);
		return add_list(r, w, d, dnc_str(path));
	default:
		return add_list(r, w, d, DNC_STR(""));
	}
}

/* A condition that is tried by itself. */
static int add_condition(struct rules_reading *r, const struct dnc_filter_draft *d,
	const struct dnc_filter_word *w, bool negated)
{
	struct rule *rule = r->rule;
	struct dnc_filter_draft one = only(d, w);
	struct rule_condition *c;
	struct dnc_error err;
	const char *name = w->shape == DNC_FILTER_TIMES ? "since, until"
	                   : w->option                  ? w->option
	                                                : w->name.p;
	size_t size = strlen(name) + sizeof "not.";

	if (!dnc_array_grow(&rule->conditions, &rule->condition_room, rule->condition_count + 1))
		return rules_no_memory(r);
	c = &rule->conditions[rule->condition_count];
	*c = (struct rule_condition){.negated = negated, .key = malloc(size)};
	if (!c->key)
		return rules_no_memory(r);
	rule->condition_count++;
	snprintf(c->key, size, "%s%s", negated ? "not." : "", name);
	c->filter = compile(r, &one, &err);
	if (c->filter)
		return 0;
	if (err.code == DNC_ERROR_NO_MEMORY)
		return rules_no_memory(r);
	return rules_fault(r, 0, "%s: %s", c->key, err.message);
}

/* Values were checked one by one; together they may be too many, or take too much work. */
int rules_compile_words(struct rules_reading *r)
{
	struct rule *rule = r->rule;
	struct dnc_error err;
	bool any = false;

	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		any |= has_word(&r->words, w);
		if (r->rules->options.explain && has_word(&r->words, w) &&
			add_condition(r, &r->words, w, false) < 0)
			return -1;
		if (has_word(&r->negated, w) && add_condition(r, &r->negated, w, true) < 0)
			return -1;
	}
	if (!any)
		return 0;
	rule->all = compile(r, &r->words, &err);
	if (rule->all)
		return 0;
	return err.code == DNC_ERROR_NO_MEMORY
	               ? rules_no_memory(r)
	               : rules_fault(r, 0, "%.60s: %s", err.place, err.message);
}
