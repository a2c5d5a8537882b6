/* ring.h - inside lib/hub: events as ready frames in one block of memory, by sequence number. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/str.h"

/* Where a frame stands. Positions only grow; the byte is position modulo size. */
struct ring_slot {
	uint64_t pos;
	uint32_t bytes, header; /* of the whole frame, and of its WebSocket header */
};

struct ring {
	char *bytes;
	size_t size;
	uint64_t head; /* position behind the newest frame */
	struct ring_slot *slots;
	uint64_t slot_mask;
	uint64_t oldest, last; /* sequence numbers held; none when last + 1 == oldest */
};

/* SIZE bytes of frames; the first event will be LAST + 1. -1 when there is no memory. */
int ring_init(struct ring *r, size_t size, uint64_t last);
void ring_finish(struct ring *r);

/* Frames LINE with the next sequence number in front, dropping the oldest as needed. */
uint64_t ring_append(struct ring *r, const char *line, size_t n);

static inline const struct ring_slot *ring_slot(const struct ring *r, uint64_t seq)
{
	return &r->slots[seq & r->slot_mask];
}

static inline const char *ring_frame(const struct ring *r, uint64_t seq)
{
	return r->bytes + ring_slot(r, seq)->pos % r->size;
}

/* The event's text. DNC_JSON_PADDING readable bytes follow. */
struct dnc_str ring_text(const struct ring *r, uint64_t seq);

/* The last seq of the run of frames that starts with FROM, lies in one piece of memory and has at
 * most MAX bytes; at least FROM itself. *BYTES is its size. */
uint64_t ring_run(const struct ring *r, uint64_t from, size_t max, size_t *bytes);
