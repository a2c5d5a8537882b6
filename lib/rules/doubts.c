/* doubts.c - rules that can be used, but hardly do what is meant: conditions that never hold, and rules that are never asked. */
#include <ctype.h>
#include "priv/reading.h"

/* The length of the class at P, a "["; 0 if it has no end. */
static size_t class_length(const char *p)
{
	size_t n = p[1] == '^' ? 2 : 1;
	const char *end;

	if (p[n] == ']')
		n++;
	while (p[n] && p[n] != ']') {
		end = strncmp(p + n, "[:", 2) == 0 ? strstr(p + n + 2, ":]") : NULL;
		n = end ? (size_t)(end - p) + 2 : n + (p[n] == '\\' && p[n + 1] ? 2 : 1);
	}
	return p[n] ? n + 1 : 0;
}

/* The length of the group at P, a "("; 0 if it has no end. */
static size_t group_length(const char *p)
{
	size_t depth = 0, n = 0, class;

	while (p[n]) {
		if (p[n] == '\\') {
			n += p[n + 1] ? 2 : 1;
		} else if (p[n] == '[' && (class = class_length(p + n))) {
			n += class;
		} else {
			depth += p[n] == '(';
			if (p[n++] == ')' && --depth == 0)
				return n;
		}
	}
	return 0;
}

/* What stands before P need not be there. */
static bool makes_optional(const char *p)
{
	return *p && strchr("?*{", *p);
}

/* The length of what starts at P and needs no look: an escape, a class, a repeat, an optional group, or the start of
 * another. SIZE_MAX for what gives the rest another meaning, or may be any character. */
static size_t skip(const char *p)
{
	const char *end;
	size_t n;

	switch (*p) {
	case '\\':
		return p[1] && isalpha((unsigned char)p[1]) && !strchr("dDsSwWbBAzZ", p[1])
		               ? SIZE_MAX
		       : p[1] ? 2
		              : 1;
	case '{':
		end = strchr(p, '}');
		return end ? (size_t)(end - p) + 1 : 0;
	case '[':
		return class_length(p);
	case '(':
		n = group_length(p);
		if (n && makes_optional(p + n))
			return n;
		if (p[1] == '?')
			return p[2] == ':' || p[2] == '=' || p[2] == '>' ? 3 : SIZE_MAX;
		return p[1] == '*' ? SIZE_MAX : 0;
	default:
		return 0;
	}
}

/* The first character of PATTERN that no number has and that must be there; p is NULL if there is none, or it can't be said. */
static const char *find_odd(const char *pattern)
{
	for (const char *p = pattern; *p;) {
		size_t n = skip(p);

		if (n == SIZE_MAX)
			return NULL;
		if (!n && !strchr("+0123456789*^$.|()?{}[]", *p) && !makes_optional(p + 1))
			return p;
		p += n ? n : 1;
	}
	return NULL;
}

/* PATTERN starts with "^" and a digit that must be there. */
static bool starts_with_digit(const char *pattern)
{
	size_t n = 0;

	if (pattern[0] != '^')
		return false;
	if (isdigit((unsigned char)pattern[1]))
		n = 1;
	else if (strncmp(pattern + 1, "\\d", 2) == 0)
		n = 2;
	else if (strncmp(pattern + 1, "[0-9]", 5) == 0)
		n = 5;
	return n && !makes_optional(pattern + 1 + n);
}

int rules_doubt_pattern(struct rules_reading *r)
{
	const char *pattern = r->entry->value.p, *odd = find_odd(pattern);
	size_t at = r->entry->value_at + (odd ? (size_t)(odd - pattern) : 0);

	if (odd && *odd == '"')
		return rules_fault(r, at, "a number has no quotes: write the pattern without them");
	if (odd && (*odd == '#' || (dnc_chr_is_blank(*odd) && odd[strspn(odd, " \t")] == '#')))
		return rules_fault(r, at,
			"\"#\" starts no comment behind a value: write \" ;\", or a line of its own");
	if (strchr(pattern, '|'))
		return 0; /* the other alternative may match */
	if (odd && *odd == ',')
		rules_warn(r, at,
			"this never matches: a number has no comma; write one pattern on each line");
	else if (odd)
		rules_warn(r, at,
			"this never matches: a number is \"+\" and digits, such as "
			"+19165550143");
	else if (starts_with_digit(pattern))
		rules_warn(r, r->entry->value_at + 1,
			"this never matches: a number starts with \"+\", which is \\+ in a pattern");
	return 0;
}

void rules_doubt_value(struct rules_reading *r)
{
	struct dnc_str v = r->entry->value;

	for (size_t i = 1; i < v.n; i++)
		if (v.p[i] == '#' && dnc_chr_is_blank(v.p[i - 1]) && v.p[0] != '"') {
			rules_warn(r, r->entry->value_at + i,
				"\"#\" starts no comment behind a value, but belongs to it: write \" ;\"");
			return;
		}
}

static bool has(const struct dnc_buf *values, const char *value)
{
	for (size_t at = 0; at < values->n; at += strlen(values->p + at) + 1)
		if (strcmp(values->p + at, value) == 0)
			return true;
	return false;
}

