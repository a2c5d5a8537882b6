/* acks.h - acknowledgements as text, and which lines of which producer are safe once the outlet has
 * acknowledged how many. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "link/link.h"

/* The longest acknowledgement, without its newline: a reader has to take words that it does not know. */
enum { ACK_MAX = 512 };

/* Writes "COUNT" or "COUNT duplicates=N rejected=N dropped=N", without those that are 0, and a newline. Returns the
 * length. */
size_t ack_write(char text[ACK_MAX], uint64_t count, const struct dnc_outcome *o);

/* Reads one without its newline; words that are not known are passed over. False when it starts with no number. */
bool ack_read(struct dnc_str text, uint64_t *count, struct dnc_outcome *o);

/* What a stage did with a line. */
enum line_fate { LINE_PASSED, LINE_REJECTED, LINE_DROPPED };

/* Up to this line of the producer nothing waits once the outlet has so many lines safe. */
struct ack_note {
	uint64_t stream_id, line, first_line, outlet_lines;
	uint32_t passed,
		judged; /* lines given to the outlet, and those of them that its reader has judged */
	uint32_t duplicates, rejected, dropped; /* of its lines, here or by the reader */
	uint32_t unclear;                       /* of its lines: which of these is a guess */
};

/* A queue in the order of the outlet's lines. */
struct ack_queue {
	struct ack_note *notes;
	size_t first, count, room; /* room is a power of two */
	uint64_t taken_lines;      /* outlet_lines of the note taken last */
	uint64_t judged_lines;     /* of the outlet: what became of them is in the notes */
	struct dnc_outcome judged; /* what the reader had said of them */
};

/* Notes that LINE of STREAM_ID, and all before it, led to the outlet's first OUTLET_LINES. False when
 * there is no memory. */
bool ack_note(struct ack_queue *q, uint64_t stream_id, uint64_t line, uint64_t outlet_lines,
	enum line_fate fate);

/* The outlet has SAFE lines safe, and its reader has said TOTAL of them: what is new in that is divided among the lines
 * that became safe since the last call. Each verdict goes to one line, each line gets one at most: the oldest lines get
 * what was rejected, the next what was dropped, the next the duplicates, the rest is new; where that is a guess they are
 * unclear, too. To be called before the notes are taken. */
void ack_judge(struct ack_queue *q, uint64_t safe, const struct dnc_outcome *total);

/* Takes the first note that is covered by SAFE lines; false when there is none. */
bool ack_take(struct ack_queue *q, uint64_t safe, struct ack_note *out);

void ack_finish(struct ack_queue *q);
