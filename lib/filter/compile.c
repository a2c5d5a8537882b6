/* compile.c - a filter object's JSON to clauses, or the place where it is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "priv/clause.h"

const struct list_spec dnc_list_specs[LISTS] = {
	[LIST_PROVIDERS] = {DNC_STR("providers"), false, 0, {0}},
	[LIST_PROVIDER_IDS] = {DNC_STR("provider_ids"), false, 0, {0}},
	[LIST_SEVERITIES] = {DNC_STR("severities"), false, 0, {0}},
	[LIST_CHECK_REASONS] = {DNC_STR("check_reasons"), true, DNC_CHECK_PERFORMED,
		DNC_STR("check_reason")},
	[LIST_SUPPRESS_REASONS] = {DNC_STR("suppress_reasons"), true, DNC_NUMBER_SUPPRESSED,
		DNC_STR("reason")},
	[LIST_RELEASE_REASONS] = {DNC_STR("release_reasons"), true, DNC_NUMBER_RELEASED,
		DNC_STR("reason")},
	[LIST_SYNC_TRIGGERS] = {DNC_STR("sync_triggers"), true, DNC_LIST_SYNCED,
		DNC_STR("sync_trigger")},
	[LIST_SYNC_STATUSES] = {DNC_STR("sync_statuses"), true, DNC_LIST_SYNCED,
		DNC_STR("sync_status")},
};

/* What compiling carries along. */
struct compiler {
	struct dnc_filter *filter;
	struct clause *clause;
	const struct dnc_json *doc;
	size_t values;   /* seen so far, in all lists */
	char prefix[16]; /* "[1]." inside an array of filters */
	struct dnc_error *err;
};

static int fail(struct compiler *c, struct dnc_str field, long index, const char *why)
{
	dnc_error_set(c->err, 0, "%s", why);
	if (index < 0)
		dnc_error_place(
			c->err, "%s%.*s", c->prefix, field.n > 60 ? 60 : (int)field.n, field.p);
	else
		dnc_error_place(c->err, "%s%.*s[%ld]", c->prefix, field.n > 60 ? 60 : (int)field.n,
			field.p, index);
	return -1;
}

/* A copy of S that lives as long as the filter. */
static int keep(struct compiler *c, struct dnc_str s, struct dnc_str *out)
{
	struct dnc_filter *f = c->filter;
	char **more = realloc(f->strings, (f->string_count + 1) * sizeof *more);
	char *copy = more ? malloc(s.n + 1) : NULL;

	if (more)
		f->strings = more;
	if (!copy)
		return dnc_error_nomem(c->err);
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	f->strings[f->string_count++] = copy;
	*out = (struct dnc_str){copy, s.n};
	return 0;
}

static int count_value(struct compiler *c, struct dnc_str field)
{
	if (++c->values > DNC_FILTER_MAX_VALUES)
		return fail(c, field, -1, "more than 25 values in one filter");
	return 0;
}

/* Calls EACH for every string of the list at node AT. */
static int each_string(struct compiler *c, struct dnc_str field, uint32_t at,
	int (*each)(struct compiler *, struct dnc_str field, long index, struct dnc_str value))
{
	const struct dnc_json_node *node = c->doc->node;
	long index = 0;

	if (node[at].type != DNC_JSON_ARRAY)
		return fail(c, field, -1, "must be a list of strings");
	if (node[at].count == 0)
		return fail(c, field, -1, "must not be empty");
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next, index++) {
		if (node[i].type != DNC_JSON_STRING)
			return fail(c, field, index, "must be a string");
		if (count_value(c, field) < 0 || each(c, field, index, node[i].text) < 0)
			return -1;
	}
	return 0;
}

/* Does NAME match PATTERN, part by part between the dots? "*" stands for one whole part, or, as
 * the last one, for all that follow. */
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

static int add_type(struct compiler *c, struct dnc_str field, long index, struct dnc_str value)
{
	unsigned types = 0;

	for (int t = 0; value.n && t < DNC_TYPES; t++)
		if (glob_match(value, dnc_type_names[t]))
			types |= 1u << t;
	if (!types)
		return fail(c, field, index, "no event type has this name");
	c->clause->types |= types;
	return 0;
}

static int compile_types(struct compiler *c, struct dnc_str field, uint32_t at)
{
	c->clause->types = 0;
	return each_string(c, field, at, add_type);
}

static pcre2_compile_context *compile_context(void)
{
	static _Thread_local pcre2_compile_context *context;

	if (!context && (context = pcre2_compile_context_create(NULL))) {
		pcre2_set_max_pattern_length(context, DNC_FILTER_MAX_PATTERN);
		pcre2_set_parens_nest_limit(context, 20);
	}
	return context;
}

