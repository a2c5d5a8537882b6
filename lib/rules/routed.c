/* routed.c - where an event goes, while rules are asked about it. */
#include "base/array.h"
#include "priv/decide.h"

static int add(struct dnc_rules *r, int route, bool copy, struct dnc_error *err)
{
	for (size_t i = 0; i < r->routed_count; i++)
		if (r->routed[i].route == (size_t)route)
			return 0; /* once, as the first rule has it */
	if (!dnc_array_grow(&r->routed, &r->routed_room, r->routed_count + 1) ||
		!dnc_array_grow(&r->routed_at, &r->routed_at_room, r->routed_count + 1))
		return dnc_error_nomem(err);
	r->routed_at[r->routed_count] = copy ? ROUTED_PRESENT : ROUTED_LAST;
	r->routed[r->routed_count++] = (struct dnc_routed){.route = (size_t)route};
	return 0;
}

int rules_route(struct dnc_rules *r, struct rule *rule, struct dnc_error *err)
{
	for (size_t i = 0; i < rule->copy_count; i++)
		if (add(r, rule->copies[i], true, err) < 0)
			return -1;
	if (rule->copy_count)
		rules_count(r, &rule->counts.copied);
	return rule->route ? add(r, rule->route - 1, false, err) : 0;
}

int rules_keep_routed(struct dnc_rules *r, struct dnc_str line, struct dnc_error *err)
{
	size_t at = r->routed_text.n;
	bool any = false;

	for (size_t i = 0; i < r->routed_count; i++) {
		if (r->routed_at[i] != ROUTED_PRESENT)
			continue;
		any = true;
		r->routed_at[i] = at;
		r->routed[i].line.n = line.n;
	}
	if (any)
		dnc_buf_str(&r->routed_text, line);
	return dnc_buf_ok(&r->routed_text) ? 0 : dnc_error_nomem(err);
}

void rules_end_routed(struct dnc_rules *r, struct dnc_str line, struct dnc_decision *d)
{
	for (size_t i = 0; i < r->routed_count; i++) {
		if (r->routed_at[i] == ROUTED_PRESENT || r->routed_at[i] == ROUTED_LAST)
			r->routed[i].line = line;
		else
			r->routed[i].line.p = r->routed_text.p + r->routed_at[i];
	}
	d->routed = r->routed;
	d->routed_count = r->routed_count;
}
