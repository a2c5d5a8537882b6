/* keys.h - the keys of objects that are being read, to find one that an object has twice.
 *
 * One table serves all objects of a text. It is emptied for each text at no cost: entries hold the number
 * of their text. */
#pragma once
#include <string.h>
#include "json/json.h"

#ifdef __cplusplus
extern "C" {
#endif

struct key_slot {
	uint32_t stamp; /* the text that it belongs to; older slots are free */
	uint32_t object, node, hash;
};

struct key_table {
	struct key_slot *slots;
	uint32_t mask, count, stamp;
};

enum key_verdict { KEY_NEW, KEY_DUPLICATE, KEY_NO_MEMORY };

/* False when there is no memory. */
bool keys_init(struct key_table *t);
void keys_finish(struct key_table *t);

/* Empties T for the next text. */
void keys_clear(struct key_table *t);

/* Adds the key of node NODE, a member of node OBJECT. Both are nodes of NODES, which T does not keep. */
enum key_verdict keys_add(
	struct key_table *t, const struct dnc_json_node *nodes, uint32_t object, uint32_t node);

/* A bit for each mark of an object's keys: a clear bit proves a key new. All zero is none. */
struct key_marks {
	uint64_t bits[4];
};

/* Sets the bit of KEY, after which eight bytes are readable. True if it was set before. */
static inline bool keys_note(struct key_marks *m, struct dnc_str key)
{
	uint64_t first, last = 0, mark, bit, *word;
	bool before;

	memcpy(&first, key.p, sizeof first);
	if (key.n >= sizeof last)
		memcpy(&last, key.p + key.n - sizeof last, sizeof last);
	else
		first &= (UINT64_C(1) << 8 * key.n) - 1;
	mark = (first * UINT64_C(0x9E3779B97F4A7C15) ^ last ^ key.n) * UINT64_C(0xFF51AFD7ED558CCD);
	bit = UINT64_C(1) << (mark >> 58);
	word = &m->bits[mark >> 56 & 3];
	before = *word & bit;
	*word |= bit;
	return before;
}

/* True if a member of OBJECT before the node BEFORE has KEY. */
static inline bool keys_have(
	const struct dnc_json_node *nodes, uint32_t object, uint32_t before, struct dnc_str key)
{
	for (uint32_t i = object + 1; i < before; i = nodes[i].next)
		if (dnc_str_eq(nodes[i].key, key))
			return true;
	return false;
}

#ifdef __cplusplus
}
#endif