/* All of VALUES are excluded. */
static bool excluded(const struct dnc_buf *values, const struct dnc_buf * not )
{
	for (size_t at = 0; at < values->n; at += strlen(values->p + at) + 1)
		if (!has(not, values->p + at))
			return false;
	return values->n > 0;
}

/* The key of a word that excludes all that the same word asks for; NULL if there is none. */
static const char *find_contradiction(const struct rules_reading *r)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		if (dnc_filter_words[i].option &&
			excluded(&r->words.field[i], &r->negated.field[i]))
			return dnc_filter_words[i].option;
	return NULL;
}

static bool asks_number(const struct rules_reading *r)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++)
		if (dnc_filter_words[i].shape == DNC_FILTER_PATTERNS && r->words.field[i].n)
			return true;
	for (size_t i = 0; i < r->rule->condition_count; i++)
		if (!r->rule->conditions[i].filter && !r->rule->conditions[i].negated)
			return true;
	return false;
}

/* Words for one type of event that the rule does not match. */
static void doubt_words(struct rules_reading *r, unsigned types)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (w->source == DNC_FILTER_OF_EVENT_DATA && !(types & 1u << w->type) &&
			(r->words.field[i].n || r->negated.field[i].n))
			rules_warn(r, 0,
				"[%s %s]: %s is for %s alone, which the rule does not match",
				r->expectation ? "expect" : "rule", r->rule->name, w->option,
				dnc_type_names[w->type].p);
	}
}

/* True if the rule says which types it is for: by a word, a field that few types have, or a program, which may. */
static bool names_types(const struct rules_reading *r)
{
	for (size_t i = 0; i < dnc_filter_word_count; i++) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];
		const struct dnc_buf *values = &r->words.field[i];

		if (w->source == DNC_FILTER_OF_TYPE && values->n)
			return true;
		for (size_t at = 0; w->shape == DNC_FILTER_PATHS && at < values->n;
			at += strlen(values->p + at) + 1)
			if (strncmp(values->p + at, "event_data.", 11) == 0 ||
				strncmp(values->p + at, "type=", 5) == 0)
				return true;
	}
	return r->rule->program.map != NULL;
}

/* A word for one type leaves the events of all others to the rule, which is hardly meant if it does not name them. */
static void doubt_types(struct rules_reading *r, unsigned types)
{
	const struct dnc_filter_word *word = NULL;

	if (names_types(r))
		return;
	for (size_t i = dnc_filter_word_count; i-- > 0;) {
		const struct dnc_filter_word *w = &dnc_filter_words[i];

		if (w->source != DNC_FILTER_OF_EVENT_DATA)
			continue;
		if (r->negated.field[i].n) /* only events of its type lack the value otherwise */
			types &= 1u << w->type;
		if (!r->words.field[i].n)
			continue;
		types &= ~(1u << w->type);
		word = w;
	}
	if (word && types)
		rules_warn(r, 0,
			"[%s %s]: %s restricts events of %s alone, and all of other types match; name the "
			"types that are meant with \"type\"",
			r->expectation ? "expect" : "rule", r->rule->name, word->option,
			dnc_type_names[word->type].p);
}

static bool decides_all(const struct rule *rule)
{
	return !rule->all && !rule->condition_count && !rule->program.map && !rule->goes_on &&
	       !(rule->window.limit && rule->above == RULE_ABOVE_CONTINUE);
}

/* The rule before this one that leaves nothing to it; told once. */
static void doubt_order(struct rules_reading *r)
{
	const struct rule *last;

	if (r->expectation || r->rules->count < 2 || r->all_decided)
		return;
	last = &r->rules->rule[r->rules->count - 2];
	if (!decides_all(last))
		return;
	r->all_decided = true;
	rules_warn(r, 0,
		"[rule %s] and the rules after it are never asked: [rule %s] decides about "
		"all events",
		r->rule->name, last->name);
}

void rules_doubt_rule(struct rules_reading *r)
{
	const unsigned numberless = 1u << DNC_LIST_SYNCED | 1u << DNC_PROVIDER_STATUS_CHANGE;
	unsigned types = rules_types(r->rule);
	const char *kind = r->expectation ? "expect" : "rule", *word = find_contradiction(r);

	if (word)
		rules_warn(r, 0, "[%s %s] never matches: not.%s excludes all that %s asks for",
			kind, r->rule->name, word, word);
	else if (!types)
		rules_warn(r, 0, "[%s %s] never matches: no type is left", kind, r->rule->name);
	else if (!(types & ~numberless) && asks_number(r))
		rules_warn(r, 0, "[%s %s] never matches: events of its types have no number", kind,
			r->rule->name);
	if (r->words.start_ms && r->words.end_ms && r->words.start_ms >= r->words.end_ms)
		rules_warn(r, 0, "[%s %s] never matches: since is not before until", kind,
			r->rule->name);
	if (types)
		doubt_words(r, types);
	doubt_types(r, types);
	doubt_order(r);
}
