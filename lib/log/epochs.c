#include "priv/epochs.h"
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/array.h"

struct epochs {
	pthread_mutex_t lock; /* of all below but the counter */
	struct dnc_epoch current;
	struct epoch *ended; /* sorted by name */
	size_t count;
	atomic_uint_fast64_t changes;
};

/* False when TEXT is not the name of an epoch. */
static bool read_name(struct dnc_str text, uint64_t *name)
{
	*name = 0;
	if (text.n != DNC_EPOCH_LEN)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c >= '0' && c <= '9')
			*name = *name << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*name = *name << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

int epoch_list_add(struct epoch_list *l, struct dnc_str name, uint64_t first)
{
	uint64_t number;

	if (!read_name(name, &number))
		return 0;
	if (!dnc_array_grow(&l->at, &l->room, l->count + 1))
		return -1;
	l->at[l->count++] = (struct epoch){number, first};
	return 0;
}

void epoch_list_free(struct epoch_list *l)
{
	free(l->at);
	*l = (struct epoch_list){0};
}

struct epochs *epochs_new(void)
{
	struct epochs *e = calloc(1, sizeof *e);

	if (e)
		pthread_mutex_init(&e->lock, NULL);
	return e;
}

void epochs_free(struct epochs *e)
{
	if (!e)
		return;
	pthread_mutex_destroy(&e->lock);
	free(e->ended);
	free(e);
}

static int by_name(const void *a, const void *b)
{
	const struct epoch *x = a, *y = b;

	return x->name < y->name ? -1 : x->name > y->name;
}

/* An epoch ends where the next begins, or earlier: a later one begins before it when the newest events were lost. */
static void find_ends(struct epoch *at, size_t count, uint64_t next)
{
	for (size_t i = count; i-- > 0;) {
		uint64_t own = at[i].seq;

		at[i].seq = next - 1;
		next = own < next ? own : next;
	}
	if (count)
		qsort(at, count, sizeof *at, by_name);
}

void epochs_replace(struct epochs *e, struct epoch_list *l)
{
	struct epoch newest, *old;
	struct dnc_epoch current = {0};

	if (!l->count)
		return;
	newest = l->at[l->count - 1];
	current.first = newest.seq;
	snprintf(current.name, sizeof current.name, "%016" PRIx64, newest.name);
	find_ends(l->at, l->count - 1, newest.seq);
	pthread_mutex_lock(&e->lock);
	old = e->ended;
	e->ended = l->at;
	e->count = l->count - 1;
	if (strcmp(e->current.name, current.name) != 0)
		e->changes++;
	e->current = current;
	pthread_mutex_unlock(&e->lock);
	free(old);
	*l = (struct epoch_list){0};
}

int epochs_begin(struct epochs *e, struct epoch_list *l, uint64_t first)
{
	uint64_t name;

	if (!dnc_array_grow(&l->at, &l->room, l->count + 1))
		return -1;
	randombytes_buf(&name, sizeof name);
	l->at[l->count++] = (struct epoch){name, first};
	epochs_replace(e, l);
	return 0;
}

struct dnc_epoch epochs_current(struct epochs *e)
{
	struct dnc_epoch current;

	pthread_mutex_lock(&e->lock);
	current = e->current;
	pthread_mutex_unlock(&e->lock);
	return current;
}

bool epochs_find(struct epochs *e, struct dnc_str name, uint64_t *end)
{
	struct epoch key, *found = NULL;
	bool current;

	*end = UINT64_MAX;
	pthread_mutex_lock(&e->lock);
	current = dnc_str_eq(name, dnc_str(e->current.name));
	if (!current && e->count && read_name(name, &key.name))
		found = bsearch(&key, e->ended, e->count, sizeof key, by_name);
	if (found)
		*end = found->seq;
	pthread_mutex_unlock(&e->lock);
	return current || found;
}

uint64_t epochs_changes(const struct epochs *e)
{
	return e->changes;
}
