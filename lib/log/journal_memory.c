/* journal_memory.c - a journal that stores no events: it recognizes duplicates by the id and a hash of the content. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "priv/content.h"
#include "priv/journal_ops.h"

/* Ids that are kept: somewhat more than a hub with the default buffer holds events. */
enum { IDS = 1 << 17, SLOTS = 2 * IDS };

struct uuid {
	uint64_t half[2];
};

struct known {
	struct uuid id;
	uint64_t content;   /* its hash, without the time */
	uint64_t timestamp; /* its hash */
	bool dated;
};

struct memory {
	struct dnc_journal base;
	struct known *ids; /* the newest IDS, in a ring by sequence number */
	uint32_t *slots;   /* index in `ids` plus one, by hash; open addressing */
	struct uuid seed;
	unsigned char key[crypto_shorthash_KEYBYTES]; /* of the hashes of contents */
};

static unsigned hash(const struct memory *m, const struct uuid *id)
{
	uint64_t h = (id->half[0] ^ m->seed.half[0]) * UINT64_C(0xFF51AFD7ED558CCD);

	h = (h ^ (h >> 32) ^ id->half[1]) * UINT64_C(0xC4CEB9FE1A85EC53);
	return (unsigned)(h >> 40) & (SLOTS - 1);
}

static bool same(const struct uuid *a, const struct uuid *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static struct uuid read_uuid(struct dnc_str text)
{
	struct uuid id = {0};
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < 32; i++) {
		char c = text.p[i];

		if (c == '-')
			continue;
		id.half[n / 16] =
			id.half[n / 16] << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
		n++;
	}
	return id;
}

/* The slot of ID, or the free one where it would be inserted. */
static unsigned find(const struct memory *m, const struct uuid *id)
{
	unsigned at = hash(m, id);

	while (m->slots[at] && !same(&m->ids[m->slots[at] - 1].id, id))
		at = (at + 1) & (SLOTS - 1);
	return at;
}

/* Frees a slot; those after it move up so that no chain is broken. */
static void forget(struct memory *m, const struct uuid *id)
{
	unsigned at = find(m, id), next = at;

	if (!m->slots[at])
		return;
	for (;;) {
		unsigned home;

		next = (next + 1) & (SLOTS - 1);
		if (!m->slots[next])
			break;
		home = hash(m, &m->ids[m->slots[next] - 1].id);
		if (((next - home) & (SLOTS - 1)) < ((next - at) & (SLOTS - 1)))
			continue;
		m->slots[at] = m->slots[next];
		at = next;
	}
	m->slots[at] = 0;
}

static uint64_t hash_text(const struct memory *m, struct dnc_str text)
{
	uint64_t h;

	crypto_shorthash((unsigned char *)&h, (const unsigned char *)text.p, text.n, m->key);
	return h;
}

/* Keyed, so that a client cannot construct two contents with the same hash. */
static uint64_t hash_content(const struct memory *m, struct content c)
{
	uint64_t head = hash_text(m, c.head);

	return (head << 1 | head >> 63) ^ hash_text(m, c.data);
}

static struct known known_of(
	const struct memory *m, const struct dnc_batch *batch, const struct dnc_batch_event *e)
{
	struct dnc_event event = content_event(batch, e);
	struct content c = content_of_event(&event);

	return (struct known){
		read_uuid(event.id), hash_content(m, c), hash_text(m, c.timestamp), c.dated};
}

/* As content_same(). */
static bool is_same(const struct known *a, const struct known *b)
{
	return a->content == b->content &&
	       ((!a->dated && !b->dated) || a->timestamp == b->timestamp);
}

