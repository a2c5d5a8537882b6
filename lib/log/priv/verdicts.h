/* verdicts.h - what the log made of producers' lines, on its way back to them.
 *
 * Not safe for use by two threads at once. Memory is kept when verdicts are cleared. */
#pragma once
#include "log/batch.h"

/* A line whose event is not in the log, because another event has its id. */
struct dnc_conflict {
	uint64_t stream_id, line;
	struct dnc_piece event, id; /* of `text`; the canonical line, and its id */
};

struct dnc_verdicts {
	struct dnc_batch_mark *marks; /* a producer may have several, in the order of its lines */
	size_t count, room;
	struct dnc_conflict *conflicts;
	size_t conflict_count, conflict_room;
	struct dnc_buf text;
};

/* Adds what became of a committed batch: its marks, with their counts set, and its conflicts. False when there is no
 * memory; nothing was added then. */
bool dnc_verdicts_add(struct dnc_verdicts *v, struct dnc_batch *b);

static inline struct dnc_str dnc_verdicts_text(const struct dnc_verdicts *v, struct dnc_piece p)
{
	return (struct dnc_str){v->text.p + p.at, p.n};
}

void dnc_verdicts_clear(struct dnc_verdicts *v);
void dnc_verdicts_free(struct dnc_verdicts *v);
