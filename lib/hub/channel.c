#include "priv/channel.h"
#include <stdatomic.h>
#include <stdlib.h>
#include "base/array.h"
#include "base/clock.h"
#include "priv/budget.h"
#include "priv/view.h"

static bool list_add(struct channel_list *l, struct channel *a)
{
	if (!dnc_array_grow(&l->v, &l->room, l->count + 1))
		return false;
	l->v[l->count++] = a;
	return true;
}

static void list_remove(struct channel_list *l, const struct channel *a)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->v[i] == a) {
			l->v[i] = l->v[--l->count];
			return;
		}
}

static struct channel_prefix *find_prefix(const struct channels *all, struct dnc_str digits)
{
	struct channel_prefix *p;

	HASH_FIND(hh, all->prefixes, digits.p, digits.n, p);
	return p;
}

static bool add_prefix(struct channels *all, struct dnc_str digits, struct channel *a)
{
	struct channel_prefix *p = find_prefix(all, digits);

	if (!p) {
		p = calloc(1, sizeof *p);
		if (!p)
			return false;
		memcpy(p->digits, digits.p, digits.n);
		HASH_ADD_KEYPTR(hh, all->prefixes, p->digits, digits.n, p);
		if (!p->hh.tbl) {
			free(p);
			return false;
		}
		all->lengths[digits.n]++;
	}
	return list_add(&p->list, a);
}

