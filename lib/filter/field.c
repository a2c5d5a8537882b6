/* field.c - compiles one field of a filter object: a function for each shape. */
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/advice.h"
#include "priv/compiler.h"

/* Names the field at fault in the error; INDEX is of a value in a list, or -1. */
static int set_place(struct compiler *c, struct dnc_str field, long index)
{
	int n = field.n > 60 ? 60 : (int)field.n;

	if (index < 0)
		dnc_error_place(c->err, "%s%.*s", c->prefix, n, field.p);
	else
		dnc_error_place(c->err, "%s%.*s[%ld]", c->prefix, n, field.p, index);
	return -1;
}

int filter_fail(struct compiler *c, struct dnc_str field, long index, const char *why)
{
	dnc_error_set(c->err, 0, "%s", why);
	return set_place(c, field, index);
}

/* A copy of S that lives as long as the filter. */
static int keep(struct compiler *c, struct dnc_str s, struct dnc_str *out)
{
	struct dnc_filter *f = c->filter;
	char *copy;

	if (!dnc_array_grow(&f->strings, &f->string_room, f->string_count + 1) ||
		!(copy = malloc(s.n + 1)))
		return dnc_error_nomem(c->err);
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	f->strings[f->string_count++] = copy;
	*out = (struct dnc_str){copy, s.n};
	return 0;
}

static int count_value(struct compiler *c, const struct dnc_filter_word *w)
{
	size_t max = c->filter->owner ? c->filter->owner->max_values : DNC_FILTER_MAX_VALUES;
	char why[64];

	if (++c->values <= max)
		return 0;
	snprintf(why, sizeof why, "more than %zu values in one filter", max);
	return filter_fail(c, w->name, -1, why);
}

/* Calls EACH for each string of the list at node AT. */
static int each_string(struct compiler *c, const struct dnc_filter_word *w, uint32_t at,
	int (*each)(struct compiler *, const struct dnc_filter_word *w, long index,
		struct dnc_str value))
{
	const struct dnc_json_node *node = c->doc->node;
	long index = 0;

	if (node[at].type != DNC_JSON_ARRAY)
		return filter_fail(c, w->name, -1, "must be a list of strings");
	if (node[at].count == 0)
		return filter_fail(c, w->name, -1, "must not be empty");
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next, index++) {
		if (node[i].type != DNC_JSON_STRING)
			return filter_fail(c, w->name, index, "must be a string");
		if (count_value(c, w) < 0 || each(c, w, index, node[i].text) < 0)
			return -1;
	}
	return 0;
}

/* Compares part by part, separated by dots. "*" matches one whole part or, at the end, all parts that
 * follow. */
static bool glob_match(struct dnc_str pattern, struct dnc_str name)
{
	for (;;) {
		const char *pd = memchr(pattern.p, '.', pattern.n);
		const char *nd = memchr(name.p, '.', name.n);
		size_t pn = pd ? (size_t)(pd - pattern.p) : pattern.n;
		size_t nn = nd ? (size_t)(nd - name.p) : name.n;
		bool star = pn == 1 && *pattern.p == '*';

		if (star && !pd)
			return true;
		if (!star &&
			!dnc_str_eq((struct dnc_str){pattern.p, pn}, (struct dnc_str){name.p, nn}))
			return false;
		if (!pd || !nd)
			return !pd && !nd;
		pattern = (struct dnc_str){pd + 1, pattern.n - pn - 1};
		name = (struct dnc_str){nd + 1, name.n - nn - 1};
	}
}

static int add_type(
	struct compiler *c, const struct dnc_filter_word *w, long index, struct dnc_str value)
{
	unsigned types = 0;

	for (int t = 0; value.n && t < DNC_TYPES; t++)
		if (glob_match(value, dnc_type_names[t]))
			types |= 1u << t;
	if (!types) {
		filter_unknown_type(c->err, value);
		return set_place(c, w->name, index);
	}
	c->bits |= types;
	return 0;
}

static int add_severity(
	struct compiler *c, const struct dnc_filter_word *w, long index, struct dnc_str value)
{
	const struct dnc_severity *s = dnc_severity_from_name(value);

	if (!s) {
		filter_unknown_word(c->err, "severity", dnc_filter_word_values(w), value);
		return set_place(c, w->name, index);
	}
	c->bits |= 1u << (s - dnc_severities);
	return 0;
}

static int add_prefix(struct compiler *c, struct dnc_str pattern)
{
	struct dnc_filter *f = c->filter;

	if (!dnc_array_grow(&f->prefixes, &f->prefix_room, f->prefix_count + 1))
		return dnc_error_nomem(c->err);
	if (filter_literal_start(pattern, f->prefixes[f->prefix_count]))
		f->prefix_count++;
	else
		f->open = true;
	return 0;
}

