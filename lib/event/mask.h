/* mask.h - an event as it is shown to clients that may not see whole phone numbers. For the thread of the
 * event's reader. */
#pragma once
#include "event.h"

/* Appends the event E without whole phone numbers to OUT, and makes MASKED of that for R, another reader than
 * E's. Of each run of seven digits and more, with blanks, dots, dashes, slashes or brackets between them, only
 * the last four stay, and the country code after a "+". That holds for every string and key at any depth; times
 * and UUIDs are left alone, and whole numbers of fields that this module knows to be counts or durations.
 * Other whole numbers of seven digits and more become strings. When two keys are equal then,
 * event_data stays empty. Never longer than E. E is not parsed, and the result only when masking changed a key or a string
 * with escapes. MASKED points into OUT: it is valid until OUT changes. -1 when there is no memory. */
int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_event *masked);
