#include "priv/index.h"
#include <stdlib.h>
#include "base/array.h"
#include "base/hash.h"

enum { WORD = 64 };

/* The rules of which one pattern starts with these digits. */
struct rule_prefix {
	char digits[DNC_PHONE_MAX];
	uint32_t *rule;
	size_t count, room;
	UT_hash_handle hh;
};

static void set_bit(uint64_t *bits, size_t at)
{
	bits[at / WORD] |= UINT64_C(1) << at % WORD;
}

bool rule_index_start(struct rule_index *x, size_t count)
{
	bool ok = true;

	x->words = count / WORD + 1;
	for (int t = 0; t < DNC_TYPES; t++)
		ok &= (x->by_type[t] = calloc(x->words, sizeof *x->open)) != NULL;
	x->open = calloc(x->words, sizeof *x->open);
	x->found = calloc(x->words, sizeof *x->found);
	return ok && x->open && x->found;
}

static struct rule_prefix *find_prefix(const struct rule_index *x, struct dnc_str digits)
{
	struct rule_prefix *p;

	HASH_FIND(hh, x->prefixes, digits.p, digits.n, p);
	return p;
}

static bool add_prefix(struct rule_index *x, struct dnc_str digits, size_t at)
{
	struct rule_prefix *p = find_prefix(x, digits);

	if (!p) {
		p = calloc(1, sizeof *p);
		if (!p)
			return false;
		memcpy(p->digits, digits.p, digits.n);
		HASH_ADD_KEYPTR(hh, x->prefixes, p->digits, digits.n, p);
		if (!p->hh.tbl) {
			free(p);
			return false;
		}
		x->lengths[digits.n]++;
	}
	if (!dnc_array_grow(&p->rule, &p->room, p->count + 1))
		return false;
	p->rule[p->count++] = (uint32_t)at;
	return true;
}

bool rule_index_add(struct rule_index *x, size_t at, const struct dnc_filter *filter)
{
	unsigned types = filter ? dnc_filter_types(filter) : (1u << DNC_TYPES) - 1;
	size_t prefixes = filter ? dnc_filter_prefix_count(filter) : 0;
	bool ok = true;

	for (int t = 0; t < DNC_TYPES; t++)
		if (types & 1u << t)
			set_bit(x->by_type[t], at);
	if (!prefixes)
		set_bit(x->open, at);
	for (size_t i = 0; ok && i < prefixes; i++)
		ok = add_prefix(x, dnc_filter_prefix(filter, i), at);
	return ok;
}

const uint64_t *rule_index_find(struct rule_index *x, const struct dnc_event *event)
{
	const uint64_t *of_type = x->by_type[event->type];
	struct dnc_str number = event->phone_number;

	for (size_t i = 0; i < x->words; i++)
		x->found[i] = of_type[i] & x->open[i];
	for (size_t n = 1; n < DNC_PHONE_MAX && n <= number.n; n++) {
		const struct rule_prefix *p;

		if (!x->lengths[n] || !(p = find_prefix(x, (struct dnc_str){number.p, n})))
			continue;
		for (size_t i = 0; i < p->count; i++)
			x->found[p->rule[i] / WORD] |=
				of_type[p->rule[i] / WORD] & UINT64_C(1) << p->rule[i] % WORD;
	}
	return x->found;
}

void rule_index_finish(struct rule_index *x)
{
	struct rule_prefix *p, *next;

	HASH_ITER(hh, x->prefixes, p, next)
	{
		HASH_DELETE(hh, x->prefixes, p);
		free(p->rule);
		free(p);
	}
	for (int t = 0; t < DNC_TYPES; t++)
		free(x->by_type[t]);
	free(x->open);
	free(x->found);
	*x = (struct rule_index){0};
}
