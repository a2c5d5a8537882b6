/* read.c - reads rules files. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/array.h"
#include "base/utf8.h"
#include "priv/reading.h"
#include "priv/decide.h"
#include "priv/expect.h"

/* The program of a condition is whole. */
static int compile_jq(struct rules_reading *r)
{
	struct dnc_error err;
	struct dnc_ini_entry at = {.line = r->jq_at.line};

	if (!r->jq.n)
		return 0;
	at.text = dnc_str(r->jq_at.text);
	dnc_buf_chr(&r->jq, '\0');
	if (!dnc_buf_ok(&r->jq))
		return rules_no_memory(r);
	r->rule->program.map = dnc_map_compile(r->jq.p, &err);
	if (r->rule->program.map)
		return 0;
	if (err.code == DNC_ERROR_NO_MEMORY)
		return rules_no_memory(r);
	r->entry = &at;
	rules_fault(r, r->jq_at.at, "jq: %s", err.message);
	r->entry = NULL;
	return -1;
}

/* What the keys of a rule say together. */
static void check_rule(struct rules_reading *r)
{
	const struct rule *rule = r->rule;
	const struct rule_emission *e = &rule->emission;
	struct dnc_ini_entry at = {.line = rule->line};

	r->entry = &at;
	if (!r->emit_given && (e->severity || e->phone_number.copy || e->provider.copy ||
				      e->event_data.n || e->metadata.n))
		rules_fault(r, 0, "[%s %s]: emit.* without emit = TYPE",
			r->expectation ? "expect" : "rule", rule->name);
	if (r->above_given && !r->limit_given)
		rules_fault(r, 0, "[rule %s]: limit.action without limit", rule->name);
	rules_end_routes(r);
	if (rule->verdict == DNC_VERDICT_DROP && rule->goes_on)
		rules_fault(r, 0, "[rule %s]: action = drop and continue = yes exclude each other",
			rule->name);
	r->entry = NULL;
}

static void end_section(struct rules_reading *r)
{
	struct dnc_ini_entry at = {.line = r->rule ? r->rule->line : 0};
	size_t before = r->faults;

	r->entry = &at;
	if (r->rule && !r->no_memory) {
		rules_compile_words(r);
		rules_check_fields(r);
		r->entry = &at;
		compile_jq(r);
		check_rule(r);
		r->entry = &at;
		if (r->expectation)
			rules_end_expectation(r);
		else if (r->faults == before)
			rules_check_made(r);
		r->entry = &at;
		if (!r->faults) /* a rule that was not read whole seems to decide about all events */
			rules_doubt_rule(r);
	}
	rules_forget_places(r);
	r->entry = NULL;
	r->rule = NULL;
	r->expectation = NULL;
	r->given = 0;
	r->value_count = 0;
	r->limit_given = r->within_given = r->emit_given = false;
	r->above_given = r->action_given = r->continue_given = r->when_down_given = false;
	dnc_route_finish(&r->route);
	dnc_filter_draft_free(&r->words);
	dnc_filter_draft_free(&r->negated);
	dnc_buf_clear(&r->jq);
	free(r->jq_at.text);
	r->jq_at = (struct rules_place){0};
}

static bool is_name(const char *name, size_t room)
{
	size_t n = strlen(name);

	return n && n < room &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
	               n;
}

/* The section NAME of either kind; *KIND gets which. */
static const struct rule *find_section(
	const struct dnc_rules *rules, const char *name, const char **kind)
{
	*kind = "rule";
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->rule[i].name, name) == 0)
			return &rules->rule[i];
	*kind = "expect";
	for (size_t i = 0; i < rules->expectation_count; i++)
		if (strcmp(rules->expectation[i].rule.name, name) == 0)
			return &rules->expectation[i].rule;
	return NULL;
}

static void check_name(struct rules_reading *r, const char *name)
{
	const char *kind;
	const struct rule *other = find_section(r->rules, name, &kind);

	if (!is_name(name, sizeof other->name))
		rules_fault(r, r->entry->key_at,
			"the name of a rule must be 1 to %zu letters, digits, \"_\", \".\" or \"-\"",
			sizeof other->name - 1);
	else if (strcmp(name, "default") == 0)
		rules_fault(r, r->entry->key_at,
			"the name \"default\" is that of what decides if no rule does: use another");
	else if (other)
		rules_fault(r, r->entry->key_at, "[%s %s] stands in %s, line %u already", kind,
			name, other->path, other->line);
}