static int add_prefix(struct compiler *c, struct dnc_str pattern)
{
	struct dnc_filter *f = c->filter;
	char(*more)[DNC_PHONE_MAX] = realloc(f->prefixes, (f->prefix_count + 1) * sizeof *more);

	if (!more)
		return dnc_error_nomem(c->err);
	f->prefixes = more;
	if (filter_literal_start(pattern, more[f->prefix_count]))
		f->prefix_count++;
	else
		f->open = true;
	return 0;
}

/* Numbers of the shapes that there are, masked ones, too. */
static bool takes_too_much(const pcre2_code *re)
{
	static const struct dnc_str shapes[] = {DNC_STR("+123456789012345"),
		DNC_STR("+111111111111111"), DNC_STR("+13035550143"), DNC_STR("+999999999999990"),
		DNC_STR("+1******0143"), DNC_STR("+***********0143")};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (filter_try_pattern(re, shapes[i]) == PATTERN_TOO_MUCH)
			return true;
	return false;
}

static int add_pattern(struct compiler *c, struct dnc_str field, long index, struct dnc_str value)
{
	struct clause *clause = c->clause;
	char why[160];
	PCRE2_SIZE offset;
	int code;
	pcre2_code *re;
	pcre2_code **more =
		realloc(clause->patterns, (clause->pattern_count + 1) * sizeof(pcre2_code *));

	if (!more)
		return dnc_error_nomem(c->err);
	clause->patterns = more;
	/* "(*NO_JIT)" and the like would change what a match may cost. */
	if (value.n > 2 && value.p[0] == '(' && value.p[1] == '*')
		return fail(c, field, index, "a pattern can't start with an option like (*NO_JIT)");
	/* A number is digits: matching bytes is enough, and no pattern may turn UTF mode on. */
	re = pcre2_compile((PCRE2_SPTR)value.p, value.n, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C,
		&code, &offset, compile_context());
	if (!re) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
		fail(c, field, index, why);
		if (c->err)
			c->err->offset = offset < value.n ? offset : value.n;
		return -1;
	}
	/* Without JIT (no memory may be executable) the interpreter does the same, slower. */
	pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
	clause->patterns[clause->pattern_count++] = re;
	if (takes_too_much(re))
		return fail(c, field, index,
			"the pattern takes too much work; avoid repeats of repeats like (\\d+)+");
	return add_prefix(c, value);
}

static int compile_patterns(struct compiler *c, struct dnc_str field, uint32_t at)
{
	return each_string(c, field, at, add_pattern);
}

static int add_to(struct compiler *c, struct values *list, struct dnc_str value)
{
	struct dnc_str *more = realloc(list->v, (list->n + 1) * sizeof *more);

	if (!more)
		return dnc_error_nomem(c->err);
	list->v = more;
	if (keep(c, value, &list->v[list->n]) < 0)
		return -1;
	list->n++;
	return 0;
}

static int add_listed(struct compiler *c, struct dnc_str field, long index, struct dnc_str value)
{
	for (int l = 0; l < LISTS; l++) {
		if (!dnc_str_eq(dnc_list_specs[l].name, field))
			continue;
		if (l == LIST_SEVERITIES) {
			const struct dnc_severity *s = dnc_severity_from_name(value);

			if (!s)
				return fail(c, field, index, "no severity has this name");
			value = s->name;
		}
		return add_to(c, &c->clause->list[l], value);
	}
	return -1;
}

static int compile_list(struct compiler *c, struct dnc_str field, uint32_t at)
{
	return each_string(c, field, at, add_listed);
}

static int compile_min_severity(struct compiler *c, struct dnc_str field, uint32_t at)
{
	const struct dnc_json_node *node = &c->doc->node[at];
	const struct dnc_severity *s =
		node->type == DNC_JSON_STRING ? dnc_severity_from_name(node->text) : NULL;

	if (!s)
		return fail(c, field, -1, "must be the name of a severity");
	c->clause->min_rank = s->rank;
	return count_value(c, field);
}

static int read_time(struct compiler *c, uint32_t range, struct dnc_str key, int64_t *out)
{
	uint32_t at = dnc_json_get(c->doc, range, key);
	char place[32];

	if (!at || (c->doc->node[at].type == DNC_JSON_STRING &&
			   dnc_clock_parse(c->doc->node[at].text, out)))
		return 0;
	snprintf(place, sizeof place, "time_range.%s", key.p);
	return fail(c, dnc_str(place), -1, "must be an RFC 3339 date-time");
}

