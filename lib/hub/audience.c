#include "audience.h"
#include <stdlib.h>

static bool list_add(struct audience_list *l, struct audience *a)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 4;
		struct audience **v = realloc(l->v, room * sizeof *v);

		if (!v)
			return false;
		l->v = v;
		l->room = room;
	}
	l->v[l->count++] = a;
	return true;
}

static void list_remove(struct audience_list *l, const struct audience *a)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->v[i] == a) {
			l->v[i] = l->v[--l->count];
			return;
		}
}

static struct audience_prefix *find_prefix(const struct audiences *all, struct dnc_str digits)
{
	struct audience_prefix *p;

	HASH_FIND(hh, all->prefixes, digits.p, digits.n, p);
	return p;
}

static bool add_prefix(struct audiences *all, struct dnc_str digits, struct audience *a)
{
	struct audience_prefix *p = find_prefix(all, digits);

	if (!p) {
		p = calloc(1, sizeof *p);
		if (!p)
			return false;
		memcpy(p->digits, digits.p, digits.n);
		HASH_ADD_KEYPTR(hh, all->prefixes, p->digits, digits.n, p);
		all->lengths[digits.n]++;
	}
	return list_add(&p->list, a);
}

static void remove_prefix(struct audiences *all, struct dnc_str digits, const struct audience *a)
{
	struct audience_prefix *p = find_prefix(all, digits);

	if (!p)
		return;
	list_remove(&p->list, a);
	if (p->list.count)
		return;
	HASH_DELETE(hh, all->prefixes, p);
	all->lengths[digits.n]--;
	free(p->list.v);
	free(p);
}

static void forget(struct audiences *all, struct audience *a)
{
	list_remove(&all->everything, a);
	for (int t = 0; t < DNC_TYPES; t++)
		list_remove(&all->by_type[t], a);
	for (size_t i = 0; i < dnc_filter_prefix_count(a->filter); i++)
		remove_prefix(all, dnc_filter_prefix(a->filter, i), a);
}

/* Puts the audience where events find it. */
static bool remember(struct audiences *all, struct audience *a)
{
	size_t prefixes = dnc_filter_prefix_count(a->filter);
	bool ok = true;

	if (a->all)
		return list_add(&all->everything, a);
	for (size_t i = 0; ok && i < prefixes; i++)
		ok = add_prefix(all, dnc_filter_prefix(a->filter, i), a);
	for (int t = 0; ok && !prefixes && t < DNC_TYPES; t++)
		if (dnc_filter_types(a->filter) & 1u << t)
			ok = list_add(&all->by_type[t], a);
	if (!ok)
		forget(all, a);
	return ok;
}

struct audience *audience_join(struct audiences *all, struct dnc_filter *filter)
{
	struct dnc_str text = dnc_filter_text(filter);
	struct audience *a;

	HASH_FIND(hh, all->table, text.p, text.n, a);
	if (a) {
		dnc_filter_free(filter);
		a->members++;
		return a;
	}
	a = calloc(1, sizeof *a);
	if (a) {
		a->filter = filter;
		a->all = dnc_filter_count(filter) == 0;
		a->members = 1;
	}
	if (!a || !remember(all, a)) {
		dnc_filter_free(filter);
		free(a);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, all->table, text.p, text.n, a);
	return a;
}

/* Not among those that matched something. */
static void unlink_fresh(struct audiences *all, struct audience *a)
{
	struct audience **at = &all->fresh;

	while (*at && *at != a)
		at = &(*at)->fresh_next;
	if (*at)
		*at = a->fresh_next;
}

void audience_leave(struct audiences *all, struct audience *a)
{
	if (--a->members)
		return;
	if (a->fresh_from)
		unlink_fresh(all, a);
	HASH_DELETE(hh, all->table, a);
	forget(all, a);
	dnc_filter_free(a->filter);
	free(a->fresh);
	free(a);
}

static bool grow_fresh(struct audience *a)
{
	size_t room = a->fresh_room ? a->fresh_room * 2 : 16;
	uint64_t *fresh = realloc(a->fresh, room * sizeof *fresh);

	if (!fresh)
		return false;
	a->fresh = fresh;
	a->fresh_room = room;
	return true;
}

static void add_fresh(struct audiences *all, struct audience *a, uint64_t seq)
{
	if (!a->fresh_from) {
		a->fresh_from = seq;
		a->fresh_next = all->fresh;
		all->fresh = a;
	}
	all->owed += a->members;
	if (a->all)
		return;
	if (a->fresh_count == a->fresh_room && !grow_fresh(a))
		a->fresh_partial = true;
	else
		a->fresh[a->fresh_count++] = seq;
}

static void match_list(struct audiences *all, const struct audience_list *l, uint64_t seq,
	const struct dnc_event *event)
{
	for (size_t i = 0; i < l->count; i++) {
		struct audience *a = l->v[i];

		if (a->looked == seq)
			continue;
		a->looked = seq;
		if (dnc_filter_match(a->filter, event))
			add_fresh(all, a, seq);
	}
}

void audiences_match(struct audiences *all, uint64_t seq, const struct dnc_event *event)
{
	for (size_t i = 0; i < all->everything.count; i++)
		add_fresh(all, all->everything.v[i], seq);
	if (!event)
		return;
	match_list(all, &all->by_type[event->type], seq, event);
	for (size_t n = 1; n < DNC_PHONE_MAX && n <= event->phone_number.n; n++) {
		struct audience_prefix *p;

		if (!all->lengths[n])
			continue;
		p = find_prefix(all, (struct dnc_str){event->phone_number.p, n});
		if (p)
			match_list(all, &p->list, seq, event);
	}
}

struct audience *audiences_take_fresh(struct audiences *all)
{
	struct audience *a = all->fresh;

	if (a)
		all->fresh = a->fresh_next;
	return a;
}

void audience_sent(struct audience *a)
{
	a->fresh_from = 0;
	a->fresh_count = 0;
	a->fresh_partial = false;
}

void audiences_finish(struct audiences *all)
{
	free(all->everything.v);
	for (int t = 0; t < DNC_TYPES; t++)
		free(all->by_type[t].v);
}
