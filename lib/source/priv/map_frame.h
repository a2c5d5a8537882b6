/* map_frame.h - what a mapper and the process that runs its map write to each other over a socket: frames in the byte
 * order of the machine, and a page of shared memory.
 *
 * The mapper sends records. The process answers each of them, in their order, with any number of results and notes, and
 * then one MAP_DONE or MAP_ERROR. */
#pragma once
#include <stdatomic.h>
#include "base/buf.h"

enum map_frame_kind {
	MAP_RECORD,
	MAP_RESULT, /* compact JSON */
	MAP_DEBUG,  /* of `debug`, as JSON */
	MAP_STDERR, /* of `stderr`, as JSON */
	MAP_DONE,
	MAP_ERROR, /* why, as text */
};

/* Its text follows, N bytes. */
struct map_frame {
	uint32_t kind, n;
};

/* All answers to one record together: what the mapper keeps of them until the last one. */
enum { MAP_ANSWER_MAX = 64 << 20 };

/* Shared by both. */
struct map_page {
	_Atomic uint64_t
		at_work; /* the record that the program runs on, from 1 for each process; else 0 */
	atomic_bool careful; /* answer each record at once: others have ended their process */
};

static inline void map_frame_add(struct dnc_buf *b, enum map_frame_kind kind, struct dnc_str text)
{
	struct map_frame head = {(uint32_t)kind, (uint32_t)text.n};

	dnc_buf_add(b, &head, sizeof head);
	dnc_buf_str(b, text);
}

/* The bytes of the text of the first frame of S; 0 if they are not known yet. */
static inline size_t map_frame_size(struct dnc_str s)
{
	struct map_frame head = {0};

	if (s.n >= sizeof head)
		memcpy(&head, s.p, sizeof head);
	return head.n;
}

/* Takes the first frame of *S. False if it is not complete. */
static inline bool map_frame_take(struct dnc_str *s, struct map_frame *head, struct dnc_str *text)
{
	if (s->n < sizeof *head)
		return false;
	memcpy(head, s->p, sizeof *head);
	if (s->n - sizeof *head < head->n)
		return false;
	*text = (struct dnc_str){s->p + sizeof *head, head->n};
	s->p += sizeof *head + head->n;
	s->n -= sizeof *head + head->n;
	return true;
}
