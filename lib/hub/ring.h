/* ring.h - the newest events as ready frames in one block of memory, by sequence number.
 *
 * One thread appends; several hubs, each in a thread of its own, read without a lock. A hub says how
 * far back it may still read, and nothing is overwritten that any hub may read: the
 * writer first tells what has to go (dnc_ring_reserve()), and goes on when all hubs have let go. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNC_RING_HUBS = 64 };

/* Few events have shorter frames. Where more do, a ring of frames runs out of slots before it runs out of bytes, and holds
 * fewer events than fit. */
enum { DNC_RING_SHORT_FRAME = 256 };

struct dnc_event_shape;
struct dnc_ring;

/* SIZE bytes of frames, 256 KiB at least; the first event will be LAST + 1. NULL when there is no
 * memory. Bytes that are not used yet cost none. */
struct dnc_ring *dnc_ring_new(size_t size, uint64_t last);

/* All hubs must be gone. NULL is allowed. */
void dnc_ring_free(struct dnc_ring *r);

/* Writer: asks for room for COUNT more events whose lines have BYTES in all, at most a quarter of the
 * ring. False when a hub still reads what has to go: try again when it has had its turn. */
bool dnc_ring_reserve(struct dnc_ring *r, size_t bytes, size_t count);

/* True while the writer waits for hubs to let go. Any thread. */
bool dnc_ring_wanted(const struct dnc_ring *r);

/* Writer: frames LINE, a canonical event without `seq` and newline, with the next number in front, and
 * returns that. SHAPE is the event's, and is copied. ARRIVED_NS is when it came to us (CLOCK_MONOTONIC). Room was
 * reserved for it. */
uint64_t dnc_ring_append(struct dnc_ring *r, const char *line, size_t n,
	const struct dnc_event_shape *shape, int64_t arrived_ns);

/* The oldest event that is kept, and the newest; last is oldest - 1 when there is none. Any thread. */
uint64_t dnc_ring_oldest(const struct dnc_ring *r);
uint64_t dnc_ring_last(const struct dnc_ring *r);

/* Bytes that hold events, and that can. Any thread. */
size_t dnc_ring_used(const struct dnc_ring *r);
size_t dnc_ring_size(const struct dnc_ring *r);
