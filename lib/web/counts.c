#include "priv/counts.h"
#include <stdio.h>
#include <stdlib.h>
#include "auth/token.h"
#include "base/hash.h"

struct count {
	char name[DNC_SUBJECT_MAX];
	unsigned count;
	UT_hash_handle hh;
};

static struct count *add(struct counts *all, const char *name)
{
	struct count *c = calloc(1, sizeof *c);

	if (c) {
		snprintf(c->name, sizeof c->name, "%s", name);
		HASH_ADD_STR(all->table, name, c);
	}
	if (c && c->hh.tbl)
		return c;
	free(c);
	return NULL;
}

enum count_verdict count_up(
	struct counts *all, const char *name, unsigned limit, struct count **out)
{
	struct count *c;

	HASH_FIND_STR(all->table, name, c);
	if (c && limit && c->count >= limit)
		return COUNT_LIMIT;
	if (!c && !(c = add(all, name)))
		return COUNT_NO_MEMORY;
	c->count++;
	*out = c;
	return COUNT_OK;
}

void count_down(struct counts *all, struct count **counted)
{
	struct count *c = *counted;

	*counted = NULL;
	if (!c || --c->count)
		return;
	HASH_DEL(all->table, c);
	free(c);
}