static int compile_time_range(struct compiler *c, struct dnc_str field, uint32_t at)
{
	const struct dnc_json_node *node = c->doc->node;
	uint32_t known = 0;
	static const struct dnc_str keys[] = {
		DNC_STR("start"), DNC_STR("end"), DNC_STR("relative")};

	if (node[at].type != DNC_JSON_OBJECT)
		return fail(c, field, -1, "must be an object with start and end, or relative");
	for (size_t i = 0; i < 3; i++)
		known += dnc_json_get(c->doc, at, keys[i]) != 0;
	if (known != node[at].count || known == 0)
		return fail(c, field, -1, "takes start and end, or relative, and nothing else");
	if (read_time(c, at, keys[0], &c->clause->start_ms) < 0 ||
		read_time(c, at, keys[1], &c->clause->end_ms) < 0)
		return -1;
	at = dnc_json_get(c->doc, at, keys[2]);
	if (at && (known > 1 || node[at].type != DNC_JSON_STRING ||
			  !dnc_clock_parse_span(node[at].text, &c->clause->relative_ms)))
		return fail(c, DNC_STR("time_range.relative"), -1,
			"must be a span like 15m, 24h or 7d, and stand alone");
	return count_value(c, field);
}

static int compile_flag(struct compiler *c, struct dnc_str field, uint32_t at)
{
	static const struct {
		struct dnc_str name;
		enum clause_flag flag;
	} flags[] = {{DNC_STR("compliance_only"), FLAG_COMPLIANCE_ONLY},
		{DNC_STR("high_risk_only"), FLAG_HIGH_RISK_ONLY},
		{DNC_STR("errors_only"), FLAG_ERRORS_ONLY},
		{DNC_STR("blocked_only"), FLAG_BLOCKED_ONLY}};

	if (c->doc->node[at].type != DNC_JSON_BOOL)
		return fail(c, field, -1, "must be true or false");
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (dnc_str_eq(flags[i].name, field) && c->doc->node[at].text.p[0] == 't')
			c->clause->flags |= flags[i].flag;
	return 0;
}

static int add_custom_value(struct compiler *c, struct custom *custom, uint32_t at)
{
	const struct dnc_json_node *node = &c->doc->node[at];

	if (node->type >= DNC_JSON_ARRAY || node->type == DNC_JSON_NULL)
		return fail(c, DNC_STR("custom_filters"), -1,
			"values must be strings, numbers or booleans, or lists of them");
	if (count_value(c, DNC_STR("custom_filters")) < 0)
		return -1;
	return add_to(c, &custom->values, node->text);
}

static int compile_customs(struct compiler *c, struct dnc_str field, uint32_t at)
{
	const struct dnc_json_node *node = c->doc->node;

	if (node[at].type != DNC_JSON_OBJECT)
		return fail(c, field, -1, "must be an object of paths and values");
	for (uint32_t i = at + 1; i < node[at].next; i = node[i].next) {
		struct clause *clause = c->clause;
		struct custom *more = realloc(
				      clause->customs, (clause->custom_count + 1) * sizeof *more),
			      *custom;

		if (!more)
			return dnc_error_nomem(c->err);
		clause->customs = more;
		custom = &more[clause->custom_count++];
		*custom = (struct custom){0};
		if (node[i].key.n == 0)
			return fail(c, field, -1, "a path must not be empty");
		if (keep(c, node[i].key, &custom->path) < 0)
			return -1;
		if (node[i].type != DNC_JSON_ARRAY) {
			if (add_custom_value(c, custom, i) < 0)
				return -1;
			continue;
		}
		for (uint32_t k = i + 1; k < node[i].next; k = node[k].next)
			if (add_custom_value(c, custom, k) < 0)
				return -1;
	}
	return 0;
}