static void begin(struct rules_reading *r, struct rule *rule, const char *name)
{
	*rule = (struct rule){
		.path = r->rules->paths[r->rules->path_count - 1], .line = r->entry->line};
	snprintf(rule->name, sizeof rule->name, "%s", name);
	r->rule = rule;
}

static int begin_rule(struct rules_reading *r, const char *name)
{
	struct dnc_rules *rules = r->rules;

	check_name(r, name);
	if (rules->count == DNC_RULES_MAX)
		return rules_fault(r, r->entry->key_at, "more than %d rules", DNC_RULES_MAX);
	if (!dnc_array_grow(&rules->rule, &rules->room, rules->count + 1))
		return rules_no_memory(r);
	begin(r, &rules->rule[rules->count++], name);
	return 0;
}

static int begin_expectation(struct rules_reading *r, const char *name)
{
	struct dnc_rules *rules = r->rules;
	struct expectation *x;

	check_name(r, name);
	if (rules->expectation_count == DNC_EXPECT_MAX)
		return rules_fault(
			r, r->entry->key_at, "more than %d sections [expect NAME]", DNC_EXPECT_MAX);
	if (!dnc_array_grow(
		    &rules->expectation, &rules->expectation_room, rules->expectation_count + 1))
		return rules_no_memory(r);
	x = &rules->expectation[rules->expectation_count++];
	*x = (struct expectation){0};
	begin(r, &x->rule, name);
	r->expectation = x;
	rules_begin_digest(r);
	return 0;
}

static int on_section(struct rules_reading *r, const struct dnc_ini_entry *e)
{
	static const struct {
		struct dnc_str head;
		int (*begin)(struct rules_reading *r, const char *name);
	} kinds[] = {{DNC_STR("rule "), begin_rule}, {DNC_STR("expect "), begin_expectation}};

	end_section(r);
	r->entry = e;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (dnc_str_starts(dnc_str(e->section), kinds[i].head))
			return kinds[i].begin(r, e->section + kinds[i].head.n);
	return rules_fault(
		r, e->key_at, "the section [%s] is not [rule NAME] or [expect NAME]", e->section);
}

/* The index of the first byte that is not UTF-8; the length if there is none. */
static size_t find_no_utf8(struct dnc_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, n;

	for (; i < s.n; i += n) {
		n = p[i] < 0x80 ? 1 : dnc_utf8_length(p + i, s.n - i);
		if (!n)
			return i;
	}
	return s.n;
}

/* Events are UTF-8: other bytes would be replaced in them, and two keys would become one. Comments may be anything. */
static int check_utf8(struct rules_reading *r, const struct dnc_ini_entry *e)
{
	struct dnc_str key = dnc_str(e->key);
	size_t in_key = find_no_utf8(key), in_value = find_no_utf8(e->value);

	if (in_key == key.n && in_value == e->value.n)
		return 0;
	return rules_fault(r, in_key < key.n ? e->key_at + in_key : e->value_at + in_value,
		"is not UTF-8: save the file as UTF-8");
}

static int on_entry(void *ctx, const struct dnc_ini_entry *e)
{
	struct rules_reading *r = ctx;

	rules_follow_default(r);
	if (!e->key) {
		on_section(r, e);
	} else if (r->rule || !e->section[0] || strcmp(e->key, "default") == 0) {
		r->entry = e;
		if (check_utf8(r, e) == 0)
			rules_read_key(r);
	} /* else: the section is unknown, which was reported */
	r->entry = NULL;
	return r->no_memory || r->faults > DNC_RULES_MAX_FAULTS ? -1 : 0;
}

static int on_wrong(void *ctx, const struct dnc_ini_entry *e, size_t at, const char *why)
{
	struct rules_reading *r = ctx;

	r->entry = e;
	rules_fault(r, at, "%s", why);
	r->entry = NULL;
	return r->faults > DNC_RULES_MAX_FAULTS ? -1 : 0;
}

