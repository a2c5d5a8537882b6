/* ring.h - what hubs read of the ring. */
#pragma once
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "event/event.h"
#include "frame/frame.h"
#include "hub/ring.h"

/* One frame of the ring. POS counts all bytes that the ring has ever held and only grows; the frame is at POS modulo the
 * ring's size. */
struct ring_slot {
	uint64_t pos;
	int64_t arrived_ns;
	uint32_t bytes, header; /* of the whole frame, and of its WebSocket header */
};

/* What one hub tells the writer: it reads nothing before `keep`, and has looked at all up to `seen`. */
struct ring_mark {
	_Alignas(64) _Atomic uint64_t keep, seen;
};

struct dnc_ring {
	char *bytes;
	size_t size;
	struct ring_slot *slots;
	struct dnc_event_shape *shapes; /* as many as slots */
	uint64_t slot_mask;
	_Atomic uint64_t head;         /* position after the newest frame */
	_Atomic uint64_t oldest, last; /* sequence numbers kept; none when last + 1 == oldest */
	_Atomic bool wanted;
	struct ring_mark marks[DNC_RING_HUBS];
	size_t hubs;
};

/* A mark for a hub that starts now; NULL when there are too many. Before other threads run. */
struct ring_mark *ring_join(struct dnc_ring *r);

static inline const struct ring_slot *ring_slot(const struct dnc_ring *r, uint64_t seq)
{
	return &r->slots[seq & r->slot_mask];
}

/* The shape of event SEQ, as ring_frame(). */
static inline const struct dnc_event_shape *ring_shape(const struct dnc_ring *r, uint64_t seq)
{
	return &r->shapes[seq & r->slot_mask];
}

/* The frame of event SEQ, which must not be older than the mark's `keep`. DNC_JSON_PADDING readable bytes follow. */
static inline struct dnc_frame ring_frame(const struct dnc_ring *r, uint64_t seq)
{
	const struct ring_slot *slot = ring_slot(r, seq);

	return (struct dnc_frame){r->bytes + slot->pos % r->size, slot->bytes, slot->header};
}

/* The last seq, up to LAST, of the run of frames that starts with FROM, lies in one piece of memory and
 * has at most MAX bytes; at least FROM itself. *BYTES is its size. */
uint64_t ring_run(
	const struct dnc_ring *r, uint64_t from, uint64_t last, size_t max, size_t *bytes);