/* The fields of a filter object, in the order of the canonical text. */
static const struct {
	struct dnc_str name;
	int (*compile)(struct compiler *, struct dnc_str field, uint32_t at);
} fields[] = {
	{DNC_STR("event_types"), compile_types},
	{DNC_STR("phone_patterns"), compile_patterns},
	{DNC_STR("providers"), compile_list},
	{DNC_STR("provider_ids"), compile_list},
	{DNC_STR("severities"), compile_list},
	{DNC_STR("min_severity"), compile_min_severity},
	{DNC_STR("check_reasons"), compile_list},
	{DNC_STR("suppress_reasons"), compile_list},
	{DNC_STR("release_reasons"), compile_list},
	{DNC_STR("sync_triggers"), compile_list},
	{DNC_STR("sync_statuses"), compile_list},
	{DNC_STR("time_range"), compile_time_range},
	{DNC_STR("compliance_only"), compile_flag},
	{DNC_STR("high_risk_only"), compile_flag},
	{DNC_STR("errors_only"), compile_flag},
	{DNC_STR("blocked_only"), compile_flag},
	{DNC_STR("custom_filters"), compile_customs},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

static int compile_object(struct compiler *c, uint32_t object)
{
	const struct dnc_json_node *node = c->doc->node;
	struct dnc_buf *text = &c->filter->text;

	if (node[object].type != DNC_JSON_OBJECT)
		return fail(c, DNC_STR(""), -1, "a filter must be an object");
	for (uint32_t i = object + 1; i < node[object].next; i = node[i].next) {
		size_t f = 0;

		while (f < FIELDS && !dnc_str_eq(fields[f].name, node[i].key))
			f++;
		if (f == FIELDS)
			return fail(c, node[i].key, -1, "no filter field has this name");
	}
	*c->clause = (struct clause){.types = (1u << DNC_TYPES) - 1,
		.min_rank = -1,
		.start_ms = INT64_MIN,
		.end_ms = INT64_MAX};
	c->filter->count++;
	dnc_buf_chr(text, '{');
	for (size_t f = 0; f < FIELDS; f++) {
		uint32_t at = dnc_json_get(c->doc, object, fields[f].name);

		if (!at || node[at].type == DNC_JSON_NULL)
			continue;
		if (fields[f].compile(c, fields[f].name, at) < 0)
			return -1;
		dnc_json_write_key(text, fields[f].name);
		dnc_json_write_node(text, c->doc, at);
	}
	dnc_buf_chr(text, '}');
	c->filter->open |= c->clause->pattern_count == 0;
	return dnc_buf_ok(text) ? 0 : dnc_error_nomem(c->err);
}

struct dnc_filter *dnc_filter_compile(
	const struct dnc_json *doc, uint32_t index, struct dnc_error *err)
{
	const struct dnc_json_node *node = &doc->node[index];
	bool list = node->type == DNC_JSON_ARRAY;
	size_t room = list ? node->count : 1;
	struct compiler c = {.doc = doc, .err = err};

	if (room > DNC_FILTER_MAX_VALUES) {
		dnc_error_set(err, 0, "more than %d filters", DNC_FILTER_MAX_VALUES);
		return NULL;
	}
	c.filter = calloc(1, sizeof *c.filter);
	if (c.filter) {
		c.filter->refs = 1;
		c.filter->clauses = calloc(room ? room : 1, sizeof *c.filter->clauses);
	}
	if (!c.filter || !c.filter->clauses) {
		dnc_error_nomem(err);
		goto fail;
	}
	if (!list || room == 0) {
		c.clause = c.filter->clauses;
		if (list) {
			dnc_buf_lit(&c.filter->text, "{}");
			return c.filter;
		}
		if (compile_object(&c, index) < 0)
			goto fail;
		return c.filter;
	}
	for (uint32_t i = index + 1; i < node->next; i = doc->node[i].next) {
		snprintf(c.prefix, sizeof c.prefix, "[%zu].", c.filter->count);
		c.clause = &c.filter->clauses[c.filter->count];
		/* A list of one is spelled as that one. */
		if (room > 1)
			dnc_buf_chr(&c.filter->text, i == index + 1 ? '[' : ',');
		if (compile_object(&c, i) < 0)
			goto fail;
	}
	if (room > 1)
		dnc_buf_chr(&c.filter->text, ']');
	return c.filter;
fail:
	dnc_filter_unref(c.filter);
	return NULL;
}

struct dnc_filter *dnc_filter_compile_text(const char *json, size_t n, struct dnc_error *err)
{
	struct dnc_json_parser *parser = dnc_json_parser_new();
	char *copy = calloc(1, n + DNC_JSON_PADDING);
	struct dnc_filter *f = NULL;
	struct dnc_json doc;

	if (!parser || !copy) {
		dnc_error_nomem(err);
	} else {
		memcpy(copy, json, n);
		if (dnc_json_parse(parser, copy, n, &doc, err) == 0)
			f = dnc_filter_compile(&doc, 0, err);
	}
	free(copy);
	dnc_json_parser_free(parser);
	return f;
}

static void free_clause(struct clause *clause)
{
	for (size_t i = 0; i < clause->pattern_count; i++)
		pcre2_code_free(clause->patterns[i]);
	free(clause->patterns);
	for (int l = 0; l < LISTS; l++)
		free(clause->list[l].v);
	for (size_t i = 0; i < clause->custom_count; i++)
		free(clause->customs[i].values.v);
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
