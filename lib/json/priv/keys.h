/* keys.h - the keys of objects that are being read, to find one that an object has twice.
 *
 * One table serves all objects of a text. It is emptied for each text at no cost: entries hold the number
 * of their text. */
#pragma once
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

#ifdef __cplusplus
}
#endif
