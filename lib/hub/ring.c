#include "priv/ring.h"
#include <stdlib.h>
#include <sys/mman.h>
#include "event/event.h"
#include "json/json.h"
#include "priv/front.h"

enum {
	/* A frame stays in one piece, so the end of a round may be lost. */
	LONGEST_FRAME = DNC_EVENT_MAX_BYTES + DNC_FRAME_HEADER_MAX + FRONT_SEQ_BYTES,
};

struct dnc_ring *dnc_ring_new(size_t size, uint64_t last)
{
	struct dnc_ring *r = aligned_alloc(_Alignof(struct dnc_ring), sizeof *r);
	size_t slots = 1;

	if (!r)
		return NULL;
	while (slots < size / DNC_RING_SHORT_FRAME)
		slots *= 2;
	memset(r, 0, sizeof *r);
	r->size = size;
	r->slot_mask = slots - 1;
	r->oldest = last + 1;
	r->last = last;
	r->bytes = mmap(NULL, size + DNC_JSON_PADDING, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->bytes == MAP_FAILED)
		r->bytes = NULL;
	r->slots = calloc(slots, sizeof *r->slots);
	r->shapes = calloc(slots, sizeof *r->shapes);
	if (r->bytes && r->slots && r->shapes)
		return r;
	dnc_ring_free(r);
	return NULL;
}

void dnc_ring_free(struct dnc_ring *r)
{
	if (!r)
		return;
	if (r->bytes)
		munmap(r->bytes, r->size + DNC_JSON_PADDING);
	free(r->slots);
	free(r->shapes);
	free(r);
}

struct ring_mark *ring_join(struct dnc_ring *r)
{
	struct ring_mark *mark = r->hubs < DNC_RING_HUBS ? &r->marks[r->hubs++] : NULL;

	if (mark) {
		mark->keep = r->oldest;
		mark->seen = r->last;
	}
	return mark;
}

bool dnc_ring_reserve(struct dnc_ring *r, size_t bytes, size_t count)
{
	uint64_t oldest = r->oldest, last = r->last;
	uint64_t end = r->head + bytes + count * sizeof(struct front) + LONGEST_FRAME;
	bool free = true;

	while (oldest <= last &&
		(ring_slot(r, oldest)->pos + r->size < end || last + count - oldest > r->slot_mask))
		oldest++;
	r->oldest = oldest;
	/* A hub must not lose what it has not looked at, either. */
	for (size_t i = 0; i < r->hubs; i++)
		free &= r->marks[i].keep >= oldest && r->marks[i].seen + 1 >= oldest;
	r->wanted = !free;
	return free;
}

bool dnc_ring_wanted(const struct dnc_ring *r)
{
	return r->wanted;
}

uint64_t dnc_ring_append(struct dnc_ring *r, const char *line, size_t n,
	const struct dnc_event_shape *shape, int64_t arrived_ns)
{
	uint64_t seq = r->last + 1, head = r->head;
	struct front front = front_of(seq, n);
	size_t total = front.n + n - 1, left = r->size - head % r->size;
	char *to;

	if (left < total)
		head += left; /* the rest of the round is lost */
	r->slots[seq & r->slot_mask] =
		(struct ring_slot){head, arrived_ns, (uint32_t)total, front.header};
	r->shapes[seq & r->slot_mask] = *shape;
	to = r->bytes + head % r->size;
	memcpy(to, front.bytes, front.n);
	memcpy(to + front.n, line + 1, n - 1);
	atomic_store_explicit(&r->head, head + total, memory_order_relaxed);
	atomic_store_explicit(&r->last, seq, memory_order_release);
	return seq;
}

uint64_t dnc_ring_oldest(const struct dnc_ring *r)
{
	return r->oldest;
}

uint64_t dnc_ring_last(const struct dnc_ring *r)
{
	return atomic_load_explicit(&r->last, memory_order_acquire);
}

size_t dnc_ring_used(const struct dnc_ring *r)
{
	return r->head < r->size ? r->head : r->size;
}

size_t dnc_ring_size(const struct dnc_ring *r)
{
	return r->size;
}

/* Frames are in order of position, so the end is found by halving. */
uint64_t ring_run(const struct dnc_ring *r, uint64_t from, uint64_t last, size_t max, size_t *bytes)
{
	uint64_t start = ring_slot(r, from)->pos, round = start / r->size;
	uint64_t low = from, high = last;

	/* A frame has two bytes at least, but the search should not look at what can't fit. */
	if (high - low > max / 64)
		high = low + max / 64;
	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;
		const struct ring_slot *slot = ring_slot(r, middle);

		if (slot->pos / r->size == round && slot->pos + slot->bytes - start <= max)
			low = middle;
		else
			high = middle - 1;
	}
	*bytes = (size_t)(ring_slot(r, low)->pos + ring_slot(r, low)->bytes - start);
	return low;
}
