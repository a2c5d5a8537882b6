/* mask.h - an event as it is shown to clients that may not see whole phone numbers. For the thread
 * of the event's reader. */
#pragma once
#include "event.h"

/* Appends the event E without whole phone numbers to OUT, and sets MASKED to the result. R is the
 * reader of MASKED, not that of E.
 *
 * Of each run of seven digits and more, with blanks, dots, dashes, slashes or brackets between
 * them, only the last four stay, and the country code after a "+". This applies to all strings and
 * keys at any depth, but not to times, UUIDs and numbers of fields that are counts or durations.
 * Other whole numbers of seven digits and more become strings. If two keys become equal, event_data
 * is emptied, and metadata except for ingested_at. The result is never longer than E. E is not
 * parsed, and the result only if masking changed a key or a string with escapes. MASKED points into
 * OUT and is valid until OUT changes. Returns -1 if there is no memory. */
int dnc_event_mask(struct dnc_event_reader *r, struct dnc_buf *out, const struct dnc_event *e,
	struct dnc_event *masked);
