/* default_key.c - verdicts as values, and `default`, a key of the file. */
#include <stdlib.h>
#include "priv/reading.h"

const struct dnc_str dnc_verdict_names[DNC_VERDICTS] = {
	DNC_STR("pass"), DNC_STR("drop"), DNC_STR("route")};

int rules_read_verdict(struct rules_reading *r, enum dnc_verdict *out)
{
	if (rules_check_word(r, "pass drop") < 0)
		return -1;
	*out = dnc_str_eq(r->entry->value, dnc_verdict_names[DNC_VERDICT_DROP]) ? DNC_VERDICT_DROP
	                                                                        : DNC_VERDICT_PASS;
	return 0;
}

/* Who writes it in a section may take it for a key of that rule. */
void rules_follow_default(struct rules_reading *r)
{
	struct rules_place *p = &r->default_at;
	const struct dnc_ini_entry *entry = r->entry;
	struct dnc_ini_entry at = {.line = p->line, .text = dnc_str(p->text)};

	if (!p->text)
		return;
	r->entry = &at;
	rules_fault(r, p->at,
		"\"default\" is for all rules: it must stand before the first section or at the "
		"end of the file");
	r->entry = entry;
	free(p->text);
	*p = (struct rules_place){0};
}

/* `default` is a key of the file. People write it at the end, which is in the last section. */
int rules_read_default(struct rules_reading *r)
{
	if (r->default_given)
		return rules_fault(r, r->entry->key_at, "duplicate key \"default\"");
	if (r->entry->continues)
		return rules_fault(
			r, r->entry->value_at, "the value of \"default\" must be on one line");
	r->default_given = true;
	if (r->entry->section[0]) {
		r->default_at = (struct rules_place){.line = r->entry->line,
			.at = r->entry->key_at,
			.text = strndup(r->entry->text.p, r->entry->text.n)};
		if (!r->default_at.text)
			return rules_no_memory(r);
	}
	return rules_read_verdict(r, &r->rules->verdict);
}
