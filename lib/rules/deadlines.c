/* deadlines.c - the keys that a section waits for, the next that is due first: a heap. */
#include <stdlib.h>
#include "base/array.h"
#include "priv/expect.h"

struct expect_key *expect_key_new(const char *text, size_t n)
{
	struct expect_key *key = calloc(1, sizeof *key + n);

	if (!key)
		return NULL;
	memcpy(key->text, text, n);
	key->n = n;
	return key;
}

void expect_key_free(struct expect_key *key)
{
	free((char *)(uintptr_t)key->made.p);
	free(key);
}

bool expect_key_made(struct expect_key *key, struct dnc_str line)
{
	char *copy = malloc(line.n + 1);

	if (!copy)
		return false;
	memcpy(copy, line.p, line.n);
	key->made = (struct dnc_str){copy, line.n};
	return true;
}

/* Among those that are due at once the order is that of their texts, so that it is always the same. */
static bool is_before(const struct expect_key *a, const struct expect_key *b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int order = memcmp(a->text, b->text, n);

	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms;
	return order ? order < 0 : a->n < b->n;
}

static void put(struct expectation *x, size_t at, struct expect_key *key)
{
	x->heap[at] = key;
	key->at = at;
}

static void sift_up(struct expectation *x, size_t at)
{
	struct expect_key *key = x->heap[at];

	for (; at && is_before(key, x->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(x, at, x->heap[(at - 1) / 2]);
	put(x, at, key);
}

static void sift_down(struct expectation *x, size_t at)
{
	struct expect_key *key = x->heap[at];

	for (size_t child; (child = 2 * at + 1) < x->waiting; at = child) {
		if (child + 1 < x->waiting && is_before(x->heap[child + 1], x->heap[child]))
			child++;
		if (!is_before(x->heap[child], key))
			break;
		put(x, at, x->heap[child]);
	}
	put(x, at, key);
}

bool expectation_add(struct expectation *x, struct expect_key *key, bool again)
{
	if (!dnc_array_grow(&x->heap, &x->room, x->waiting + 1))
		return false;
	key->again = again;
	if (!again) {
		HASH_ADD(hh, x->keys, text, key->n, key);
		if (!key->hh.tbl)
			return false;
	}
	put(x, x->waiting++, key);
	sift_up(x, x->waiting - 1);
	return true;
}

void expectation_delayed(struct expectation *x, struct expect_key *key)
{
	sift_down(x, key->at);
}

struct expect_key *expectation_remove(struct expectation *x)
{
	struct expect_key *key = x->heap[0];

	x->heap[0] = x->heap[--x->waiting];
	if (x->waiting)
		sift_down(x, 0);
	if (!key->again)
		HASH_DELETE(hh, x->keys, key);
	return key;
}

void expectation_finish(struct expectation *x)
{
	struct expect_key *next;

	HASH_CLEAR(hh, x->keys);
	for (size_t i = 0; i < x->waiting; i++)
		expect_key_free(x->heap[i]);
	free(x->heap);
	for (; x->made; x->made = next) {
		next = x->made->next;
		expect_key_free(x->made);
	}
	for (size_t i = 0; i < x->by_count; i++)
		free((char *)(uintptr_t)x->by[i].p);
	free(x->by);
}

void expectation_inherit(struct expectation *x, struct expectation *old)
{
	x->keys = old->keys;
	x->heap = old->heap;
	x->waiting = old->waiting;
	x->room = old->room;
	x->made = old->made;
	x->made_end = old->made_end;
	x->started = old->started;
	x->counts = old->counts;
	old->keys = old->made = NULL;
	old->heap = NULL;
	old->made_end = NULL;
	old->waiting = old->room = 0;
}

void expectation_inherit_made(struct expectation *x, struct expectation *old)
{
	size_t kept = 0;

	HASH_CLEAR(hh, old->keys);
	for (size_t i = 0; i < old->waiting; i++)
		if (old->heap[i]->made.p)
			old->heap[kept++] = old->heap[i];
		else
			expect_key_free(old->heap[i]);
	old->waiting = kept;
	old->started = false;
	expectation_inherit(x, old);
	for (size_t i = 0; i < kept; i++)
		sift_up(x, i);
}
