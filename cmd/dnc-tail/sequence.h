/* sequence.h - which sequence numbers a hub can name on a connection. A number that can't be would move the position past
 * events that were not received, so it ends the stream and leaves the position where it was. */
#pragma once
#include "stream_state.h"

/* The subscription is confirmed, S->target is the newest event of the log: none is far beyond it yet. */
void sequence_begin(struct stream *s);

/* False, with a message and the end of S, if no event can have number SEQ yet. WHAT names it: "a position". */
bool sequence_exists(struct stream *s, uint64_t seq, const char *what);

/* The same for an event, which comes once and after those with lower numbers. */
bool sequence_is_next(struct stream *s, uint64_t seq);

/* The same for where a confirmed subscription begins, which continues at the position of S unless a gap is announced. */
bool sequence_continues(struct stream *s, uint64_t from);
