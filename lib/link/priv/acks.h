/* acks.h - acknowledgements as text, and which lines of which producer an acknowledgement of the outlet
 * covers. Used within the thread of one input. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ledger.h"
#include "link/link.h"

/* The longest acknowledgement that is accepted, without its newline: it may have unknown words. */
enum { ACK_MAX = 512 };

/* Writes "COUNT" or "COUNT duplicates=N rejected=N dropped=N unclear=N releases=N others=N", leaving out
 * those that are 0, and a newline. Returns the length. */
size_t ack_write(char text[ACK_MAX], uint64_t count, const struct dnc_outcome *o);

/* Reads an acknowledgement without its newline; unknown words are ignored. False if TEXT does not start
 * with a number. */
bool ack_read(struct dnc_str text, uint64_t *count, struct dnc_outcome *o);

/* What a stage did with a line. */
enum line_action {
	LINE_FORWARDED,
	LINE_REJECTED,
	LINE_DROPPED, /* from here on: a suppression, or blank */
	LINE_DROPPED_RELEASE,
	LINE_DROPPED_OTHER,
};

/* Lines of one producer in a row that are acknowledged together, once the outlet has OUTLET_LINES lines
 * safe, and the routes their lines behind the number BEFORE_ROUTED, up to ROUTED (ledger.h). */
struct ack_span {
	uint64_t stream_id, first_line, last_line, outlet_lines, before_routed, routed;
	uint32_t forwarded;                     /* lines that were written to the outlet */
	uint32_t resolved;                      /* and those of them whose outcome is known */
	uint32_t duplicates, rejected, dropped; /* outcomes, of this stage or of its reader */
	uint32_t unclear;                       /* lines whose outcome is a guess */
	uint32_t releases, others;              /* of these outcomes (struct dnc_outcome) */
};

/* The spans that are not acknowledged yet, in the order of the outlet's lines. All zero is an empty queue. */
struct ack_queue {
	struct ack_span *spans;      /* a ring; owned */
	size_t first, count, room;   /* room is a power of two */
	uint64_t resolved_lines;     /* lines of the outlet whose outcomes are in the spans */
	struct dnc_outcome resolved; /* the reader's totals of them */
};

/* What the outlet and the routes were given: ever, and the routes before the line. */
struct ack_point {
	uint64_t outlet_lines, before_routed, routed;
};

/* Records that LINE of STREAM_ID was the last line of its producer when outlet and routes had been GIVEN so much. False when
 * there is no memory. */
bool acks_record(struct ack_queue *q, uint64_t stream_id, uint64_t line, struct ack_point given,
	enum line_action action);

/* The outlet has SAFE lines safe, and TOTAL is what its reader has reported of them: divides what is new in
 * it among the lines that became safe since the last call. Each outcome goes to one line, and each line
 * gets at most one: the oldest lines were rejected, the next dropped, the next duplicates, the rest are new.
 * Lines for which that is a guess are counted as unclear, too. Must be called before acks_take(). */
void acks_resolve(struct ack_queue *q, uint64_t safe, const struct dnc_outcome *total);

/* Removes the first span, if the SAFE lines of the outlet cover it. False if they do not, or if there is none. */
bool acks_take(struct ack_queue *q, uint64_t safe, struct ack_span *out);

/* The first span, as long as none is added or taken; NULL: none. */
const struct ack_span *acks_first(const struct ack_queue *q);

/* Adds a SPAN of one producer whose spans wait for routes, behind those that do. False when there is no memory. */
bool acks_hold(struct ack_queue *q, const struct ack_span *span);

/* True if a span of STREAM_ID has lines that are not safe in the ledger L. */
bool acks_wait_for(const struct ack_queue *q, uint64_t stream_id, const struct ledger *l);

/* Frees the memory; the queue is empty and may be used again. */
void acks_finish(struct ack_queue *q);