static void remove_prefix(struct channels *all, struct dnc_str digits, const struct channel *a)
{
	struct channel_prefix *p = find_prefix(all, digits);

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

/* A masked number starts with other characters than the event's own. */
static size_t prefix_count(const struct channel *a)
{
	return a->view.rendering & DNC_MASKED ? 0 : dnc_filter_prefix_count(a->filter);
}

static void forget(struct channels *all, struct channel *a)
{
	list_remove(&all->everything, a);
	for (int t = 0; t < DNC_TYPES; t++)
		list_remove(&all->by_type[t], a);
	for (size_t i = 0; i < prefix_count(a); i++)
		remove_prefix(all, dnc_filter_prefix(a->filter, i), a);
}

/* Puts the channel where events find it. */
static bool remember(struct channels *all, struct channel *a)
{
	size_t prefixes = prefix_count(a);
	bool ok = true;

	if (a->all)
		return list_add(&all->everything, a);
	for (size_t i = 0; ok && i < prefixes; i++)
		ok = add_prefix(all, dnc_filter_prefix(a->filter, i), a);
	for (int t = 0; ok && !prefixes && t < DNC_TYPES; t++)
		if (a->types & 1u << t)
			ok = list_add(&all->by_type[t], a);
	if (!ok)
		forget(all, a);
	return ok;
}

/* Views with equal masks have the same forms. */
static struct dnc_str write_key(struct dnc_buf *key, const struct dnc_view *view,
	const struct forms *forms, const struct dnc_filter *filter)
{
	struct dnc_str text = dnc_filter_text(filter);

	dnc_buf_clear(key);
	dnc_buf_add(key, &view->sees, sizeof view->sees);
	dnc_buf_add(key, &view->types, sizeof view->types);
	dnc_buf_add(key, &view->rendering, sizeof view->rendering);
	dnc_buf_add(key, &forms, sizeof forms);
	dnc_buf_str(key, text);
	return dnc_buf_ok(key) ? dnc_buf_view(key) : (struct dnc_str){0};
}

static atomic_uint_fast64_t next_id = 1;

static struct channel *make(struct dnc_str key, const struct dnc_view *view, struct forms *forms,
	const struct dnc_filter *filter)
{
	struct channel *a = calloc(1, sizeof *a);

	if (!a || !(a->key = malloc(key.n))) {
		free(a);
		return NULL;
	}
	a->id = next_id++;
	memcpy(a->key, key.p, key.n);
	dnc_list_init(&a->live);
	a->view = *view;
	a->view.sees = dnc_filter_ref(view->sees);
	a->view.mask = NULL;
	a->forms = forms_ref(forms);
	a->filter = dnc_filter_ref(filter);
	a->types = view->types & dnc_filter_types(filter);
	a->all = !view->sees && view->types == DNC_ALL_TYPES && dnc_filter_count(filter) == 0;
	a->patterns = dnc_filter_has_patterns(filter);
	a->run = a->all && !view->rendering;
	return a;
}

static void free_channel(struct channel *a)
{
	dnc_filter_unref(a->filter);
	dnc_filter_unref(a->view.sees);
	forms_unref(a->forms);
	free(a->fresh);
	free(a->key);
	free(a);
}

struct channel *channel_join(struct channels *all, const struct dnc_view *view, struct forms *forms,
	const struct dnc_filter *filter, bool limited)
{
	struct dnc_str key = write_key(&all->key, view, forms, filter);
	struct channel *a = NULL;

	if (key.p)
		HASH_FIND(hh, all->table, key.p, key.n, a);
	if (!a) {
		if (!key.p || !(a = make(key, view, forms, filter)))
			return NULL;
		HASH_ADD_KEYPTR(hh, all->table, a->key, key.n, a);
		if (!a->hh.tbl) {
			free_channel(a);
			return NULL;
		}
		if (!remember(all, a)) {
			HASH_DELETE(hh, all->table, a);
			free_channel(a);
			return NULL;
		}
	}
	a->members++;
	a->limited_members += limited;
	return a;
}

/* Not among those that matched something. */
static void unlink_fresh(struct channels *all, struct channel *a)
{
	struct channel **at = &all->fresh;

	while (*at && *at != a)
		at = &(*at)->fresh_next;
	if (*at)
		*at = a->fresh_next;
}

void channel_leave(struct channels *all, struct channel *a, bool limited)
{
	a->limited_members -= limited;
	if (--a->members)
		return;
	if (a->fresh_from)
		unlink_fresh(all, a);
	all->past_looks += channel_looks(a);
	all->past_matches += a->matches;
	HASH_DELETE(hh, all->table, a);
	forget(all, a);
	free_channel(a);
}

static void link_fresh(struct channels *all, struct channel *a, uint64_t seq)
{
	if (!a->fresh_from) {
		a->fresh_from = seq;
		a->fresh_next = all->fresh;
		all->fresh = a;
	}
	all->owed += a->members;
}

/* Whether A gets the event is not known. */
static void add_unknown(struct channels *all, struct channel *a, uint64_t seq)
{
	link_fresh(all, a, seq);
	a->fresh_partial = true;
}

static void add_fresh(struct channels *all, struct channel *a, uint64_t seq)
{
	link_fresh(all, a, seq);
	a->matches++;
	if (a->run)
		return;
	if (dnc_array_grow(&a->fresh, &a->fresh_room, a->fresh_count + 1))
		a->fresh[a->fresh_count++] = seq;
	else
		a->fresh_partial = true;
}

int channel_matches(const struct channel *a, const struct channel_event *event)
{
	const struct dnc_event *shown = event->plain;

	if (a->all)
		return 1;
	if (!shown)
		return event->no_memory ? DNC_MATCH_NO_MEMORY : 0;
	if (a->view.rendering & DNC_MASKED)
		shown = forms_event(a->forms, event->look, event->seq, &event->form);
	return view_shows(&a->view, a->filter, event->plain, shown);
}

/* Whether costly A gets the event is found out as long as there is work left in this advance. */
static int match_costly(struct channels *all, struct channel *a, const struct channel_event *event)
{
	int64_t start, ns;
	int matches;

	if (a->work_ns >= BUDGET_CHANNEL_NS || all->work_ns >= BUDGET_ADVANCE_NS)
		return -1;
	start = dnc_clock_mono_ns();
	matches = channel_matches(a, event);
	ns = dnc_clock_mono_ns() - start;
	if (!a->work_ns) {
		a->worked_next = all->worked;
		all->worked = a;
	}
	a->work_ns += ns + 1; /* never 0 again */
	all->work_ns += ns;
	return matches;
}

static void note_match(struct channels *all, struct channel *a, uint64_t seq, int matches)
{
	if (matches > 0)
		add_fresh(all, a, seq);
	else if (matches < 0)
		add_unknown(all, a, seq);
}

/* The same for a filter with patterns. Members that are not live look themselves, as all do once something is not known. */
static void match_patterns(
	struct channels *all, struct channel *a, const struct channel_event *event)
{
	int matches;

	if (dnc_list_is_empty(&a->live) || a->fresh_partial)
		return;
	a->looks++;
	matches = a->costly ? match_costly(all, a, event) : channel_matches(a, event);
	note_match(all, a, event->seq, matches);
	a->costly = a->costly || dnc_filter_costly(a->filter);
	/* Only a costly filter can be over its budget. */
	if (a->costly && !matches && dnc_filter_over_budget(a->filter) && !a->over_budget_at) {
		a->over_budget_at = event->seq;
		all->over_budget = true;
	}
}

static void match_list(
	struct channels *all, const struct channel_list *l, const struct channel_event *event)
{
	for (size_t i = 0; i < l->count; i++) {
		struct channel *a = l->v[i];

		if (a->looked == event->seq)
			continue;
		a->looked = event->seq;
		if (a->patterns) {
			match_patterns(all, a, event);
			continue;
		}
		a->looks++;
		note_match(all, a, event->seq, channel_matches(a, event));
	}
}

void channels_match(struct channels *all, const struct channel_event *event)
{
	const struct dnc_event *plain = event->plain;

	for (size_t i = 0; i < all->everything.count; i++)
		add_fresh(all, all->everything.v[i], event->seq);
	if (!plain) {
		if (event->no_memory)
			for (struct channel *a = all->table; a; a = a->hh.next)
				if (!a->all)
					add_unknown(all, a, event->seq);
		return;
	}
	match_list(all, &all->by_type[plain->type], event);
	for (size_t n = 1; n < DNC_PHONE_MAX && n <= plain->phone_number.n; n++) {
		struct channel_prefix *p;

		if (!all->lengths[n])
			continue;
		p = find_prefix(all, (struct dnc_str){plain->phone_number.p, n});
		if (p)
			match_list(all, &p->list, event);
	}
}

struct channel *channels_next_fresh(struct channels *all)
{
	struct channel *a = all->fresh;

	if (a)
		all->fresh = a->fresh_next;
	return a;
}

void channel_sent(struct channel *a)
{
	a->fresh_from = 0;
	a->fresh_count = 0;
	a->fresh_partial = false;
}

void channels_finish(struct channels *all)
{
	dnc_buf_free(&all->key);
	free(all->everything.v);
	for (int t = 0; t < DNC_TYPES; t++)
		free(all->by_type[t].v);
}
