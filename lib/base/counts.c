#include "base/counts.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"

struct dnc_count {
	char name[DNC_COUNT_NAME_MAX];
	unsigned count;
	UT_hash_handle hh;
};

static struct dnc_count *add(struct dnc_counts *all, const char *name)
{
	struct dnc_count *c = calloc(1, sizeof *c);

	if (c) {
		snprintf(c->name, sizeof c->name, "%s", name);
		HASH_ADD_STR(all->table, name, c);
	}
	if (c && c->hh.tbl)
		return c;
	free(c);
	return NULL;
}

enum dnc_count_verdict dnc_count_up(
	struct dnc_counts *all, const char *name, unsigned limit, struct dnc_count **out)
{
	struct dnc_count *c;

	HASH_FIND_STR(all->table, name, c);
	if (c && limit && c->count >= limit)
		return DNC_COUNT_LIMIT;
	if (!c && !(c = add(all, name)))
		return DNC_COUNT_NO_MEMORY;
	c->count++;
	*out = c;
	return DNC_COUNT_OK;
}

void dnc_count_down(struct dnc_counts *all, struct dnc_count **counted)
{
	struct dnc_count *c = *counted;

	*counted = NULL;
	if (!c || --c->count)
		return;
	HASH_DEL(all->table, c);
	free(c);
}
