#include "acks.h"
#include <stdlib.h>

/* So many lines of one producer in a row share a note: their acknowledgement waits for the last. */
enum { SHARED_LINES = 64, ROOM_MIN = 64 };

static bool grow(struct ack_queue *q)
{
	size_t room = q->room ? q->room * 2 : ROOM_MIN;
	struct ack_note *notes = malloc(room * sizeof *notes);

	if (!notes)
		return false;
	for (size_t i = 0; i < q->count; i++)
		notes[i] = q->notes[(q->first + i) & (q->room - 1)];
	free(q->notes);
	q->notes = notes;
	q->room = room;
	q->first = 0;
	return true;
}

bool ack_note(struct ack_queue *q, uint64_t stream_id, uint64_t line, uint64_t outlet_lines)
{
	if (q->count) {
		struct ack_note *last = &q->notes[(q->first + q->count - 1) & (q->room - 1)];

		if (last->stream_id == stream_id &&
			(last->outlet_lines == outlet_lines ||
				line - last->first_line < SHARED_LINES)) {
			last->line = line;
			last->outlet_lines = outlet_lines;
			return true;
		}
	}
	if (q->count == q->room && !grow(q))
		return false;
	q->notes[(q->first + q->count++) & (q->room - 1)] =
		(struct ack_note){stream_id, line, line, outlet_lines};
	return true;
}

bool ack_take(struct ack_queue *q, uint64_t safe, struct ack_note *out)
{
	if (!q->count || q->notes[q->first].outlet_lines > safe)
		return false;
	*out = q->notes[q->first];
	q->first = (q->first + 1) & (q->room - 1);
	q->count--;
	return true;
}

void ack_finish(struct ack_queue *q)
{
	free(q->notes);
	*q = (struct ack_queue){0};
}