/* A program of jq has "[if" and "a = 1". */
static bool is_program(void *ctx, const char *key)
{
	(void)ctx;
	return strcmp(key, "jq") == 0;
}

/* Returns -1 with ERR only if the file can't be read. */
static int read_file(struct rules_reading *r, const char *path, struct dnc_error *err)
{
	struct dnc_rules *rules = r->rules;
	struct dnc_error why = {0};
	int rc;

	if (!dnc_array_grow(&rules->paths, &rules->path_room, rules->path_count + 1) ||
		!(rules->paths[rules->path_count] = strdup(path)))
		return dnc_error_nomem(err);
	rules->path_count++;
	r->path = rules->paths[rules->path_count - 1];
	rc = dnc_ini_read(r->path,
		&(struct dnc_ini_events){
			.entry = on_entry, .wrong = on_wrong, .is_free = is_program, .ctx = r},
		&why);
	end_section(r);
	free(r->default_at.text);
	r->default_at = (struct rules_place){0};
	if (r->no_memory)
		return dnc_error_nomem(err);
	if (rc < 0 && why.message[0]) {
		*err = why;
		return -1;
	}
	return 0;
}

static int is_rules_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 6 && strcmp(d->d_name + n - 6, ".rules") == 0;
}

/* The same in each locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A file that was emptied, as by a full disk, would silently take its rules away. */
static int read_one_of(struct rules_reading *r, const char *path, struct dnc_error *err)
{
	struct stat st;

	if (read_file(r, path, err) < 0)
		return -1;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && !st.st_size)
		rules_fault(r, 0, "the file is empty; remove it, or put a comment in it");
	return 0;
}

static int read_directory(struct rules_reading *r, const char *path, struct dnc_error *err)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, is_rules_file, by_name), rc = 0;

	if (n < 0)
		return dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	if (n == 0)
		rc = dnc_error_set(err, ENOENT, "%s has no file whose name ends with .rules", path);
	for (int i = 0; i < n; i++) {
		struct dnc_buf file = {0};

		dnc_buf_printf(&file, "%s/%s", path, names[i]->d_name);
		dnc_buf_chr(&file, '\0');
		if (rc == 0)
			rc = dnc_buf_ok(&file) ? read_one_of(r, file.p, err) : dnc_error_nomem(err);
		dnc_buf_free(&file);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int read_all(struct rules_reading *r, const char *path, struct dnc_error *err)
{
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return dnc_error_set(err, errno, "unable to read %s: %s", path, strerror(errno));
	rc = S_ISDIR(st.st_mode) ? read_directory(r, path, err) : read_file(r, path, err);
	if (rc == 0)
		rules_check_state(r);
	if (rc == 0 && !r->rules->count && !r->rules->expectation_count && !r->default_given &&
		!r->faults) {
		r->path = path;
		rules_fault(r, 0, "there is no [rule NAME] and no default");
	}
	return rc;
}

struct dnc_rules *dnc_rules_load(
	const char *path, const struct dnc_rules_options *options, struct dnc_error *err)
{
	struct dnc_rules *rules = calloc(1, sizeof *rules);
	struct rules_reading r = {.rules = rules};
	int rc;

	if (!rules) {
		dnc_error_nomem(err);
		return NULL;
	}
	rules->options = *options;
	rc = read_all(&r, path, err);
	if (rc == 0 && r.faults)
		rc = dnc_error_set(err, EINVAL, "%s: %s%zu error%s", path,
			r.faults > DNC_RULES_MAX_FAULTS ? "more than " : "",
			r.faults > DNC_RULES_MAX_FAULTS ? DNC_RULES_MAX_FAULTS : r.faults,
			r.faults == 1 ? "" : "s");
	dnc_filter_draft_free(&r.words);
	dnc_filter_draft_free(&r.negated);
	dnc_route_finish(&r.route);
	dnc_buf_free(&r.jq);
	dnc_buf_free(&r.scratch);
	if (rc == 0 && rules_prepare(rules, err) == 0)
		return rules;
	dnc_rules_free(rules);
	return NULL;
}
