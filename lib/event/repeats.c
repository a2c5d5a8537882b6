/* repeats.c - counts of equal records, in two tables: a recent and an older one. */
#include "priv/repeats.h"
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SIZE = 1024,
	MAX_USED = 1 << 19, /* of one table: half of its slots, 8 MiB */
	COUNT_MAX = 0xFFFF,
};

static uint64_t *find(const struct repeats_table *t, uint64_t fingerprint)
{
	uint32_t at = (uint32_t)(fingerprint >> 16) & (t->size - 1);

	while (t->slots[at] && (t->slots[at] ^ fingerprint) >> 16)
		at = (at + 1) & (t->size - 1);
	return &t->slots[at];
}

static bool grow(struct repeats_table *t)
{
	struct repeats_table larger = {.size = t->size ? t->size * 2 : FIRST_SIZE, .used = t->used};

	larger.slots = calloc(larger.size, sizeof *larger.slots);
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < t->size; i++)
		if (t->slots[i])
			*find(&larger, t->slots[i]) = t->slots[i];
	free(t->slots);
	*t = larger;
	return true;
}

static void empty(struct repeats_table *t)
{
	if (t->size == FIRST_SIZE) {
		memset(t->slots, 0, FIRST_SIZE * sizeof *t->slots);
		t->used = 0;
	} else {
		free(t->slots);
		*t = (struct repeats_table){0};
	}
}

/* A moment is over. Emptying a table costs more than it saves while little is in it. */
static void pass_moment(struct repeats *r)
{
	if (r->recent.used <= r->recent.size / 4)
		return;
	r->passed += r->recent.used;
	empty(&r->recent);
	free(r->older.slots);
	r->older = (struct repeats_table){0};
}

/* The recent table has all records of the current moment, as long as it can hold them. */
static bool make_room(struct repeats *r)
{
	if (r->passed + r->recent.used < MAX_USED)
		return r->recent.used < r->recent.size / 2 || grow(&r->recent);
	if (r->in_moment > MAX_USED) {
		r->full = true;
		return false;
	}
	free(r->older.slots);
	r->older = r->recent;
	r->recent = (struct repeats_table){0};
	r->passed = 0;
	return grow(&r->recent);
}

bool repeats_count(struct repeats *r, uint64_t fingerprint, uint64_t moment, uint32_t *count)
{
	uint64_t *slot, *before;

	fingerprint = (fingerprint | UINT64_C(1) << 63) & ~(uint64_t)COUNT_MAX;
	if (moment != r->moment) {
		r->moment = moment;
		r->in_moment = 0;
		r->full = false;
		if (r->ordered)
			pass_moment(r);
	}
	if (r->full || !make_room(r))
		return false;
	slot = find(&r->recent, fingerprint);
	if (!*slot) {
		before = r->older.size ? find(&r->older, fingerprint) : NULL;
		*slot = before && *before ? *before : fingerprint;
		r->recent.used++;
		r->in_moment++;
	}
	*count = *slot & COUNT_MAX;
	if (*count == COUNT_MAX)
		return false;
	++*slot;
	return true;
}

void repeats_restart(struct repeats *r)
{
	if (r->recent.used)
		empty(&r->recent);
	free(r->older.slots);
	*r = (struct repeats){.recent = r->recent, .ordered = r->ordered};
}

void repeats_finish(struct repeats *r)
{
	free(r->recent.slots);
	free(r->older.slots);
}
