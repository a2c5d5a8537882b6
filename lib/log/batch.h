/* batch.h - a batch of events, which the log commits at once.
 *
 * Zeroed memory is an empty batch; to be freed with dnc_batch_free(). A batch that is cleared keeps its memory for the
 * next events. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "event/event.h"

/* What the log made of an event. */
enum dnc_logged {
	DNC_LOGGED_NEW,
	DNC_LOGGED_DUPLICATE, /* it had this event already */
	DNC_LOGGED_CONFLICT,  /* it has the id, with other content: this event is not in the log */
};

/* What became of events that were added together: filled in by the writer once they are committed. */
struct dnc_receipt {
	size_t waiting, accepted, duplicates, conflicts;
	/* An enum dnc_logged for each event, in the order of the batch. The caller's; NULL: not wanted. */
	uint8_t *logged;
	uint64_t last_seq; /* the highest number of a new event; 0: none was new */
	/* Called once, in the writer's thread, when all are committed. May free the receipt. */
	void (*safe)(struct dnc_receipt *receipt);
};

/* N bytes from AT on, of the text of a batch or of verdicts: an offset, because the text moves when it grows. */
struct dnc_piece {
	uint32_t at, n;
};

struct dnc_batch_event {
	uint64_t seq;                /* set by the log; 0: it is a duplicate or a conflict */
	uint64_t line_number;        /* of the producer; 0: none */
	struct dnc_receipt *receipt; /* NULL: none is wanted */
	int64_t arrived_ns;          /* CLOCK_MONOTONIC; 0: set when it is given to the writer */
	struct dnc_piece line;
	uint32_t mark;          /* of the producer, its index plus one; 0: none */
	uint32_t receipt_index; /* which of its receipt's events this is */
	uint8_t logged;         /* enum dnc_logged, set by the log */
	struct dnc_event_shape shape;
};

/* All lines of a producer up to LINE are in the batch, or in one before it. The counts are of its lines in this
 * batch; duplicates and conflicts are set when it is committed. */
struct dnc_batch_mark {
	uint64_t stream_id, line;
	uint32_t duplicates, conflicts, rejected, dropped;
	uint32_t releases,
		others; /* of duplicates and conflicts; others: neither suppression nor release */
};

struct dnc_batch {
	struct dnc_buf text; /* DNC_JSON_PADDING bytes may be read after each line */
	struct dnc_batch_event *events;
	size_t count, room;
	struct dnc_batch_mark *marks;
	size_t mark_count, mark_room;
	struct dnc_buf audit; /* records: a JSON object a line */
};

static inline struct dnc_str dnc_piece_str(const struct dnc_batch *b, struct dnc_piece p)
{
	return (struct dnc_str){p.n ? b->text.p + p.at : NULL, p.n};
}

/* Copies a canonical EVENT. False when there is no memory; the batch is unchanged then. */
bool dnc_batch_add(struct dnc_batch *b, const struct dnc_event *event);

/* Marks that all lines up to LINE of the producer are in the batch. Returns its mark, valid until the next is added;
 * NULL when there is no memory. */
struct dnc_batch_mark *dnc_batch_mark(struct dnc_batch *b, uint64_t stream_id, uint64_t line);

/* B is empty then, and may be used again. */
void dnc_batch_free(struct dnc_batch *b);
