/* marks.h - maps bytes of the output to positions in the stream.
 *
 * The mark of an event is the offset after its last byte. Once the reader has taken all bytes before that offset, the
 * position of the event is safe. Memory is bounded: when there are too many marks, every second one is dropped, so that
 * more events may come again after a restart, but none is lost. Not thread safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "state.h"

enum { MARKS_MAX = 8192, MARKS_EPOCHS = 8 };

struct marks {
	struct mark {
		uint64_t end, seq, epoch; /* epoch: its number since the start */
	} mark[MARKS_MAX];
	size_t first, count;
	char epoch[MARKS_EPOCHS][EPOCH_SIZE];
	uint64_t epochs;      /* seen so far; the last MARKS_EPOCHS are known by name */
	struct position safe; /* of the last mark whose bytes were taken */
	bool any;             /* safe is set */
};

/* All events up to SEQ are done once the output is taken up to END, which never decreases. */
void marks_add(struct marks *m, uint64_t end, const char *epoch, uint64_t seq);

/* The reader has taken the first TAKEN bytes. Returns true if `safe` has changed. */
bool marks_taken(struct marks *m, uint64_t taken);