static void append(struct memory *m, const struct dnc_batch *batch, struct dnc_batch_event *e)
{
	struct dnc_journal *j = &m->base;
	struct known known = known_of(m, batch, e);
	uint32_t index = (uint32_t)((j->last + 1) % IDS);
	unsigned slot = find(m, &known.id);

	e->seq = 0;
	if (m->slots[slot]) {
		bool same_content = is_same(&m->ids[m->slots[slot] - 1], &known);

		e->logged = same_content ? DNC_LOGGED_DUPLICATE : DNC_LOGGED_CONFLICT;
		if (same_content)
			j->duplicates++;
		else
			j->conflicts++;
		return;
	}
	if (j->last >= IDS) {
		forget(m, &m->ids[index].id);
		slot = find(m, &known.id);
	}
	m->ids[index] = known;
	m->slots[slot] = index + 1;
	e->seq = ++j->last;
	e->logged = DNC_LOGGED_NEW;
	j->oldest = j->last + 1;
	j->stats.newest_ms = dnc_clock_now_ms();
}

/* Without memory what a sync says is not kept, as if it had been refused: the batch can't be taken back. */
static int memory_append(struct dnc_journal *j, struct dnc_batch *batch, struct dnc_error *err)
{
	int64_t now = dnc_clock_now_ms();
	uint32_t counts[DNC_TYPES] = {0};

	(void)err;
	for (size_t i = 0; i < batch->count; i++) {
		struct dnc_batch_event *e = &batch->events[i];

		append((struct memory *)j, batch, e);
		if (!e->seq)
			continue;
		counts[e->shape.type]++;
		if (providers_concerns((enum dnc_type)e->shape.type) &&
			providers_stage(j->providers, dnc_piece_str(batch, e->line), e->seq, now) <
				0)
			providers_refuse(j->providers);
	}
	rates_add(j->rates, now, counts);
	providers_commit(j->providers);
	return 0;
}

static int memory_prune(struct dnc_journal *j, struct dnc_error *err)
{
	(void)j;
	(void)err;
	return 0;
}

static void memory_close(struct dnc_journal *j)
{
	struct memory *m = (struct memory *)j;

	epochs_free(m->base.epochs);
	rates_free(m->base.rates);
	providers_free(m->base.providers);
	sodium_memzero(m->base.mask_key, sizeof m->base.mask_key);
	free(m->ids);
	free(m->slots);
	free(m);
}

static struct dnc_journal_reader *memory_reader_new(struct dnc_journal *j, struct dnc_error *err)
{
	struct dnc_journal_reader *r = calloc(1, sizeof *r);

	if (!r)
		dnc_error_nomem(err);
	else
		r->journal = j;
	return r;
}

static void memory_reader_free(struct dnc_journal_reader *r)
{
	free(r);
}

static int memory_read(struct dnc_journal_reader *r, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	(void)r;
	(void)from;
	(void)back;
	(void)phone;
	(void)each;
	(void)ctx;
	(void)err;
	return 0;
}

static int memory_find_time(
	struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	(void)ms;
	(void)err;
	*seq = r->journal->last + 1;
	return 0;
}

static const struct journal_ops memory_ops = {memory_close, memory_append, memory_prune,
	memory_prune, memory_reader_new, memory_reader_free, NULL, NULL, memory_read,
	memory_find_time, false, NULL};

struct dnc_journal *journal_memory_open(struct dnc_error *err)
{
	struct memory *m = calloc(1, sizeof *m);

	if (m) {
		m->base = (struct dnc_journal){.ops = &memory_ops, .oldest = 1};
		m->ids = calloc(IDS, sizeof *m->ids);
		m->slots = calloc(SLOTS, sizeof *m->slots);
		randombytes_buf(&m->seed, sizeof m->seed);
		randombytes_buf(m->key, sizeof m->key);
		randombytes_buf(m->base.mask_key, sizeof m->base.mask_key);
		m->base.epochs = epochs_new();
		m->base.rates = rates_new(dnc_clock_now_ms());
		m->base.providers = providers_new();
	}
	if (m && m->ids && m->slots && m->base.rates && m->base.providers && m->base.epochs &&
		epochs_begin(m->base.epochs, &(struct epoch_list){0}, 1) == 0)
		return &m->base;
	if (m)
		memory_close(&m->base);
	dnc_error_nomem(err);
	return NULL;
}