/* So many patterns of a filter may need many steps on numbers of common shapes. */
enum { HEAVY_PATTERNS = 4 };

static int add_pattern(
	struct compiler *c, const struct dnc_filter_word *w, long index, struct dnc_str value)
{
	struct clause *clause = c->clause;
	pcre2_code *re;
	bool heavy;

	if (!dnc_array_grow(&clause->patterns, &clause->pattern_room, clause->pattern_count + 1))
		return dnc_error_nomem(c->err);
	re = filter_pattern_compile(value, &heavy, c->err);
	if (!re)
		return set_place(c, w->name, index);
	clause->patterns[clause->pattern_count++] = re;
	c->filter->cheap_steps = PATTERN_CHEAP_STEPS / ++c->filter->pattern_count;
	if (heavy && c->filter->owner) {
		dnc_error_set(c->err, 0,
			"the pattern takes too much work for %s; avoid nested repeats such as "
			"(\\d+)+, and more than one .*",
			c->filter->owner->what);
		return set_place(c, w->name, index);
	}
	if (heavy && ++c->filter->heavy_count > HEAVY_PATTERNS)
		return filter_fail(c, w->name, index,
			"the patterns of the filter together take too much work; use simpler ones");
	return add_prefix(c, value);
}

static int compile_patterns(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	return each_string(c, w, at, add_pattern);
}

/* VALUE must live as long as the filter. */
static int append(struct compiler *c, struct values *list, struct dnc_str value)
{
	if (!dnc_array_grow(&list->v, &list->room, list->n + 1))
		return dnc_error_nomem(c->err);
	list->v[list->n++] = value;
	return 0;
}

static int append_copy(struct compiler *c, struct values *list, struct dnc_str value)
{
	struct dnc_str copy;

	return keep(c, value, &copy) < 0 ? -1 : append(c, list, copy);
}

static int add_condition(struct compiler *c, const struct dnc_filter_word *w)
{
	struct clause *clause = c->clause;

	if (!dnc_array_grow(
		    &clause->conditions, &clause->condition_room, clause->condition_count + 1))
		return dnc_error_nomem(c->err);
	clause->conditions[clause->condition_count++] = (struct condition){.word = w};
	return 0;
}

/* To the condition that was added last. */
static int add_value(
	struct compiler *c, const struct dnc_filter_word *w, long index, struct dnc_str value)
{
	(void)w;
	(void)index;
	return append_copy(c, &c->clause->conditions[c->clause->condition_count - 1].values, value);
}

/* True for the values that a clause has a bit for. */
static bool has_bits(const struct dnc_filter_word *w)
{
	return w->source == DNC_FILTER_OF_TYPE || w->source == DNC_FILTER_OF_SEVERITY;
}

/* One of the values of W, after begin_values(). */
static int add_listed(
	struct compiler *c, const struct dnc_filter_word *w, long index, struct dnc_str value)
{
	if (w->source == DNC_FILTER_OF_TYPE)
		return add_type(c, w, index, value);
	if (w->source == DNC_FILTER_OF_SEVERITY)
		return add_severity(c, w, index, value);
	return add_value(c, w, index, value);
}

static int begin_values(struct compiler *c, const struct dnc_filter_word *w)
{
	c->bits = 0;
	return has_bits(w) ? 0 : add_condition(c, w);
}

static int end_values(struct compiler *c, const struct dnc_filter_word *w)
{
	if (w->source == DNC_FILTER_OF_TYPE)
		c->clause->types &= c->bits;
	if (w->source == DNC_FILTER_OF_SEVERITY)
		c->clause->severities &= c->bits;
	return 0;
}

static int compile_list(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	if (begin_values(c, w) < 0 || each_string(c, w, at, add_listed) < 0)
		return -1;
	return end_values(c, w);
}

static int compile_rank(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	const struct dnc_json_node *node = &c->doc->node[at];
	const struct dnc_severity *s;

	if (node->type != DNC_JSON_STRING)
		return filter_fail(c, w->name, -1, "must be a severity");
	s = dnc_severity_from_name(node->text);
	if (!s) {
		filter_unknown_word(c->err, "severity", dnc_filter_word_values(w), node->text);
		return set_place(c, w->name, -1);
	}
	c->bits = 0;
	for (unsigned i = 0; i < DNC_SEVERITIES; i++)
		if (dnc_severities[i].rank >= s->rank)
			c->bits |= 1u << i;
	end_values(c, w);
	return count_value(c, w);
}

