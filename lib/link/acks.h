/* acks.h - inside lib/link: which lines of which producer are safe once the outlet has acknowledged
 * how many. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to this line of the producer nothing waits once the outlet has so many lines safe. */
struct ack_note {
	uint64_t stream_id, line, first_line, outlet_lines;
};

/* A queue in the order of the outlet's lines. */
struct ack_queue {
	struct ack_note *notes;
	size_t first, count, room; /* room is a power of two */
};

/* Notes that LINE of STREAM_ID, and all before it, led to the outlet's first OUTLET_LINES. False when
 * there is no memory. */
bool ack_note(struct ack_queue *q, uint64_t stream_id, uint64_t line, uint64_t outlet_lines);

/* Takes the first note that is covered by SAFE lines; false when there is none. */
bool ack_take(struct ack_queue *q, uint64_t safe, struct ack_note *out);

void ack_finish(struct ack_queue *q);
