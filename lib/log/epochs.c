#include "priv/epochs.h"
#include <sodium.h>
#include <stdlib.h>
#include "base/array.h"

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

int epochs_add(struct epochs *e, struct dnc_str name, uint64_t first)
{
	uint64_t number;

	if (!read_name(name, &number))
		return 0;
	if (!dnc_array_grow(&e->ended, &e->room, e->count + 1))
		return -1;
	e->ended[e->count++] = (struct epoch){number, first}; /* epochs_begin() makes it the end */
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct epoch *x = a, *y = b;

	return x->name < y->name ? -1 : x->name > y->name;
}

void epochs_begin(struct epochs *e, uint64_t first)
{
	unsigned char name[DNC_EPOCH_LEN / 2];
	uint64_t next = first;

	/* An epoch ends where the next begins, or earlier: a later one begins before it when the newest events
	 * were deleted. */
	for (size_t i = e->count; i-- > 0;) {
		uint64_t own = e->ended[i].end;

		e->ended[i].end = next - 1;
		next = own < next ? own : next;
	}
	if (e->count)
		qsort(e->ended, e->count, sizeof *e->ended, by_name);
	randombytes_buf(name, sizeof name);
	sodium_bin2hex(e->current, sizeof e->current, name, sizeof name);
	e->first = first;
}

bool epochs_find(const struct epochs *e, struct dnc_str name, uint64_t *end)
{
	struct epoch key, *found;

	*end = UINT64_MAX;
	if (dnc_str_eq(name, dnc_str(e->current)))
		return true;
	if (!e->count || !read_name(name, &key.name))
		return false;
	found = bsearch(&key, e->ended, e->count, sizeof key, by_name);
	if (!found)
		return false;
	*end = found->end;
	return true;
}

void epochs_free(struct epochs *e)
{
	free(e->ended);
	*e = (struct epochs){0};
}
