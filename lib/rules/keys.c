/* keys.c - the keys of sections, in one table. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/words.h"
#include "priv/reading.h"

/* Of a kind in a section. An event of 32 KiB hardly holds more. */
enum { ASSIGNMENTS_MAX = 256 };

static const char yes_no[] = "yes no";

static int read_action(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	r->action_given = true;
	return rules_read_verdict(r, &r->rule->verdict);
}

static int read_continue(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	r->continue_given = true;
	if (rules_check_word(r, yes_no) < 0)
		return -1;
	r->rule->goes_on = r->entry->value.p[0] == 'y';
	return 0;
}

static int read_severity(struct rules_reading *r, const struct dnc_severity **out)
{
	*out = dnc_severity_from_name(r->entry->value);
	return *out ? 0
	            : rules_check_word(r, dnc_event_known_values(DNC_TYPES, DNC_STR("severity")));
}

static int read_set_severity(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	return read_severity(r, &r->rule->severity);
}

static int read_emit_severity(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	return read_severity(r, &r->rule->emission.severity);
}

static int read_text(struct rules_reading *r, struct rule_text *text)
{
	struct dnc_error err;

	rule_text_finish(text);
	if (!r->entry->value.n)
		return rules_fault_value(r, DNC_NO_OFFSET, "a text is missing");
	if (rule_text_read(text, r->entry->value, r->expectation, &err) == 0)
		return rules_note_places(r, text);
	return err.code == DNC_ERROR_NO_MEMORY ? rules_no_memory(r)
	                                       : rules_fault_value(r, err.offset, err.message);
}

/* Adds NAME = text, which must be new in LIST. */
static int read_assignment(
	struct rules_reading *r, struct rule_assignments *list, struct dnc_str name)
{
	struct rule_assignment *a;

	/* So few that they are compared one by one. */
	if (list->n == ASSIGNMENTS_MAX)
		return rules_fault(r, r->entry->key_at,
			"more than %d keys of this kind in a section", ASSIGNMENTS_MAX);
	for (size_t i = 0; i < list->n; i++)
		if (dnc_str_eq(dnc_str(list->v[i].key), name))
			return rules_fault(
				r, r->entry->key_at, "duplicate key \"%s\"", r->entry->key);
	if (!dnc_array_grow(&list->v, &list->room, list->n + 1))
		return rules_no_memory(r);
	a = &list->v[list->n];
	*a = (struct rule_assignment){.key = strndup(name.p, name.n)};
	if (!a->key)
		return rules_no_memory(r);
	list->n++;
	return read_text(r, &a->text);
}

/* As read_assignment(); NAME, which ends the key, is checked at the end of the section. */
static int read_named(struct rules_reading *r, struct rule_assignments *list, struct dnc_str name,
	enum rules_place_kind kind)
{
	if (rules_note_field(r, kind, r->entry->key_at + (size_t)(name.p - r->entry->key), name.n) <
		0)
		return -1;
	return read_assignment(r, list, name);
}

static int read_set_metadata(struct rules_reading *r, struct dnc_str name)
{
	if (dnc_str_eq(name, DNC_STR("ingested_at")))
		return rules_fault(r, r->entry->key_at,
			"metadata.ingested_at is when the event came in, and stays: use another name");
	return read_named(r, &r->rule->metadata, name, RULES_PLACE_SET_METADATA);
}

/* What events that rules make say of themselves. */
static bool is_reserved(const struct rules_reading *r, struct dnc_str name)
{
	return dnc_words_have("rule source_event ingested_at", name) ||
	       (r->expectation && dnc_str_eq(name, DNC_STR("last_seen")));
}

static int read_emit_metadata(struct rules_reading *r, struct dnc_str name)
{
	if (is_reserved(r, name))
		return rules_fault(r, r->entry->key_at,
			"\"%s\" is set by dnc-filter itself: use another name", r->entry->key);
	return read_named(r, &r->rule->emission.metadata, name, RULES_PLACE_MADE_METADATA);
}

static int read_emit_data(struct rules_reading *r, struct dnc_str name)
{
	return read_named(r, &r->rule->emission.event_data, name, RULES_PLACE_MADE);
}

static int read_emit_phone(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	return read_text(r, &r->rule->emission.phone_number);
}

static int read_emit_provider(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	return read_text(r, &r->rule->emission.provider);
}

