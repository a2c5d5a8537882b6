#include "ring.h"
#include <stdlib.h>
#include <sys/mman.h>
#include "../event/event.h"
#include "../json/json.h"
#include "frame.h"

/* An event is seldom shorter than this: when it is, the slots run out before the bytes do, and
 * the ring holds fewer events than fit. */
enum { SHORTEST_FRAME = 256 };

int ring_init(struct ring *r, size_t size, uint64_t last)
{
	size_t slots = 1;

	while (slots < size / SHORTEST_FRAME)
		slots *= 2;
	*r = (struct ring){.size = size, .slot_mask = slots - 1, .oldest = last + 1, .last = last};
	/* Mapped, so that a buffer that is not used yet costs nothing. */
	r->bytes = mmap(NULL, size + DNC_JSON_PADDING, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->bytes == MAP_FAILED)
		r->bytes = NULL;
	r->slots = calloc(slots, sizeof *r->slots);
	return r->bytes && r->slots ? 0 : -1;
}

void ring_finish(struct ring *r)
{
	if (r->bytes)
		munmap(r->bytes, r->size + DNC_JSON_PADDING);
	free(r->slots);
}

uint64_t ring_append(struct ring *r, const char *line, size_t n)
{
	uint64_t seq = r->last + 1;
	struct frame_front front = frame_front(seq, n);
	size_t total = front.n + n - 1, left = r->size - r->head % r->size;
	char *to;

	if (left < total)
		r->head += left; /* a frame stays in one piece: the rest of the round is lost */
	while (r->oldest <= r->last && (ring_slot(r, r->oldest)->pos + r->size < r->head + total ||
					       seq - r->oldest > r->slot_mask))
		r->oldest++;
	r->slots[seq & r->slot_mask] = (struct ring_slot){r->head, (uint32_t)total, front.header};
	to = r->bytes + r->head % r->size;
	memcpy(to, front.bytes, front.n);
	memcpy(to + front.n, line + 1, n - 1);
	r->head += total;
	r->last = seq;
	return seq;
}

struct dnc_str ring_text(const struct ring *r, uint64_t seq)
{
	const struct ring_slot *slot = ring_slot(r, seq);

	return (struct dnc_str){ring_frame(r, seq) + slot->header, slot->bytes - slot->header};
}

/* Frames are in order of position, so the end is found by halving. */
uint64_t ring_run(const struct ring *r, uint64_t from, size_t max, size_t *bytes)
{
	uint64_t start = ring_slot(r, from)->pos, round = start / r->size;
	uint64_t low = from, high = r->last;

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
