/* window_keys.c - the keys of rules that count. */
#include <ctype.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/reading.h"

int rules_read_fields(struct rules_reading *r, struct dnc_str list, struct dnc_str **fields,
	size_t *count, size_t *room)
{
	while (list.n) {
		const char *comma = memchr(list.p, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.p) : list.n;
		struct dnc_str field = dnc_str_trim((struct dnc_str){list.p, n});
		char *copy;

		if (!rule_field_known(field) || dnc_str_eq(field, DNC_STR("rule")))
			return rules_fault(r,
				r->entry->value_at + (size_t)(list.p - r->entry->value.p),
				"unknown field \"%.*s\": use " RULE_FIELDS,
				field.n > 60 ? 60 : (int)field.n, field.p);
		if (rules_note_field(r, RULES_PLACE_ASKED,
			    r->entry->value_at + (size_t)(field.p - r->entry->value.p),
			    field.n) < 0)
			return -1;
		if (!dnc_array_grow(fields, room, *count + 1) ||
			!(copy = strndup(field.p, field.n)))
			return rules_no_memory(r);
		(*fields)[(*count)++] = (struct dnc_str){copy, field.n};
		n += comma != NULL;
		list = (struct dnc_str){list.p + n, list.n - n};
		if (comma && !list.n)
			return rules_fault_value(r, r->entry->value.n, "a field is missing");
	}
	return 0;
}

struct dnc_str rules_cut_by(struct dnc_str *value)
{
	for (size_t i = 0; i + 4 < value->n; i++)
		if (memcmp(value->p + i, " by ", 4) == 0) {
			struct dnc_str by = {value->p + i + 4, value->n - i - 4};

			*value = dnc_str_trim((struct dnc_str){value->p, i});
			return dnc_str_trim(by);
		}
	return (struct dnc_str){0};
}

int rules_read_unique(struct rules_reading *r, struct dnc_str name)
{
	struct rule_window *w = &r->rule->window;
	struct dnc_str span = r->entry->value, by = rules_cut_by(&span);

	(void)name;
	if (!dnc_clock_parse_span(span, &w->unique_ms) || w->unique_ms <= 0 || !by.n)
		return rules_fault_value(r, DNC_NO_OFFSET,
			"is not DURATION by FIELD,FIELD, such as 10m by phone_number");
	return rules_read_fields(r, by, &w->unique_by, &w->unique_count, &w->unique_room);
}

/* s, min, h, d, or a duration. */
static bool read_unit(struct dnc_str text, int64_t *ms)
{
	static const struct {
		struct dnc_str name;
		int64_t ms;
	} units[] = {{DNC_STR("s"), 1000}, {DNC_STR("min"), 60000}, {DNC_STR("h"), 3600000},
		{DNC_STR("d"), DNC_DAY_MS}};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (dnc_str_eq(units[i].name, text)) {
			*ms = units[i].ms;
			return true;
		}
	return dnc_clock_parse_span(text, ms) && *ms > 0;
}

int rules_read_limit(struct rules_reading *r, struct dnc_str name)
{
	struct rule_window *w = &r->rule->window;
	struct dnc_str rate = r->entry->value, by = rules_cut_by(&rate);
	const char *slash = memchr(rate.p, '/', rate.n);
	size_t n = 0;

	(void)name;
	r->limit_given = true;
	for (w->limit = 0; n < rate.n && n < 7 && isdigit((unsigned char)rate.p[n]); n++)
		w->limit = w->limit * 10 + (uint64_t)(rate.p[n] - '0');
	if (!slash || slash != rate.p + n || !w->limit ||
		!read_unit((struct dnc_str){slash + 1, rate.n - n - 1}, &w->limit_ms) ||
		w->limit > (uint64_t)w->limit_ms * 1000)
		return rules_fault_value(r, DNC_NO_OFFSET,
			"is not N/UNIT by FIELD,FIELD, such as 100/min by phone_number");
	return rules_read_fields(r, by, &w->limit_by, &w->limit_count, &w->limit_room);
}

int rules_read_above(struct rules_reading *r, struct dnc_str name)
{
	(void)name;
	r->above_given = true;
	if (rules_check_word(r, "drop pass continue") < 0)
		return -1;
	r->rule->above = r->entry->value.p[0] == 'd'   ? RULE_ABOVE_DROP
	                 : r->entry->value.p[0] == 'p' ? RULE_ABOVE_PASS
	                                               : RULE_ABOVE_CONTINUE;
	return 0;
}
