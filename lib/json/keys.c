#include "priv/keys.h"
#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_SLOTS = 256 };

static uint64_t hash_seed; /* random: the keys come from strangers */

static uint32_t hash_key(struct dnc_str key, uint32_t object)
{
	uint64_t h = hash_seed ^ (object * UINT64_C(0x9E3779B97F4A7C15)) ^ key.n, word;
	const char *p = key.p;
	size_t n = key.n;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, p, n);
	h = (h ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
	return (uint32_t)(h >> 32);
}

static bool grow(struct key_table *t)
{
	uint32_t size = t->slots ? (t->mask + 1) * 2 : FIRST_SLOTS;
	struct key_slot *bigger = calloc(size, sizeof *bigger);

	if (!bigger)
		return false;
	for (uint32_t i = 0; t->slots && i <= t->mask; i++)
		if (t->slots[i].stamp == t->stamp) {
			uint32_t at = t->slots[i].hash & (size - 1);

			while (bigger[at].stamp == t->stamp)
				at = (at + 1) & (size - 1);
			bigger[at] = t->slots[i];
		}
	free(t->slots);
	t->slots = bigger;
	t->mask = size - 1;
	return true;
}

bool keys_init(struct key_table *t)
{
	while (!hash_seed)
		if (getrandom(&hash_seed, sizeof hash_seed, 0) < 0)
			hash_seed = (uintptr_t)t | 1;
	*t = (struct key_table){.stamp = 1};
	return grow(t);
}

void keys_finish(struct key_table *t)
{
	free(t->slots);
}

void keys_clear(struct key_table *t)
{
	t->count = 0;
	if (++t->stamp == 0) { /* after 2^32 texts old stamps would look new */
		memset(t->slots, 0, (t->mask + 1) * sizeof *t->slots);
		t->stamp = 1;
	}
}

enum key_verdict keys_add(
	struct key_table *t, const struct dnc_json_node *nodes, uint32_t object, uint32_t node)
{
	struct dnc_str key = nodes[node].key;
	uint32_t hash = hash_key(key, object), at;

	if (++t->count * 2 > t->mask && !grow(t))
		return KEY_NO_MEMORY;
	for (at = hash & t->mask; t->slots[at].stamp == t->stamp; at = (at + 1) & t->mask) {
		const struct key_slot *s = &t->slots[at];

		if (s->hash == hash && s->object == object && dnc_str_eq(nodes[s->node].key, key))
			return KEY_DUPLICATE;
	}
	t->slots[at] = (struct key_slot){t->stamp, object, node, hash};
	return KEY_NEW;
}