static int read_emit(struct rules_reading *r, struct dnc_str name)
{
	char types[DNC_TYPES * 40] = "";
	size_t n = 0;

	(void)name;
	r->emit_given = true;
	for (int t = 0; t < DNC_TYPES; t++)
		n += (size_t)snprintf(types + n, sizeof types - n, "%s%.*s", t ? " " : "",
			DNC_STR_ARG(dnc_type_names[t]));
	if (rules_check_word(r, types) < 0)
		return -1;
	r->rule->emission.given = dnc_type_from_name(r->entry->value, &r->rule->emission.type);
	return 0;
}

static int read_sample(struct rules_reading *r, struct dnc_str name)
{
	struct dnc_str v = r->entry->value;
	uint64_t n = 0;
	size_t i = 2;

	(void)name;
	for (; i < v.n && i < 12 && isdigit((unsigned char)v.p[i]); i++)
		n = n * 10 + (uint64_t)(v.p[i] - '0');
	if (v.n < 3 || v.p[0] != '1' || v.p[1] != '/' || i != v.n || !n)
		return rules_fault_value(r, DNC_NO_OFFSET, "is not 1/N, such as 1/100");
	r->rule->sample = n;
	return 0;
}

static int read_time(struct rules_reading *r, int64_t *out)
{
	if (r->entry->value.n && r->entry->value.p[0] == '-')
		return rules_fault_value(r, DNC_NO_OFFSET,
			"is a duration before now, which only options can have: write a time such as "
			"2026-08-29T08:00:00Z");
	if (dnc_clock_parse(r->entry->value, out) || dnc_clock_parse_local(r->entry->value, out))
		return *out ? 0
		            : rules_fault_value(r, DNC_NO_OFFSET,
				      "is the one time that stands for none: write a millisecond more "
				      "or less");
	return rules_fault_value(r, DNC_NO_OFFSET, "is not a time such as 2026-08-29T08:00:00Z");
}

static int read_since(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	return read_time(r, &r->words.start_ms);
}

static int read_until(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	return read_time(r, &r->words.end_ms);
}

static int read_jq(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	if (r->entry->comment)
		return rules_fault(r, r->entry->value_at + r->entry->value.n,
			"the rest of the line is a comment: write a program with \" ;\" on lines that "
			"continue the value");
	if (!r->jq.n) {
		r->jq_at = (struct rules_place){.line = r->entry->line,
			.at = r->entry->value_at,
			.text = strndup(r->entry->text.p, r->entry->text.n)};
		if (!r->jq_at.text)
			return rules_no_memory(r);
	}
	/* So that a comment of the program ends with its line. */
	dnc_buf_str(&r->jq, r->entry->value);
	dnc_buf_chr(&r->jq, '\n');
	return dnc_buf_ok(&r->jq) ? 0 : rules_no_memory(r);
}

/* How often a key may be given in a section, and whether its value may go on. */
enum times { ONCE, EACH_NAME, LINES, OFTEN };

static const struct rules_key {
	struct dnc_str name; /* a last dot: a name follows it */
	enum times times;
	int (*read)(struct rules_reading *r, struct dnc_str name);
} keys[] = {
	{DNC_STR("jq"), LINES, read_jq},
	{DNC_STR("since"), ONCE, read_since},
	{DNC_STR("until"), ONCE, read_until},
	{DNC_STR("within"), ONCE, rules_read_within},
	{DNC_STR("action"), ONCE, read_action},
	{DNC_STR("continue"), ONCE, read_continue},
	{DNC_STR("route"), ONCE, rules_read_route},
	{DNC_STR("copy"), OFTEN, rules_read_copy},
	{DNC_STR("when_down"), ONCE, rules_read_when_down},
	{DNC_STR("spool"), ONCE, rules_read_spool},
	{DNC_STR("exec.timeout"), ONCE, rules_read_timeout},
	{DNC_STR("sample"), ONCE, read_sample},
	{DNC_STR("limit"), ONCE, rules_read_limit},
	{DNC_STR("limit.action"), ONCE, rules_read_above},
	{DNC_STR("unique"), ONCE, rules_read_unique},
	{DNC_STR("set.severity"), ONCE, read_set_severity},
	{DNC_STR("set.metadata."), EACH_NAME, read_set_metadata},
	{DNC_STR("emit"), ONCE, read_emit},
	{DNC_STR("emit.severity"), ONCE, read_emit_severity},
	{DNC_STR("emit.phone_number"), ONCE, read_emit_phone},
	{DNC_STR("emit.provider"), ONCE, read_emit_provider},
	{DNC_STR("emit.event_data."), EACH_NAME, read_emit_data},
	{DNC_STR("emit.metadata."), EACH_NAME, read_emit_metadata},
};

enum { KEYS = sizeof keys / sizeof keys[0] };

_Static_assert(KEYS <= 32, "`given` has a bit for each key");

