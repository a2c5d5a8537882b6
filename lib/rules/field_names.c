/* field_names.c - the names of fields in rules: those of `by`, of where.PATH and of places in texts.
 *
 * Events may have fields of event_data that no table knows. So other names are told, and are no
 * errors. */
#include <stdlib.h>
#include "base/array.h"
#include "base/words.h"
#include "priv/expect.h"
#include "priv/reading.h"

int rules_note_field(struct rules_reading *r, enum rules_place_kind kind, size_t at, size_t n)
{
	struct rules_place *p;

	if (!dnc_array_grow(&r->places, &r->place_room, r->place_count + 1))
		return rules_no_memory(r);
	p = &r->places[r->place_count];
	*p = (struct rules_place){.kind = kind,
		.line = r->entry->line,
		.at = at,
		.n = n,
		.text = strndup(r->entry->text.p, r->entry->text.n)};
	if (!p->text)
		return rules_no_memory(r);
	r->place_count++;
	return 0;
}

int rules_note_places(struct rules_reading *r, const struct rule_text *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct dnc_str field = t->piece[i].text;

		if (!t->piece[i].place || dnc_str_eq(field, DNC_STR("rule")) ||
			dnc_str_eq(field, DNC_STR("last_seen")))
			continue;
		if (rules_note_field(r, RULES_PLACE_TEXT,
			    r->entry->value_at + (size_t)(field.p - t->copy), field.n) < 0)
			return -1;
	}
	return 0;
}

void rules_forget_places(struct rules_reading *r)
{
	for (size_t i = 0; i < r->place_count; i++)
		free(r->places[i].text);
	free(r->places);
	r->places = NULL;
	r->place_count = r->place_room = 0;
}

/* Events of some of TYPES have NAME in event_data. */
static bool has_field(unsigned types, struct dnc_str name)
{
	for (int t = 0; t < DNC_TYPES; t++)
		if (types & 1u << t && dnc_event_has_field((enum dnc_type)t, name))
			return true;
	return false;
}

static void check_data(struct rules_reading *r, size_t at, struct dnc_str name)
{
	unsigned types = rules_types(r->rule);
	struct dnc_buf names = {0};
	struct dnc_str near = {0};

	if (has_field(types, name))
		return;
	for (int t = 0; t < DNC_TYPES; t++)
		if (types & 1u << t)
			dnc_event_field_names((enum dnc_type)t, &names);
	dnc_buf_chr(&names, '\0');
	if (!dnc_buf_ok(&names))
		rules_no_memory(r);
	else
		near = dnc_words_nearest(names.p, name);
	/* A source may give its events what is much like a known name: "user" beside "user_agent". */
	if (dnc_buf_ok(&names))
		rules_warn(r, at,
			"events of the types of [%s %s] have no event_data.%.*s, unless their source "
			"gives them a field of its own%s%.*s%s",
			r->expectation ? "expect" : "rule", r->rule->name,
			name.n > 60 ? 60 : (int)name.n, name.p,
			near.p ? "; did you mean \"event_data." : "", (int)near.n,
			near.p ? near.p : "", near.p ? "\"?" : "");
	dnc_buf_free(&names);
}

/* Members of what a rule makes are texts. It may have others than the table knows; one that is much like a known one is told. */
static void check_made(struct rules_reading *r, size_t at, struct dnc_str name)
{
	enum dnc_type type = r->rule->emission.type;
	const char *type_name = dnc_type_names[type].p;
	int shown = name.n > 60 ? 60 : (int)name.n;
	struct dnc_buf names = {0};
	struct dnc_str near = {0};

	if (!r->rule->emission.given)
		return;
	if (!dnc_event_field_is_text(type, name)) {
		rules_fault(r, at,
			"event_data.%.*s of %s is no text, and a rule sets texts only: leave it out",
			shown, name.p, type_name);
		return;
	}
	if (dnc_event_has_field(type, name))
		return;
	dnc_event_field_names(type, &names);
	dnc_buf_chr(&names, '\0');
	if (!dnc_buf_ok(&names))
		rules_no_memory(r);
	else
		near = dnc_words_nearest(names.p, name);
	if (near.p)
		rules_warn(r, at,
			"%s has no event_data.%.*s, which is made as a field of your own; did you mean "
			"\"event_data.%.*s\"?",
			type_name, shown, name.p, DNC_STR_ARG(near));
	dnc_buf_free(&names);
}

/* Metadata that are derived keep their values, whatever is set. */
static void check_metadata(struct rules_reading *r, size_t at, struct dnc_str name, unsigned types)
{
	for (int t = 0; t < DNC_TYPES; t++)
		if (types & 1u << t && dnc_event_derives((enum dnc_type)t, name)) {
			rules_warn(r, at,
				"metadata.%.*s of %s is derived from its fields and keeps that value; use "
				"another name",
				name.n > 60 ? 60 : (int)name.n, name.p, dnc_type_names[t].p);
			return;
		}
}

void rules_check_fields(struct rules_reading *r)
{
	static const struct dnc_str data = {"event_data.", 11};

	for (size_t i = 0; i < r->place_count; i++) {
		const struct rules_place *p = &r->places[i];
		struct dnc_ini_entry at = {.line = p->line, .text = dnc_str(p->text)};
		struct dnc_str field = {p->text + p->at, p->n};

		r->entry = &at;
		if (p->kind == RULES_PLACE_MADE)
			check_made(r, p->at, field);
		else if (p->kind == RULES_PLACE_SET_METADATA)
			check_metadata(r, p->at, field, rules_types(r->rule));
		else if (p->kind == RULES_PLACE_MADE_METADATA)
			check_metadata(r, p->at, field,
				r->rule->emission.given ? 1u << r->rule->emission.type : 0);
		else if (r->expectation && p->kind == RULES_PLACE_TEXT &&
			 expectation_field(r->expectation, field) == r->expectation->by_count)
			rules_fault(r, p->at,
				"there is no event to take \"%.*s\" from: use the fields of \"by\", "
				"rule or last_seen",
				p->n > 60 ? 60 : (int)p->n, field.p);
		else if (dnc_str_starts(field, data))
			check_data(r, p->at + data.n,
				(struct dnc_str){field.p + data.n, field.n - data.n});
		r->entry = NULL;
	}
}
