#include "priv/recent.h"
#include <sodium.h>
#include <stdlib.h>

enum { ROOM_MIN = 1024 };

void recent_start(struct recent *r, uint64_t max_bytes)
{
	_Static_assert(crypto_shorthash_siphashx24_BYTES == RECENT_HASH_BYTES, "its length");
	_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == RECENT_SECRET_BYTES, "its key");
	*r = (struct recent){.max_bytes = max_bytes};
	randombytes_buf(r->secret, sizeof r->secret);
}

void recent_finish(struct recent *r)
{
	free(r->order);
	free(r->table);
	sodium_memzero(r->secret, sizeof r->secret);
	*r = (struct recent){0};
}

static struct recent_event *at(const struct recent *r, size_t i)
{
	return &r->order[(r->first + i) & (r->room - 1)];
}

static size_t home(const struct recent *r, const unsigned char *hash)
{
	uint64_t h;

	memcpy(&h, hash, sizeof h);
	return (size_t)h & (2 * r->room - 1);
}

/* The slot of HASH, or the empty one where it belongs. Half of the slots are empty. */
static size_t find(const struct recent *r, const unsigned char *hash)
{
	size_t i = home(r, hash);

	while (r->table[i].bytes && memcmp(r->table[i].hash, hash, RECENT_HASH_BYTES) != 0)
		i = (i + 1) & (2 * r->room - 1);
	return i;
}

/* Linear probing: what stands behind the slot moves up, unless it is before its home then. */
static void take_out(struct recent *r, const unsigned char *hash)
{
	size_t mask = 2 * r->room - 1, hole = find(r, hash), i = hole;

	r->table[hole].bytes = 0;
	for (;;) {
		i = (i + 1) & mask;
		if (!r->table[i].bytes)
			return;
		if (((i - home(r, r->table[i].hash)) & mask) < ((i - hole) & mask))
			continue;
		r->table[hole] = r->table[i];
		r->table[i].bytes = 0;
		hole = i;
	}
}

static bool grow(struct recent *r)
{
	struct recent old = *r;
	struct recent_event *order, *table;

	r->room = old.room ? old.room * 2 : ROOM_MIN;
	order = reallocarray(NULL, r->room, sizeof *order);
	table = calloc(2 * r->room, sizeof *table);
	if (!order || !table) {
		free(order);
		free(table);
		*r = old;
		return false;
	}
	r->table = table;
	for (size_t i = 0; i < old.count; i++) {
		order[i] = *at(&old, i);
		r->table[find(r, order[i].hash)] = order[i];
	}
	free(old.order);
	free(old.table);
	r->order = order;
	r->first = 0;
	return true;
}

static void forget_first(struct recent *r)
{
	struct recent_event *e = at(r, 0);

	take_out(r, e->hash);
	r->bytes -= e->bytes;
	r->first = (r->first + 1) & (r->room - 1);
	r->count--;
}

void recent_forget_last(struct recent *r, size_t n)
{
	for (; n && r->count; n--) {
		struct recent_event *e = at(r, r->count - 1);

		take_out(r, e->hash);
		r->bytes -= e->bytes;
		r->count--;
	}
}

int recent_add(struct recent *r, struct dnc_str id, uint64_t bytes)
{
	struct recent_event e = {.bytes = bytes ? bytes : 1};
	size_t i;

	crypto_shorthash_siphashx24(e.hash, (const unsigned char *)id.p, id.n, r->secret);
	if (r->count == r->room && !grow(r))
		return -1;
	i = find(r, e.hash);
	if (r->table[i].bytes)
		return 0;
	r->table[i] = e;
	*at(r, r->count++) = e;
	r->bytes += e.bytes;
	while (r->bytes > r->max_bytes && r->count > 1)
		forget_first(r);
	return 1;
}