static int read_time(struct compiler *c, uint32_t range, struct dnc_str key, int64_t *out)
{
	uint32_t at = dnc_json_get(c->doc, range, key);
	char place[32];

	if (!at || (c->doc->node[at].type == DNC_JSON_STRING &&
			   dnc_clock_parse(c->doc->node[at].text, out)))
		return 0;
	snprintf(place, sizeof place, "time_range.%s", key.p);
	return filter_fail(c, dnc_str(place), -1, "must be an RFC 3339 date-time");
}

static int compile_times(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	const struct dnc_json_node *node = c->doc->node;
	uint32_t known = 0;
	static const struct dnc_str keys[] = {
		DNC_STR("start"), DNC_STR("end"), DNC_STR("relative")};

	if (node[at].type != DNC_JSON_OBJECT)
		return filter_fail(
			c, w->name, -1, "must be an object with start and end, or relative");
	for (size_t i = 0; i < 3; i++)
		known += dnc_json_get(c->doc, at, keys[i]) != 0;
	if (known != node[at].count || known == 0)
		return filter_fail(
			c, w->name, -1, "must have start, end or both, or relative alone");
	if (read_time(c, at, keys[0], &c->clause->start_ms) < 0 ||
		read_time(c, at, keys[1], &c->clause->end_ms) < 0)
		return -1;
	at = dnc_json_get(c->doc, at, keys[2]);
	if (at && (known > 1 || node[at].type != DNC_JSON_STRING ||
			  !dnc_clock_parse_span(node[at].text, &c->clause->relative_ms)))
		return filter_fail(c, DNC_STR("time_range.relative"), -1,
			"must be a span like 15m, 24h or 7d, without start and end");
	return count_value(c, w);
}

static int compile_flag(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	if (c->doc->node[at].type != DNC_JSON_BOOL)
		return filter_fail(c, w->name, -1, "must be true or false");
	if (c->doc->node[at].text.p[0] == 'f')
		return 0;
	if (begin_values(c, w) < 0)
		return -1;
	for (const char *p = w->means; *p; p += strspn(p, " ")) {
		struct dnc_str one = {p, strcspn(p, " ")};

		if (add_listed(c, w, -1, one) < 0)
			return -1;
		p += one.n;
	}
	return end_values(c, w);
}

static int add_custom_value(
	struct compiler *c, const struct dnc_filter_word *w, struct custom *custom, uint32_t at)
{
	const struct dnc_json_node *node = &c->doc->node[at];

	if (node->type >= DNC_JSON_ARRAY || node->type == DNC_JSON_NULL)
		return filter_fail(c, w->name, -1,
			"values must be strings, numbers or booleans, or lists of them");
	if (count_value(c, w) < 0)
		return -1;
	return append_copy(c, &custom->values, node->text);
}

static struct custom *add_custom(struct compiler *c)
{
	struct clause *clause = c->clause;
	struct custom *custom;

	if (!dnc_array_grow(&clause->customs, &clause->custom_room, clause->custom_count + 1)) {
		dnc_error_nomem(c->err);
		return NULL;
	}
	custom = &clause->customs[clause->custom_count++];
	*custom = (struct custom){0};
	return custom;
}

static int compile_paths(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	const struct dnc_json_node *node = c->doc->node;

	if (node[at].type != DNC_JSON_OBJECT)
		return filter_fail(c, w->name, -1, "must be an object of paths and values");
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next) {
		struct custom *custom = add_custom(c);

		if (!custom)
			return -1;
		if (node[i].key.n == 0)
			return filter_fail(c, w->name, -1, "a path must not be empty");
		if (keep(c, node[i].key, &custom->path) < 0)
			return -1;
		if (node[i].type != DNC_JSON_ARRAY) {
			if (add_custom_value(c, w, custom, i) < 0)
				return -1;
			continue;
		}
		for (uint32_t k = i + 1; k < node[i].next; k = node[k].next)
			if (add_custom_value(c, w, custom, k) < 0)
				return -1;
	}
	return 0;
}

static int (*const compile_shape[DNC_FILTER_SHAPES])(
	struct compiler *, const struct dnc_filter_word *w, uint32_t at) = {
	[DNC_FILTER_LIST] = compile_list,
	[DNC_FILTER_FLAG] = compile_flag,
	[DNC_FILTER_TYPES] = compile_list,
	[DNC_FILTER_PATTERNS] = compile_patterns,
	[DNC_FILTER_RANK] = compile_rank,
	[DNC_FILTER_TIMES] = compile_times,
	[DNC_FILTER_PATHS] = compile_paths,
};

int filter_compile_field(struct compiler *c, const struct dnc_filter_word *w, uint32_t at)
{
	return compile_shape[w->shape](c, w, at);
}