static const struct rules_key *find_key(struct dnc_str key)
{
	for (size_t i = 0; i < KEYS; i++) {
		struct dnc_str name = keys[i].name;

		if (keys[i].times == EACH_NAME ? dnc_str_starts(key, name) && key.n > name.n
					       : dnc_str_eq(key, name))
			return &keys[i];
	}
	return NULL;
}

static int unknown_key(struct rules_reading *r, struct dnc_str key, bool negated)
{
	struct dnc_buf names = {0};
	struct dnc_str near;
	int rc;

	rules_list_words(&names);
	for (size_t i = 0; !negated && i < KEYS; i++)
		dnc_buf_printf(&names, "%.*s ", DNC_STR_ARG(keys[i].name));
	dnc_buf_lit(&names, "numbers where.");
	dnc_buf_chr(&names, '\0');
	if (!dnc_buf_ok(&names)) {
		rc = rules_no_memory(r);
	} else {
		near = dnc_words_nearest(names.p, key);
		if (near.p)
			rc = rules_fault(r, r->entry->key_at,
				"unknown key \"%s\"; did you mean \"%s%.*s\"?", r->entry->key,
				negated ? "not." : "", DNC_STR_ARG(near));
		else
			rc = rules_fault(r, r->entry->key_at,
				"unknown key \"%s\"; see dnc-rules(5)", r->entry->key);
	}
	dnc_buf_free(&names);
	return rc;
}

/* True if the section may have K: [expect NAME] has conditions and what it makes. */
static bool fits(const struct rules_reading *r, const struct rules_key *k)
{
	bool shared = dnc_words_have("jq since until emit", k->name) ||
	              dnc_str_starts(k->name, DNC_STR("emit."));

	return shared || (k->read == rules_read_within) == (r->expectation != NULL);
}

/* A key of the table. */
static int read_entry(struct rules_reading *r, const struct rules_key *k, struct dnc_str key)
{
	unsigned bit = 1u << (k - keys);

	if (!fits(r, k))
		return rules_fault(r, r->entry->key_at, "\"%s\" is a key of [%s NAME]",
			r->entry->key, r->expectation ? "rule" : "expect");
	if (k->times != LINES && r->entry->continues)
		return rules_fault(r, r->entry->value_at,
			"the value of \"%s\" must be on one line of 198 bytes at most%s",
			r->entry->key,
			k->read == rules_read_route || k->read == rules_read_copy
				? "; write a longer command as a script"
				: "");
	if ((k->times == ONCE || k->times == LINES) && r->given & bit && !r->entry->continues)
		return rules_fault(r, r->entry->key_at, "duplicate key \"%s\"", r->entry->key);
	r->given |= bit;
	return k->read(r, (struct dnc_str){key.p + k->name.n, key.n - k->name.n});
}

/* libinih would end a path that has a colon there, and the condition would be another one. */
static int check_separator(struct rules_reading *r)
{
	const struct dnc_ini_entry *e = r->entry;
	size_t at = e->key_at + strlen(e->key);

	while (at < e->text.n && dnc_chr_is_blank(e->text.p[at]))
		at++;
	if (e->continues || at >= e->text.n || e->text.p[at] != ':')
		return 0;
	return rules_fault(r, at, "expected \"=\" after the key, which cannot hold a colon");
}

int rules_read_key(struct rules_reading *r)
{
	struct dnc_str key = dnc_str(r->entry->key), word = key;
	bool negated = dnc_str_starts(key, DNC_STR("not."));
	const struct dnc_filter_word *w;
	const struct rules_key *k;

	if (check_separator(r) < 0)
		return -1;
	if (dnc_str_eq(key, DNC_STR("default")))
		return rules_read_default(r);
	if (dnc_str_eq(key, DNC_STR("state")))
		return rules_read_state(r);
	if (!r->rule)
		return rules_fault(r, r->entry->key_at, "\"%s\" is not in a section [rule NAME]",
			r->entry->key);
	rules_digest_entry(r);
	if (negated)
		word = (struct dnc_str){key.p + 4, key.n - 4};
	if (dnc_str_eq(word, DNC_STR("numbers")))
		return rules_read_numbers(r, negated);
	w = rules_find_word(word);
	if (w)
		return rules_add_word(r, w, negated);
	for (size_t i = 0; !negated && i < KEYS; i++)
		if (keys[i].times == EACH_NAME && dnc_str_eq(key, keys[i].name))
			return rules_fault(r, r->entry->key_at + key.n,
				"a name is missing after \"%s\"", r->entry->key);
	k = negated ? NULL : find_key(key);
	return k ? read_entry(r, k, key) : unknown_key(r, word, negated);
}
