#include "priv/keyed.h"
#include <stdlib.h>
#include "base/array.h"

/* Entries are allocated so many at a time: the hot path allocates nothing for most events. */
enum { BLOCK = 1024 };

/* NULL without memory, which uthash needs only for the first entry and when the table grows; E is then free again. */
static struct keyed_entry *add(struct keyed *k, struct keyed_entry *e)
{
	HASH_ADD(hh, k->table, key, KEYED_BYTES, e);
	if (e->hh.tbl)
		return e;
	k->spare = e;
	return NULL;
}

struct keyed_entry *keyed_find(struct keyed *k, const unsigned char key[KEYED_BYTES])
{
	struct keyed_entry *e;

	HASH_FIND(hh, k->table, key, KEYED_BYTES, e);
	/* uthash keeps the order of adding: to the end. */
	if (!e || !e->hh.next)
		return e;
	HASH_DELETE(hh, k->table, e);
	return add(k, e);
}

static struct keyed_entry *next_free(struct keyed *k)
{
	struct keyed_entry *e = k->spare;

	k->spare = NULL;
	if (e)
		return e;
	if (k->used == k->max) {
		e = k->table;
		if (!e)
			return NULL;
		HASH_DELETE(hh, k->table, e);
		k->forgotten++;
		return e;
	}
	if (k->used == k->block_count * BLOCK) {
		if (!dnc_array_grow(&k->blocks, &k->block_room, k->block_count + 1) ||
			!(k->blocks[k->block_count] = calloc(BLOCK, sizeof *e)))
			return NULL;
		k->block_count++;
	}
	e = &k->blocks[k->used / BLOCK][k->used % BLOCK];
	k->used++;
	return e;
}

struct keyed_entry *keyed_add(struct keyed *k, const unsigned char key[KEYED_BYTES])
{
	struct keyed_entry *e = next_free(k);

	if (!e)
		return NULL;
	*e = (struct keyed_entry){0};
	memcpy(e->key, key, KEYED_BYTES);
	return add(k, e);
}

void keyed_finish(struct keyed *k)
{
	HASH_CLEAR(hh, k->table);
	for (size_t i = 0; i < k->block_count; i++)
		free(k->blocks[i]);
	free(k->blocks);
	*k = (struct keyed){.max = k->max};
}
