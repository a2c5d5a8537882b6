/* map_queue.h - the records of a mapper that are not answered yet, oldest first, with copies of their texts. */
#pragma once
#include "base/buf.h"
#include "source/mapper.h"

/* As many records are at work at a time, and about as many bytes of them. */
enum { MAP_QUEUE_MAX = 4096, MAP_QUEUE_BYTES = 512 << 10 };

struct map_entry {
	struct dnc_map_job job; /* the strings are those of map_queue_job() */
	uint64_t at;            /* where its texts start */
	size_t record_n, raw_n;
	bool same;                 /* its two texts are equal, and kept once */
	unsigned crashes, killed;  /* processes that ended on it */
	struct dnc_error *verdict; /* why it fails, if that is known; owned */
};

/* All zero is an empty queue. */
struct map_queue {
	struct map_entry entries[MAP_QUEUE_MAX]; /* a ring */
	size_t first, count;
	struct dnc_buf texts;
	uint64_t gone; /* bytes that were before them */
};

/* Adds a record; there must be room. False if there is no memory. */
bool map_queue_add(struct map_queue *q, const struct dnc_map_job *job);

/* The entry number I, from 0. */
static inline struct map_entry *map_queue_at(struct map_queue *q, size_t i)
{
	return &q->entries[(q->first + i) % MAP_QUEUE_MAX];
}

/* Its record. Valid until the next call that adds or removes one. */
struct dnc_str map_queue_record(const struct map_queue *q, const struct map_entry *e);

/* Its job, with both texts. */
struct dnc_map_job map_queue_job(const struct map_queue *q, const struct map_entry *e);

bool map_queue_full(const struct map_queue *q);

void map_queue_remove_first(struct map_queue *q);

void map_queue_finish(struct map_queue *q);
