/* marks.h - which place in the stream belongs to which byte of the output.
 *
 * An event's mark is the offset behind its last byte. Once the reader has taken the bytes before
 * the offset, the event's place is safe. Bounded: when there are too many marks, every second one
 * goes, so that a restart may repeat more, and never loses. Not thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "state.h"

enum { MARKS_MAX = 8192, MARKS_EPOCHS = 8 };

struct marks {
	struct mark {
		uint64_t end, seq, epoch; /* EPOCH: which one since the start */
	} mark[MARKS_MAX];
	size_t first, count;
	char epoch[MARKS_EPOCHS][EPOCH_SIZE];
	uint64_t epochs;   /* seen so far; the last MARKS_EPOCHS are known by name */
	struct place safe; /* of the last mark whose bytes were taken */
	bool any;          /* SAFE is set */
};

/* All up to SEQ is done once the output is taken up to END, which never decreases. */
void marks_add(struct marks *m, uint64_t end, const char *epoch, uint64_t seq);

/* The reader has the first TAKEN bytes. True when this moved SAFE. */
bool marks_taken(struct marks *m, uint64_t taken);
